import { SignalingError } from '../../src/errors.js';

/** The code a request is refused with, or `ok`. What is no error for a client is thrown on. */
export async function outcomeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'ok';
  } catch (error) {
    if (error instanceof SignalingError) return error.code;
    throw error;
  }
}
