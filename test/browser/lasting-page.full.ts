/** As in page.test.ts, what takes minutes: pages that are left for good, duplicated, or loaded again and again. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { bothHear, bothSee, BrowserPhone, talking } from './phone.js';
import { startBrowserWorld, type BrowserWorld } from './world.js';

let world: BrowserWorld;
beforeAll(async () => {
  world = await startBrowserWorld();
}, 240_000);
let caller: BrowserPhone, callee: BrowserPhone;
beforeEach(async () => {
  const [a, b] = world.accounts();
  [caller, callee] = await Promise.all([
    world.phone(`${a}/phone`, { keeps: true }),
    world.phone(`${b}/phone`, { keeps: true }),
  ]);
  await talking(caller, callee, b);
}, 240_000);
afterEach(() => world?.closePhones());
afterAll(() => world?.close());

describe('a page that is loaded again', () => {
  it('by both sides at the same moment goes on with the call, and nobody is asked', async () => {
    await Promise.all([caller, callee].map((phone) => phone.page.reload()));
    const phones = await Promise.all([caller, callee].map((phone) => BrowserPhone.of(phone.page)));
    for (const phone of phones) expect(await phone.reached('ACTIVE')).toMatchObject({ calls: 1, rings: false });
    await bothHear(...phones);
    await bothSee(...phones);
    await phones[0]!.hangUp();
    expect(await phones[1]!.reached('ENDED')).toMatchObject({ endReason: 'COMPLETED', calls: 0 });
  }, 60_000);

  it.each([0, 50, 100, 200, 400, 800])(
    'and again %i ms later goes on with the call',
    async (afterMs) => {
      await caller.page.reload();
      await caller.page.waitForFunction((ms) => performance.now() > ms && 'app' in window, afterMs);
      await caller.page.reload();
      const back = await BrowserPhone.of(caller.page);
      expect(await back.reached('ACTIVE')).toMatchObject({ calls: 1 });
      await bothHear(back, callee);
      await bothSee(back, callee);
      expect(await callee.look()).toMatchObject({ state: 'ACTIVE', calls: 1, rings: false });
      await back.hangUp();
      await callee.reached('ENDED');
    },
    60_000,
  );
});

describe('a page that is closed', () => {
  it('leaves the other side with a lost connection, and the call ends', async () => {
    await caller.page.close();
    await callee.reached('RECONNECTING', 30_000);
    expect(await callee.reached('ENDED', 60_000)).toMatchObject({ endReason: 'CONNECTION_LOST', localTracks: 0 });
  }, 120_000);
});

describe('a page whose calls come elsewhere', () => {
  it('hears of the end of its call nevertheless', async () => {
    const page = await caller.context.newPage();
    await page.goto(caller.page.url());
    await BrowserPhone.of(page);
    await caller.until(({ client }) => client === 'elsewhere');
    await bothHear(caller, callee);
    await callee.hangUp();
    expect(await caller.reached('ENDED', 60_000)).toMatchObject({ endReason: 'COMPLETED', localTracks: 0 });
  }, 90_000);

  it('because it was duplicated gives the call to the duplicate, and lets go of it', async () => {
    const opened = caller.context.waitForEvent('page');
    // Unlike a page that is opened anew, it begins with a copy of what the first has in its sessionStorage.
    await caller.page.evaluate(() => void window.open(location.href));
    const second = await BrowserPhone.of(await opened);
    await second.reached('ACTIVE');
    await bothHear(second, callee);
    await bothSee(second, callee);
    expect(await callee.look()).toMatchObject({ calls: 1, rings: false });
    const left = await caller.reached('ENDED', 60_000);
    expect(left).toMatchObject({ client: 'elsewhere', endReason: 'REPLACED', localTracks: 0 });

    await caller.page.evaluate(() => window.app.client.connect());
    await caller.until(({ client }) => client === 'online');
    await bothHear(second, callee);
    await second.hangUp();
    await callee.reached('ENDED');
  }, 90_000);
});
