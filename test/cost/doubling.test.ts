/** Twice as long a text takes a parser about twice as long: none of them is quadratic. */
import { describe, expect, it } from '@jest/globals';
import { buildSchema } from 'graphql';
import type { Socket } from 'node:net';
import { cursorSeal } from '../../src/call/cursor.js';
import { checkSendIceCandidates, checkStartCall } from '../../src/call/input.js';
import { createMasker } from '../../src/graphql/errors.js';
import { createExecutor, type PreparedOperation } from '../../src/graphql/executor.js';
import { httpPolicy } from '../../src/graphql/http-policy.js';
import { asLogin } from '../../src/host/authenticator.js';
import { createSessions } from '../../src/identity/session.js';
import { createJwtAuthenticator } from '../../src/jwt/authenticator.js';
import { systemClock } from '../../src/ports.js';
import { isLoopbackOrigin } from '../../src/server/admission.js';
import { isSameHost } from '../../src/host/origin.js';
import { isPlainAccept } from '../../src/server/graphql-route.js';
import { createProxies } from '../../src/server/proxies.js';
import { authorizationIn } from '../../src/server/websocket-token.js';
import { createTestLogin } from '../support/tokens.js';
import { cpuOf } from '../support/own-cost.js';

const schema = buildSchema(`
  enum Media { AUDIO VIDEO }
  input Candidate { candidate: String! index: Int }
  input Signal { sdp: String media: Media index: Int candidates: [Candidate!] more: Signal }
  type Query { hello: Query echo(signal: Signal text: String): String }
`);
const executor = createExecutor({
  schema,
  masker: createMasker({ onDefect: () => {}, suggestions: false }),
  introspection: false,
});
/** As of a stranger: what was read is not known the next time. */
const prepare = (query: string): void => {
  const prepared = executor.prepare({ query }, 'stranger');
  if (!('operation' in prepared)) executor.masked(prepared);
};
const echo = executor.prepare({ query: 'query ($s: Signal) { echo(signal: $s) }' }, 'identified') as PreparedOperation;
const coerce = async (signal: unknown): Promise<void> => {
  const result = await executor.run({ schema, document: echo.document, variableValues: { s: signal } });
  if ('errors' in result && result.errors) executor.masked(result.errors);
};

const login = await createTestLogin();
const authenticator = createJwtAuthenticator({
  keys: { publicKeyPem: login.publicPem },
  issuer: login.issuer,
  audience: login.audience,
  clock: systemClock,
});
const directory = { devicesOf: () => Promise.resolve([null]) };
const sessions = createSessions({
  login: asLogin(authenticator, { onDefect: () => undefined }),
  directory,
  clock: systemClock,
});
const cursors = cursorSeal([new Uint8Array(32)]);
const proxies = createProxies(['10.0.0.0/8']);
const viewer = { accountId: 'alice', deviceId: 'phone' };
const quietly = (work: () => unknown): void => {
  try {
    work();
  } catch {
    // It is refused: what counts is how long that took.
  }
};
const record = (n: number, value: unknown): object =>
  Object.fromEntries(Array.from({ length: n }, (_, i) => [`key${i}`, value]));
const header = (text: string): string => `${Buffer.from(text).toString('base64url')}.e30.AAAA`;
const start = (offerSdp: string, id = 'c'.repeat(36)) => ({
  clientCallId: id,
  calleeAccountId: id,
  calleeDeviceId: id,
  media: 'AUDIO' as const,
  offerSdp,
  replacesCallId: id,
  attachment: offerSdp,
});

/** Each parser of outside text with a text of a length; short enough that the memory for it comes in one way. */
const PARSERS: readonly (readonly [name: string, length: number, parse: (n: number) => unknown])[] = [
  ['a document: a string', 30_000, (n) => prepare(`{ echo(text: "${'Did you mean '.repeat(n / 13)}") }`)],
  ['a document: a value of the wrong kind', 30_000, (n) => prepare(`{ echo(signal: "${', found '.repeat(n / 8)}`)],
  ['a document: a name', 30_000, (n) => prepare(`{ ${'a'.repeat(n)} }`)],
  ['a document: comments', 4_000, (n) => prepare(`{ hello } ${'#\n'.repeat(n / 2)}`)],
  ['a document: block strings', 4_000, (n) => prepare(`{ echo(text: """${' \n'.repeat(n / 2)}""") }`)],
  ['a document: fields', 150, (n) => prepare(`{ ${'hello '.repeat(n)}}`)],
  [
    'a document: fragments',
    20,
    (n) => {
      const all = Array.from({ length: n }, (_, i) => i);
      prepare(
        `{ ${all.map((i) => `...F${i}`).join(' ')} } ${all.map((i) => `fragment F${i} on Query { echo }`).join(' ')}`,
      );
    },
  ],
  ['variables: unknown keys', 15_000, (n) => coerce(record(n, 1))],
  ['variables: wrong values', 15_000, (n) => coerce({ candidates: Array.from({ length: n }, () => 7) })],
  ['variables: a text in the place of a number', 30_000, (n) => coerce({ index: 'x; "at '.repeat(n / 7) })],
  ['variables: a text in the place of a word', 30_000, (n) => coerce({ media: 'Did you mean '.repeat(n / 13) })],
  [
    'variables: nested inputs',
    500,
    (n) => {
      let signal: object = {};
      for (let i = 0; i < n; i += 1) signal = { more: signal };
      return coerce(signal);
    },
  ],
  ['connection_init', 10_000, (n) => authorizationIn(record(n, 'x') as Record<string, unknown>)],
  [
    'X-Forwarded-For',
    10_000,
    (n) =>
      proxies.clientOf({
        headers: { 'x-forwarded-for': '10.0.0.1, '.repeat(n / 10) },
        socket: { remoteAddress: '10.0.0.2' } as Socket,
      }),
  ],
  ['a cursor', 30_000, (n) => cursors.open('A'.repeat(n), viewer)],
  [
    'a description',
    30_000,
    (n) => quietly(() => checkStartCall(start(`v=0${'\r\n'.repeat(n / 2)}`), 'alice', { opaqueSdp: false })),
  ],
  ['ids', 30_000, (n) => quietly(() => checkStartCall(start('v=0', '~'.repeat(n)), 'alice', { opaqueSdp: false }))],
  [
    'candidates',
    30_000,
    (n) =>
      quietly(() =>
        checkSendIceCandidates(
          {
            callId: 'c',
            clientSeq: 1,
            endOfCandidates: false,
            candidates: [
              { candidate: 'candidate:'.repeat(n / 10), sdpMid: '0', sdpMLineIndex: 0, usernameFragment: null },
            ],
          },
          { opaqueSdp: false },
        ),
      ),
  ],
  ['Authorization', 8_000, (n) => sessions.viewerOf(`Bearer ${' '.repeat(n)}`, { headers: {} }).catch(() => null)],
  [
    'Authorization: what follows a token',
    8_000,
    (n) => sessions.viewerOf(`Bearer ${'a='.repeat(n / 2)}`, { headers: {} }).catch(() => null),
  ],
  [
    'the header of a token',
    8_000,
    (n) =>
      sessions
        .viewerOf(`Bearer ${header(`{"alg":"ES256","kid":"${'k'.repeat(n)}"}`)}`, { headers: {} })
        .catch(() => null),
  ],
  ['Accept', 8_000, (n) => isPlainAccept(`${'*/*, '.repeat(n / 5)}x`)],
  ['Accept: spaces', 8_000, (n) => isPlainAccept(`*/*${' '.repeat(n)}x`)],
  ['Accept, for the status', 8_000, (n) => httpPolicy({ errors: [{}] }, 'application/'.repeat(n / 12))],
  [
    'Origin',
    8_000,
    (n) => [isSameHost(`http://${'a.'.repeat(n / 2)}`, 'b'), isLoopbackOrigin(`http://${'a'.repeat(n)}`)],
  ],
];

const cpuOfMany = (work: () => unknown, repetitions: number): Promise<number> =>
  cpuOf(async () => {
    for (let i = 0; i < repetitions; i += 1) await work();
  });

const LEAST_ROUNDS = 5;
const MOST_ROUNDS = 20;

/**
 * The least of several measurements of one thing and of another, by turns: what else runs here only adds. There are more of
 * them until the two are as they should be.
 */
async function leastCpus(
  [one, other]: readonly [() => unknown, () => unknown],
  repetitions: number,
  isAsItShould: (one: number, other: number) => boolean,
): Promise<readonly [number, number]> {
  let least: readonly [number, number] = [Infinity, Infinity];
  for (let round = 1; round <= MOST_ROUNDS; round += 1) {
    const [ofOne, ofOther] = [await cpuOfMany(one, repetitions), await cpuOfMany(other, repetitions)];
    least = [Math.min(least[0], ofOne), Math.min(least[1], ofOther)];
    if (round >= LEAST_ROUNDS && isAsItShould(...least)) break;
  }
  return least;
}

/** Until one measurement takes this long, in milliseconds. */
const MEASURABLE_MS = 6;

describe('a text of twice the length', () => {
  it.each(PARSERS)('is parsed at no more than three times the cost: %s', async (_name, length, parse) => {
    let repetitions = 1;
    const isMeasurable = async (): Promise<boolean> => {
      for (let round = 0; round < LEAST_ROUNDS; round += 1)
        if ((await cpuOfMany(() => parse(length), repetitions)) < MEASURABLE_MS) return false;
      return true;
    };
    while (repetitions < 20_000 && !(await isMeasurable())) repetitions *= 2;
    const most = (once: number): number => 3 * once + MEASURABLE_MS / 2;
    const works = [() => parse(length), () => parse(2 * length)] as const;
    const [once, twice] = await leastCpus(works, repetitions, (one, other) => other < most(one));
    expect(twice).toBeLessThan(most(once));
  });

  it('is noticed where it costs four times as much', async () => {
    const quadratic = (n: number) => / ?Did you mean(.+?)\?$/.test('Did you mean '.repeat(n / 13));
    const works = [() => quadratic(15_000), () => quadratic(30_000)] as const;
    // As often as it is ever measured: it is never taken for as it should be.
    const [once, twice] = await leastCpus(works, 1, (one, other) => other < 3 * one);
    expect(twice).toBeGreaterThan(3 * once);
  });
});
