import { describe } from '@jest/globals';
import { callModel } from './model.js';

describe('calls, whatever happens', () => {
  callModel(300, 120_000);
});
