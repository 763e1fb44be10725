/** A network that breaks again and again: ten calls at the same time, from ten seeds. */
import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { startCallWorld, type CallWorld } from '../support/call-world.js';
import { callUnderCuts } from './cut-call.js';

/** Set SEED to run the same again. */
const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
const CALLS = 10;

let world: CallWorld;
beforeAll(async () => {
  world = await startCallWorld();
});
afterAll(() => world.close());

describe('ten calls whose sockets are cut 100 times each', () => {
  it(`lose nothing, double nothing and keep every order (SEED=${SEED})`, async () => {
    await Promise.all(Array.from({ length: CALLS }, (_, index) => callUnderCuts(world, SEED + 10 * index)));
  }, 150_000);
});
