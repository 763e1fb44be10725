import { describe } from '@jest/globals';
import { callModel } from './model.js';

describe('calls, whatever happens', () => {
  callModel(10_000, 1_200_000);
});
