/** What the other side of a call sees when a page is left: closed, loaded again, or another one in its place. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { FULL, longIt } from '../support/full.js';
import { talking, type BrowserPhone } from './phone.js';
import { startBrowserWorld, type BrowserWorld, type PhoneOptions } from './world.js';

let world: BrowserWorld;
beforeAll(async () => {
  world = await startBrowserWorld();
}, 240_000);
afterEach(() => world?.closePhones());
afterAll(() => world?.close());

type Carrier = NonNullable<PhoneOptions['carrier']>;

const WAYS: Readonly<Record<string, (phone: BrowserPhone) => Promise<unknown>>> = {
  'is closed': ({ page }) => page.close(),
  'goes to another page': ({ page }) => page.goto('about:blank'),
};

async function inCall(carrier: Carrier, keeps: boolean): Promise<readonly [BrowserPhone, BrowserPhone]> {
  const [a, b] = world.accounts();
  const [leaving, staying] = await Promise.all([
    world.phone(`${a}/phone`, { carrier, keeps }),
    world.phone(`${b}/phone`),
  ]);
  await talking(leaving, staying, b, 'AUDIO');
  return [leaving, staying];
}

describe.each<Carrier>(FULL ? ['graphql-ws', 'Apollo Client'] : ['graphql-ws'])('over %s', (carrier) => {
  it.each(FULL ? Object.keys(WAYS) : ['is closed'])(
    'a page that %s hangs up, when none can go on with its call',
    async (way) => {
      const [leaving, staying] = await inCall(carrier, false);
      await WAYS[way]!(leaving);
      const { states, endReason, localTracks } = await staying.reached('ENDED');
      expect([endReason, localTracks]).toEqual(['COMPLETED', 0]);
      expect(states).not.toContain('RECONNECTING');
    },
  );

  longIt('a page that may come back says so: the other side knows before its connection does', async () => {
    const [leaving, staying] = await inCall(carrier, true);
    await leaving.page.close();
    expect((await staying.reached('RECONNECTING')).connection).toBe('connected');
  });

  longIt('a page whose call still rings at the other side cancels it', async () => {
    const [a, b] = world.accounts();
    const [caller, callee] = await Promise.all([
      world.phone(`${a}/phone`, { carrier, keeps: true }),
      world.phone(`${b}/phone`),
    ]);
    await caller.start(b);
    await callee.ringing();
    await caller.reached('INITIATED');
    await caller.page.close();
    expect(await callee.reached('ENDED')).toMatchObject({ endReason: 'CANCELLED', calls: 0 });
  });
});

longIt('a page that is shown again as it was goes on with the call that it kept', async () => {
  const [leaving, staying] = await inCall('graphql-ws', true);
  const move = (type: string) =>
    leaving.page.evaluate((name) => void dispatchEvent(new PageTransitionEvent(name, { persisted: true })), type);
  await move('pagehide');
  await staying.reached('RECONNECTING');
  await move('pageshow');
  await Promise.all([staying.reached('ACTIVE'), leaving.reached('ACTIVE')]);
  await staying.hears();
});
