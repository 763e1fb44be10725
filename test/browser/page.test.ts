/** Calls while their page is loaded again or opened twice, and when the server forgets them. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { FULL, longIt } from '../support/full.js';
import { bothHear, bothSee, BrowserPhone, talking } from './phone.js';
import { startBrowserWorld, type BrowserWorld } from './world.js';

let world: BrowserWorld;
beforeAll(async () => {
  world = await startBrowserWorld();
}, 240_000);
let [a, b] = ['', ''];
let caller: BrowserPhone, callee: BrowserPhone;
beforeEach(async () => {
  [a, b] = world.accounts();
  [caller, callee] = (await Promise.all(
    [`${a}/phone`, `${b}/phone`].map((name) => world.phone(name, { keeps: true })),
  )) as [BrowserPhone, BrowserPhone];
});
afterEach(() => world?.closePhones());
afterAll(() => world?.close());

describe('a page that is loaded again', () => {
  it.each(FULL ? (['caller', 'callee'] as const) : (['caller'] as const))(
    'goes on with its call, and nobody is asked: the %s',
    async (side) => {
      await talking(caller, callee, b);
      const [left, stayed] = side === 'caller' ? [caller, callee] : [callee, caller];
      const { id } = await stayed.look();
      await left.page.reload();
      const back = await BrowserPhone.of(left.page);
      await Promise.all([
        back.reached('ACTIVE'),
        stayed.until((look) => look.id !== id && look.state === 'ACTIVE' && look.connection === 'connected'),
      ]);
      await bothHear(back, stayed);
      await bothSee(back, stayed);
      const look = await stayed.look();
      expect(look).toMatchObject({ calls: 1, rings: false, peers: 2 });
      expect(look.states).not.toContain('ENDED');
      expect((await back.look()).id).toBe(look.id);

      await back.hangUp();
      expect(await stayed.reached('ENDED')).toMatchObject({ endReason: 'COMPLETED', calls: 0, localTracks: 0 });
    },
  );

  longIt('gives up a call that still rang for it, as nobody could connect it any more', async () => {
    await caller.start(b);
    await callee.ringing();
    await caller.reached('INITIATED');
    await caller.page.reload();
    expect(await callee.reached('ENDED')).toMatchObject({ endReason: 'CANCELLED', rings: false, calls: 0 });
  });

  longIt('rings on, and connects when it is answered then', async () => {
    await caller.start(b);
    await callee.ringing();
    await callee.page.reload();
    const back = await BrowserPhone.of(callee.page);
    await back.ringing();
    expect(await back.answer()).toMatchObject({ ok: true });
    await bothHear(caller, back);
    await bothSee(caller, back);
    await caller.hangUp();
    await back.reached('ENDED');
  });
});

describe('a page that is opened a second time', () => {
  longIt('goes on in the first, which says that calls come elsewhere and can take them back', async () => {
    await talking(caller, callee, b);
    const page = await caller.context.newPage();
    await page.goto(caller.page.url());
    const second = await BrowserPhone.of(page);
    await caller.until(({ client }) => client === 'elsewhere');
    await bothHear(caller, callee);
    expect(await second.look()).toMatchObject({ calls: 1, state: 'DETACHED', peers: 0 });

    await caller.page.evaluate(() => window.app.client.connect());
    await caller.until(({ client }) => client === 'online');
    await second.until(({ client }) => client === 'elsewhere');
    await callee.hangUp();
    expect(await caller.reached('ENDED')).toMatchObject({ endReason: 'COMPLETED', localTracks: 0 });
  });
});

describe('a server that keeps calls in its own memory, killed in the middle of one', () => {
  longIt('costs no word; that the call is lost is told to both when it is back', async () => {
    await talking(caller, callee, b);
    await world.killServer();
    for (const phone of [caller, callee]) await phone.until(({ client }) => client === 'connecting');
    await bothHear(caller, callee);
    await bothSee(caller, callee);
    for (const phone of [caller, callee]) expect((await phone.look()).state).toBe('ACTIVE');
    await world.server.startAgain();
    const lost = { endReason: 'SIGNALING_LOST', client: 'online', calls: 0, localTracks: 0 };
    for (const phone of [caller, callee]) expect(await phone.reached('ENDED')).toMatchObject(lost);
  });
});
