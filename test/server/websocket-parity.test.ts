/** Our side of graphql-transport-ws and that of a stock graphql-ws server say the same to the same messages. */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { said, startOurs, startStock, type ParityServer, type Step } from '../support/ws-parity.js';

let ours: ParityServer;
let stock: ParityServer;
beforeAll(async () => {
  [ours, stock] = await Promise.all([startOurs(), startStock()]);
});
afterAll(() => Promise.all([ours.close(), stock.close()]));

const json = JSON.stringify;
const INIT: Step = { texts: [json({ type: 'connection_init' })] };
const subscribe = (id: unknown, payload: unknown): string => json({ id, type: 'subscribe', payload });

async function both(steps: readonly Step[]) {
  const [us, them] = await Promise.all([said(ours.url, steps), said(stock.url, steps)]);
  return { us, them };
}

/** Values where an object, a text or a list might be asked for. */
const VALUES = [undefined, null, '', 'text', 0, 1, true, false, [], ['a'], {}, { a: 1 }];

const INVALID: readonly (readonly [string, string])[] = [
  ...['', '{', '[]', 'null', '1', '"ping"', 'true', '{}', '{"type":"ping"', '\u0000'].map(
    (text) => [text, text] as const,
  ),
  ...VALUES.map((type) => ['type', json({ type })] as const),
  ...['start', 'Ping', 'constructor', '__proto__', 'connection_terminate'].map(
    (type) => [type, json({ type })] as const,
  ),
  ...['connection_init', 'ping', 'pong', 'complete', 'subscribe'].flatMap((type) => [
    ...VALUES.map((payload) => [`payload of ${type}`, json({ type, payload })] as const),
    ...VALUES.map((id) => [`id of ${type}`, json({ type, id, payload: { query: '{ hello }' } })] as const),
  ]),
  ...VALUES.map((payload) => ['payload', subscribe('a', payload)] as const),
  ...['query', 'operationName', 'variables', 'extensions'].flatMap((name) =>
    VALUES.map((value) => [name, subscribe('a', { query: '{ hello }', [name]: value })] as const),
  ),
];

describe.each([
  ['before', [] as readonly Step[]],
  ['after', [INIT]],
])('one message %s the acknowledgement', (_when, first) => {
  it('is answered, or closes the socket with the same code', async () => {
    const codes = new Set<unknown>();
    for (const [name, text] of INVALID) {
      const { us, them } = await both([...first, { texts: [text] }]);
      expect({ name, text, said: us }).toEqual({ name, text, said: them });
      codes.add(us.at(-1));
    }
    // Of both kinds there were some.
    expect(codes.has(4400)).toBe(true);
    expect(codes.has(first.length > 0 ? 4429 : 4401)).toBe(true);
  }, 60_000);
});

describe('what only a server may send', () => {
  it.each([
    { type: 'connection_ack' },
    { type: 'next', id: 'a', payload: { data: null } },
    { type: 'error', id: 'a', payload: [{ message: '' }] },
  ])('$type: 4400 where graphql-ws has 4500, after which its client does not come back', async (message) => {
    // Where graphql-ws tells of it.
    const told = jest.spyOn(console, 'error').mockImplementation(() => {});
    const { us, them } = await both([INIT, { texts: [json(message)] }]);
    told.mockRestore();
    expect([us.at(-1), them.at(-1)]).toEqual([4400, 4500]);
  });
});

/** The same numbers with every run (mulberry32). */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const IDS = ['a', 'b', '__proto__', 'é"\\'];
const ENDING = [
  '{ hello }',
  '{ soon hello }',
  'query Q($text: String) { echo(text: $text) }',
  '{ fails hello }',
  '{ failsSoon }',
  '{ must }',
  '{ nope }',
  '{ hello',
  '',
  'fragment F on Query { hello }',
  'mutation { change }',
  'subscription { ticks(count: 0) }',
  'subscription { ticks(count: 3) }',
  'subscription { breaks(count: 2) }',
  'subscription { refused }',
];
const FOREVER = 'subscription { forever }';

/** Steps with one outcome each: where both a message and an answer are on their way, either may be first. */
function stepsOf(seed: number): readonly Step[] {
  const below = numbers(seed);
  const one = <Item>(items: readonly Item[]): Item => items[below(items.length)]!;
  const step = (): Step => {
    const id = one(IDS);
    switch (below(12)) {
      case 0:
        return { texts: [json({ type: 'ping', payload: one([undefined, null, {}, { at: [1, { '': null }] }]) })] };
      case 1:
        return { texts: [json({ type: 'pong', payload: one([undefined, {}]) })] };
      case 2:
        return { texts: [subscribe(id, { query: FOREVER })] };
      case 3:
        return { texts: [subscribe(id, { query: FOREVER }), json({ id, type: 'complete' })] };
      case 4:
        return { texts: [subscribe(id, { query: FOREVER }), subscribe(id, { query: '{ hello }' })] };
      case 5:
      case 6:
        return { texts: [json({ id, type: 'complete' })] };
      case 7:
        return below(4) === 0 ? { texts: [one(INVALID)[1]] } : { texts: [json({ id: 'none', type: 'complete' })] };
      default:
        return { texts: [subscribe(id, { query: one(ENDING), variables: { text: `"${seed}` } })], ends: id };
    }
  };
  const start = one<readonly Step[]>([[INIT], [INIT], [INIT], [INIT], [], [{ texts: [...INIT.texts, ...INIT.texts] }]]);
  return [...start, ...Array.from({ length: 2 + below(8) }, step)];
}

it('a few hundred conversations are the same', async () => {
  const ends = new Set<unknown>();
  let messages = 0;
  for (let seed = 1; seed <= 300; seed += 1) {
    const steps = stepsOf(seed);
    const { us, them } = await both(steps);
    expect({ seed, steps, said: us }).toEqual({ seed, steps, said: them });
    messages += us.flat(2).length;
    ends.add(typeof us.at(-1));
    if (typeof us.at(-1) === 'number') ends.add(us.at(-1));
  }
  for (const end of ['object', 4400, 4401, 4409, 4429]) expect([...ends]).toContain(end);
  expect(messages).toBeGreaterThan(300);
}, 120_000);
