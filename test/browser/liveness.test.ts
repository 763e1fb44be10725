/** A connection that forwards nothing any more, in a page: the browser's own events make it answer, or be left. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { FULL } from '../support/full.js';
import { until, type BrowserPhone } from './phone.js';
import { startBrowserWorld, type BrowserWorld } from './world.js';
import { startSilentProxy, type SilentProxy } from '../support/silent-proxy.js';

let world: BrowserWorld;
let proxy: SilentProxy;
beforeAll(async () => {
  world = await startBrowserWorld();
}, 240_000);
beforeEach(async () => {
  proxy = await startSilentProxy(world.server.origin);
});
afterEach(async () => {
  await world?.closePhones();
  await proxy?.close();
});
afterAll(() => world?.close());

/** What tells a page that it may have another network, or is looked at again. */
const EVENTS: Readonly<Record<string, (phone: BrowserPhone) => Promise<unknown>>> = {
  // The browser's own, by its network state.
  online: async ({ context }) => {
    await context.setOffline(true);
    await context.setOffline(false);
  },
  // As a page hears them that was in the background, or in the back/forward cache.
  visibilitychange: ({ page }) => page.evaluate(() => void document.dispatchEvent(new Event('visibilitychange'))),
  pageshow: ({ page }) => page.evaluate(() => void window.dispatchEvent(new PageTransitionEvent('pageshow'))),
};

const CARRIERS = ['callSocket', 'graphql-ws', 'Apollo Client'] as const;
const PAIRS = CARRIERS.flatMap((carrier) => Object.keys(EVENTS).map((event) => [carrier, event] as const));

describe('over', () => {
  it.each(FULL ? PAIRS : PAIRS.slice(0, 1))(
    '%s, %s renews a dead connection, and the call that comes then is heard of',
    async (carrier, event) => {
      const [a, b] = world.accounts();
      const phone = await world.phone(`${b}/phone`, { carrier, origin: proxy.origin });
      const before = proxy.connections;
      proxy.silence();
      const since = performance.now();
      await EVENTS[event]!(phone);
      // The page has the silence of a dead connection to go by otherwise, which takes three times as long at least.
      await until(
        () => Promise.resolve(proxy.connections),
        (connections) => connections > before,
        8_000,
      );
      expect(performance.now() - since).toBeGreaterThan(500);
      const caller = world.server.device(`${a}/phone`);
      await phone.until(({ client }) => client === 'online');
      await caller.listen();
      await caller.start(b);
      await phone.ringing();
      await caller.close();
    },
    60_000,
  );
});
