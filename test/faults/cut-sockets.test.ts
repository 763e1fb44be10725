/** A network that breaks again and again, at any byte of any message. */
import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { startCallWorld, type CallWorld } from '../support/call-world.js';
import { callUnderCuts } from './cut-call.js';

/** Set SEED to run the same again. */
const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000);

let world: CallWorld;
beforeAll(async () => {
  world = await startCallWorld();
});
afterAll(() => world.close());

describe('a call whose sockets are cut 100 times', () => {
  it(`loses nothing, doubles nothing and keeps the order of 400 candidates and four negotiations (SEED=${SEED})`, async () => {
    await callUnderCuts(world, SEED);
  }, 90_000);
});
