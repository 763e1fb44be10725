import { describe } from '@jest/globals';
import { callModel } from './model.js';

describe('calls, whatever happens', () => {
  callModel(1_000, 120_000);
});
