/** What one client can make the server do with the requests that were found to stop it, as CPU, memory and others' waiting. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { LIMITS } from '../../src/limits.js';
import { cpuOf, heapHeld } from '../support/own-cost.js';
import { startCostWorld, type CostWorld } from './world.js';

let world: CostWorld;
beforeAll(async () => {
  world = await startCostWorld();
});
afterAll(() => world.close());

const times = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);
const START = 'mutation ($input: StartCallInput!) { startCall(input: $input) { outcome } }';
const body = (query: string, variables?: unknown, extensions?: object): string =>
  JSON.stringify({ query, ...(variables !== undefined && { variables }), ...(extensions && { extensions }) });

/** 240 KB of keys that the input type does not have, and as much in one value that fits. */
const UNKNOWN_KEYS = body(START, { input: Object.fromEntries(times(30_000).map((i) => [i.toString(36), i % 2])) });
const ALLOWED_KEYS = body(START, { input: Object.fromEntries(times(1_000).map((i) => [i.toString(36), i % 2])) });
const AS_LONG = body(START, {
  input: {
    clientCallId: 'c'.repeat(36),
    calleeAccountId: 'bob',
    media: 'AUDIO',
    offerSdp: `v=0${'x'.repeat(UNKNOWN_KEYS.length - 200)}`,
  },
});

/** Both ways over HTTP: the short one, and Apollo Server's. */
const WAYS = [
  ['the short way', undefined],
  ['the way of Apollo Server', {}],
] as const;

async function cpuOfPosts(bodies: readonly string[], account?: string): Promise<number> {
  for (const each of bodies.slice(0, 3)) await world.post(each, account);
  return cpuOf(async () => {
    for (const each of bodies) await world.post(each, account);
  });
}

describe.each(WAYS)('a request that costs its sender little costs the server little: %s', (_way, extensions) => {
  const withWay = (sent: string): string => JSON.stringify({ ...(JSON.parse(sent) as object), extensions });

  it('30,000 unknown keys are counted, and not made', async () => {
    const sent = withWay(UNKNOWN_KEYS);
    // JSON.parse alone, which these keys cost most of all: what is refused before it costs a small part of that.
    const parsed = await cpuOf(() => times(8).forEach(() => JSON.parse(sent)));
    const flood = await cpuOfPosts(times(8).map(() => sent));
    expect(flood).toBeLessThan(2 * parsed + 8 * 10);
    expect(await world.post(sent)).toContain(`more than ${LIMITS.messageValues} JSON values`);
  });

  it('as many unknown keys as a message may have', async () => {
    const sent = withWay(ALLOWED_KEYS);
    const answer = await world.post(sent);
    expect((JSON.parse(answer) as { errors: object[] }).errors).toHaveLength(5);
    expect(answer.length).toBeLessThan(2_000);
  });

  it('one field 640 times', async () => {
    const often = times(60).map((i) => body(`{openCalls{${'id '.repeat(640)}}} #${i}`, undefined, extensions));
    const once = times(60).map((i) => body(`{openCalls{id}} #${i}`, undefined, extensions));
    const [usual, flood] = [await cpuOfPosts(once), await cpuOfPosts(often)];
    expect(flood).toBeLessThan(1.5 * usual + 60);
  });

  it('a value that looks like a suggestion', async () => {
    const literal = (text: string): string =>
      body(`mutation{startCall(input:{media:"${text}"}){outcome}}`, undefined, extensions);
    const suggestion = literal('Did you mean '.repeat(18_900));
    const usual = await cpuOfPosts(times(8).map(() => literal('x'.repeat(245_700))));
    const flood = await cpuOfPosts(times(8).map(() => suggestion));
    expect(flood).toBeLessThan(3 * usual + 8 * 10);
    expect(await world.post(suggestion)).not.toContain('Did you mean');
  });

  it('lines with nothing in them', async () => {
    const literal = (text: string): string =>
      body(`mutation{startCall(input:{media:"""${text}"""}){outcome}}`, undefined, extensions);
    const usual = await cpuOfPosts(times(8).map(() => literal('x'.repeat(160_000))));
    const flood = await cpuOfPosts(times(8).map(() => literal('\n '.repeat(80_000))));
    expect(flood).toBeLessThan(2 * usual + 8 * 5);
    expect(await world.post(literal('\n'.repeat(LIMITS.documentLines)))).toContain('more than 4096 lines');
    expect(await world.post(literal('\n'.repeat(LIMITS.documentLines - 1)))).not.toContain('lines');
  });
});

describe('a stranger who sends more than its address may', () => {
  it.each([
    ['unknown keys', UNKNOWN_KEYS, undefined],
    ['anything as long', AS_LONG, undefined],
    ['anything as long with a bad token', AS_LONG, 'stranger'],
  ])('is refused for it, and others are not: %s', async (what, sent, token) => {
    const address = `192.0.2.${10 + what.length}`;
    const aSecond = Math.floor(LIMITS.anonymousBytesPerAddressAndSecond / sent.length);
    const from = performance.now();
    const answers = await Promise.all(times(6 * aSecond).map(() => world.post(sent, token, address)));
    const seconds = Math.ceil((performance.now() - from) / 1_000);
    const refused = answers.filter((answer) => answer.includes('CALL_RATE_LIMITED'));
    expect(refused.length).toBeGreaterThan(0);
    expect(answers.length - refused.length).toBeLessThanOrEqual(aSecond * (seconds + 1));
    // From other addresses, and from this one with a token.
    expect(await world.post(body('{ openCalls { id } }'), undefined, '192.0.2.2')).toContain('CALL_UNAUTHORIZED');
    expect(await world.post(body('{ openCalls { id } }'), 'alice', address)).toContain('openCalls');
  });
});

describe('775 distinct documents', () => {
  /** In turn by one way and by the other. */
  const documents = (fields: number): readonly string[] =>
    times(775).map((i) => body(`{openCalls{${'id '.repeat(fields)}}} #${i}`, undefined, i % 2 === 0 ? {} : undefined));

  it.each([20, 640])('of strangers leave nothing behind (%s fields)', async (fields) => {
    const sent = documents(fields);
    await world.post(sent[0] ?? '');
    const { documents: cache } = world.signaling.executor;
    const [before, kept] = [heapHeld(), cache.bytes];
    for (const each of sent) await world.post(each);
    expect(cache.bytes).toBe(kept);
    expect(heapHeld() - before).toBeLessThan(16 * 1024 * 1024);
  });

  it('of an account take what a bound in bytes lets them', async () => {
    const { executor } = world.signaling;
    const before = heapHeld();
    for (const i of times(775)) {
      const query = `{openCalls{${'id '.repeat(60)}}} #${i}`;
      expect(executor.prepare({ query }, 'identified')).toHaveProperty('operation');
    }
    const { bytes } = executor.documents;
    expect(bytes).toBeGreaterThan(8 * 1024 * 1024);
    expect(bytes).toBeLessThanOrEqual(16 * 1024 * 1024);
    const held = heapHeld() - before;
    // What is counted is about what is held.
    expect(held).toBeGreaterThan(bytes / 3);
    expect(held).toBeLessThan(bytes * 1.5);
  });
});

describe('four connections of strangers', () => {
  let over = false;
  let senders: readonly Promise<void>[] = [];
  // Also after a test that failed halfway.
  afterEach(async () => {
    over = true;
    await Promise.all(senders);
  });

  /** How long another account waits in the median while they send without a pause, in milliseconds. */
  async function waitingBeside(sent: string): Promise<number> {
    over = false;
    senders = times(4).map(async () => {
      while (!over) await world.post(sent);
    });
    const waits: number[] = [];
    for (let n = 0; n < 11; n += 1) {
      const from = performance.now();
      expect(await world.post(body('{ openCalls { id } }'), `account-${n}`)).toContain('openCalls');
      waits.push(performance.now() - from);
    }
    over = true;
    await Promise.all(senders);
    return waits.sort((a, b) => a - b)[5] ?? 0;
  }

  it('make others wait no longer with unknown keys than with anything as long', async () => {
    const usual = await waitingBeside(AS_LONG);
    const flood = await waitingBeside(UNKNOWN_KEYS);
    expect(flood).toBeLessThan(5 * usual + 100);
  });
});
