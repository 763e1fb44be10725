/** As in call.test.ts, often. */
import { afterAll, afterEach, beforeAll, describe, it } from '@jest/globals';
import { glare } from './glare.js';
import { startBrowserWorld, type BrowserWorld } from './world.js';

let world: BrowserWorld;
beforeAll(async () => {
  world = await startBrowserWorld();
}, 60_000);
afterEach(() => world?.closePhones());
afterAll(() => world?.close());

describe('two who call each other', () => {
  // A few of each pair's: calls of an account are limited.
  it.each([
    ['at the same moment', [0, 0, 0, 0, 0]],
    ['within 50 ms', [10, 20, 30, 40, 50]],
    ['within 100 ms', [60, 70, 80, 90, 100]],
    ['just as it begins to ring', [150, 200, 250, 300, 350]],
  ])('%s have one call, and are both in it', (_, laterMs) => glare(world, laterMs), 120_000);
});
