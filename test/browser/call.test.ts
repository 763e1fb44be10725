/** Whole calls between browsers: microphones and cameras of the made-up kind, real sound and pictures, over a relay alone. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { FULL, longIt } from '../support/full.js';
import { glare } from './glare.js';
import { bothHear, bothSee, talking } from './phone.js';
import { startBrowserWorld, type BrowserWorld, type PhoneOptions } from './world.js';

let world: BrowserWorld;
beforeAll(async () => {
  world = await startBrowserWorld();
}, 240_000);
let [a, b] = ['', ''];
beforeEach(() => {
  [a, b] = world.accounts();
});
afterEach(() => world?.closePhones());
afterAll(() => world?.close());

/** A few of each pair's: calls of an account are limited. */
const LATER: [string, readonly number[]][] = [
  ['at the same moment', [0, 0, 0, 0, 0]],
  ['within 50 ms', [10, 20, 30, 40, 50]],
  ['within 100 ms', [60, 70, 80, 90, 100]],
  ['just as it begins to ring', [150, 200, 250, 300, 350]],
];

const phones = (options: PhoneOptions, ...names: readonly string[]) =>
  Promise.all(names.map((name) => world.phone(name, options)));

const PATHS = [
  { family: 'IPv4', carrier: 'graphql-ws', side: 'caller' },
  { family: 'IPv6', carrier: 'Apollo Client', side: 'callee' },
  { family: 'IPv4', carrier: 'Apollo Client', side: 'callee' },
  { family: 'IPv6', carrier: 'graphql-ws', side: 'caller' },
] as const;
describe.each(FULL ? PATHS : PATHS.slice(0, 2))(
  'over a relay by $family, and $carrier, a call',
  ({ family, carrier, side }) => {
    it(`carries sound and pictures both ways, until the ${side} hangs up`, async () => {
      const [caller, callee] = await phones({ family, carrier }, `${a}/phone`, `${b}/phone`);
      await talking(caller!, callee!, b);
      for (const phone of [caller!, callee!]) expect(await phone.media()).toMatchObject({ path: 'relay', family });
      await (side === 'caller' ? caller! : callee!).hangUp();
      for (const phone of [caller!, callee!]) {
        const ended = await phone.reached('ENDED');
        expect(ended).toMatchObject({ endReason: 'COMPLETED', error: null, calls: 0, rings: false, localTracks: 0 });
        expect(ended.states.slice(-3)).toEqual(['CONNECTING', 'ACTIVE', 'ENDED']);
      }
    });
  },
);

describe('of three devices', () => {
  it('two ring, one of them answers, and the other shows that it was answered elsewhere', async () => {
    const [caller, answering, other] = await phones({}, `${a}/phone`, `${b}/phone`, `${b}/tablet`);
    await caller!.start(b);
    await Promise.all([answering!.ringing(), other!.ringing()]);
    await answering!.answer();
    expect(await other!.reached('ENDED')).toMatchObject({
      endReason: 'ANSWERED_ELSEWHERE',
      rings: false,
      calls: 0,
      error: null,
      // Neither a peer connection nor the camera was opened for it.
      peers: 0,
      localTracks: 0,
    });
    await bothHear(caller!, answering!);
    await bothSee(caller!, answering!);
    expect((await answering!.look()).calls).toBe(1);
  });
});

describe('two who call each other', () => {
  longIt.each<[string, readonly number[]]>(LATER)(
    '%s have one call, and are both in it',
    (_, laterMs) => glare(world, laterMs),
    120_000,
  );
});

describe('who calls an account whose call rings already', () => {
  longIt('has answered it', async () => {
    const [alice, bob] = await phones({}, `${a}/phone`, `${b}/phone`);
    await alice!.start(b);
    await bob!.ringing();
    await bob!.start(a);
    for (const phone of [alice!, bob!]) {
      expect(await phone.reached('ACTIVE')).toMatchObject({ calls: 1, rings: false });
    }
    await bothHear(alice!, bob!);
    await alice!.hangUp();
    for (const phone of [alice!, bob!]) {
      expect(await phone.reached('ENDED')).toMatchObject({ endReason: 'COMPLETED', calls: 0, rings: false });
    }
  });
});
