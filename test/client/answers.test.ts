/** What the client makes of answers that are none of the service's, and how often it tries again. */
import { ApolloClient, HttpLink, InMemoryCache } from '@apollo/client';
import { SetContextLink } from '@apollo/client/link/context';
import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { errorOf, graphqlErrorsIn, retryAfterMs, type Failure } from '../../src/client/answers.js';
import { apolloTransport } from '../../src/client/apollo-transport.js';
import { CallError } from '../../src/client/errors.js';
import { AnswerCallDocument, CallDocument, SendDescriptionDocument } from '../../src/client/generated/documents.js';
import { execute } from '../../src/client/retry.js';
import type { Transport } from '../../src/client/transport.js';

const said = (extensions: Record<string, unknown>): Failure => ({ errors: [{ message: 'x', extensions }] });

describe('a failure', () => {
  it.each<[string, Failure, string, boolean]>([
    // The service's own word counts, whatever the status beside it.
    [
      'retryable: true',
      { ...said({ code: 'CALL_SIGNAL_GAP', retryable: true }), status: 409 },
      'CALL_SIGNAL_GAP',
      true,
    ],
    ['retryable: false', { ...said({ code: 'CALL_ENDED', retryable: false }), status: 503 }, 'CALL_ENDED', false],
    [
      'a defect of the service',
      said({ code: 'INTERNAL_SERVER_ERROR', retryable: false }),
      'INTERNAL_SERVER_ERROR',
      false,
    ],
    // Errors of something in between, which says no `retryable`.
    ['errors without extensions', { errors: [{ message: 'x' }] }, 'NOT_CONNECTED', true],
    ['a gateway without an upstream', said({ code: 'SHUTTING_DOWN' }), 'NOT_CONNECTED', true],
    ['a gateway, of the document', said({ code: 'GRAPHQL_VALIDATION_FAILED' }), 'GRAPHQL_VALIDATION_FAILED', false],
    ['a gateway, of the input', said({ code: 'BAD_USER_INPUT' }), 'BAD_USER_INPUT', false],
    ['a gateway, of the token', said({ code: 'UNAUTHENTICATED' }), 'CALL_UNAUTHORIZED', false],
    ['a gateway with a status', { ...said({ code: 'WHATEVER' }), status: 418 }, 'REFUSED', false],
    ['no answer', {}, 'NOT_CONNECTED', true],
    ...([200, 204, 302, 408, 425, 429, 500, 502, 503, 504] as const).map(
      (status): [string, Failure, string, boolean] => [`HTTP ${status}`, { status }, 'NOT_CONNECTED', true],
    ),
    ...([400, 404, 405, 410, 413, 414, 415, 422, 431, 451] as const).map(
      (status): [string, Failure, string, boolean] => [`HTTP ${status}`, { status }, 'REFUSED', false],
    ),
    ...([401, 403] as const).map((status): [string, Failure, string, boolean] => [
      `HTTP ${status}`,
      { status },
      'CALL_UNAUTHORIZED',
      false,
    ]),
    ...([1000, 1001, 1005, 1006, 1011, 1012, 1013, 1014, 4408, 4499, 4500, 4504] as const).map(
      (closeCode): [string, Failure, string, boolean] => [`close ${closeCode}`, { closeCode }, 'NOT_CONNECTED', true],
    ),
    ...([1002, 1003, 1007, 1008, 1009, 1010, 4400, 4406, 4409, 4429] as const).map(
      (closeCode): [string, Failure, string, boolean] => [`close ${closeCode}`, { closeCode }, 'REFUSED', false],
    ),
    ...([4401, 4403] as const).map((closeCode): [string, Failure, string, boolean] => [
      `close ${closeCode}`,
      { closeCode },
      'CALL_UNAUTHORIZED',
      false,
    ]),
  ])('%s', (_, failure, code, retryable) => {
    const { details, ...error } = errorOf(failure);
    expect([error.code, details.retryable === true]).toEqual([code, retryable]);
  });

  it('keeps the wait that it asks for: of the service first, then of the response', () => {
    expect(errorOf({ status: 503, retryAfterMs: 7_000 }).details.retryAfterMs).toBe(7_000);
    const limited = said({ code: 'CALL_RATE_LIMITED', retryable: true, retryAfterSeconds: 9 });
    expect(errorOf({ ...limited, retryAfterMs: 7_000 }).details.retryAfterMs).toBe(9_000);
  });
});

describe('the body of a response', () => {
  it.each([
    ['', undefined],
    ['<html>502 Bad Gateway</html>', undefined],
    ['{"message":"Unauthorized"}', undefined],
    ['{"errors":[]}', undefined],
    ['{"errors":["no"]}', undefined],
    ['{"errors":{"message":"no"}}', undefined],
    ['null', undefined],
    ['{"errors":[{"message":"no"}]}', [{ message: 'no' }]],
  ])('%p has GraphQL errors: %p', (body, errors) => expect(graphqlErrorsIn(body)).toEqual(errors));
});

describe('Retry-After', () => {
  const date = 'Fri, 27 Nov 2026 12:00:00 GMT';
  it.each<[Record<string, string>, number | undefined]>([
    [{}, undefined],
    [{ 'retry-after': '120' }, 120_000],
    [{ 'retry-after': 'Fri, 27 Nov 2026 12:00:30 GMT', date }, 30_000],
    [{ 'retry-after': 'Fri, 27 Nov 2026 11:59:30 GMT', date }, 0],
    [{ 'retry-after': 'soon', date }, undefined],
  ])('%p is %p ms', (headers, ms) => expect(retryAfterMs(new Headers(headers))).toBe(ms));

  it('is compared with the clock here where the response has no date', () => {
    const after = new Date(Date.now() + 60_000).toUTCString();
    const ms = retryAfterMs(new Headers({ 'retry-after': after }))!;
    expect(ms).toBeGreaterThan(30_000);
    expect(ms).toBeLessThanOrEqual(60_000);
  });
});

interface Answer {
  readonly status: number;
  readonly type?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}
const result = { type: 'application/json', body: '{"data":{"call":null}}' };
const ours = (code: string, retryable: boolean): string =>
  JSON.stringify({ errors: [{ message: 'x', extensions: { code, status: 0, retryable } }] });
const JSON_TYPE = 'application/json';
const GRAPHQL_TYPE = 'application/graphql-response+json';

describe('an operation by Apollo Client, over a gateway that answers for the service', () => {
  let server: Server | undefined;
  afterEach(async () => {
    server?.close();
    server?.closeAllConnections();
    await (server && once(server, 'close'));
    server = undefined;
  });

  /** @param answers in order; the last again and again */
  async function run(answers: readonly Answer[]) {
    const refusals: unknown[] = [];
    server = createServer((request, response) => {
      request.resume();
      const {
        status,
        type = 'text/html',
        body = '',
        headers,
      } = answers[Math.min(refusals.length, answers.length) - 1]!;
      response.writeHead(status, { 'content-type': type, ...headers }).end(body);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const uri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
    const seen = new SetContextLink(({ tokenRefused }) => {
      refusals.push(tokenRefused);
      return {};
    });
    const apollo = new ApolloClient({ cache: new InMemoryCache(), link: seen.concat(new HttpLink({ uri })) });
    const { signal } = new AbortController();
    const outcome = await execute(apolloTransport(apollo), CallDocument, { id: 'c' }, signal, 4_000).catch(
      (error: CallError) => error.code,
    );
    apollo.stop();
    return { refusals, outcome };
  }

  it.each<[string, Answer, string, number]>([
    [
      '401, JSON of a gateway',
      { status: 401, type: JSON_TYPE, body: '{"message":"Unauthorized"}' },
      'CALL_UNAUTHORIZED',
      2,
    ],
    ['403, HTML', { status: 403, body: '<h1>no</h1>' }, 'CALL_UNAUTHORIZED', 2],
    ['our 401', { status: 401, type: GRAPHQL_TYPE, body: ours('CALL_UNAUTHORIZED', false) }, 'CALL_UNAUTHORIZED', 2],
    ['our 413', { status: 413, type: JSON_TYPE, body: ours('BAD_REQUEST', false) }, 'BAD_REQUEST', 1],
    ['our 413, as GraphQL', { status: 413, type: GRAPHQL_TYPE, body: ours('BAD_REQUEST', false) }, 'BAD_REQUEST', 1],
    ['a proxy’s 413, HTML', { status: 413, body: '<h1>Request Entity Too Large</h1>' }, 'REFUSED', 1],
    ['404, empty', { status: 404 }, 'REFUSED', 1],
    ['our 410, as JSON', { status: 410, type: JSON_TYPE, body: ours('CALL_ENDED', false) }, 'CALL_ENDED', 1],
    ['503 for an hour', { status: 503, headers: { 'retry-after': '3600' } }, 'NOT_CONNECTED', 1],
  ])('%s', async (_, answer, code, tries) => {
    const { refusals, outcome } = await run([answer]);
    expect([outcome, refusals.length]).toEqual([code, tries]);
  });

  it.each<[string, Answer]>([
    ['502, HTML', { status: 502, body: '<html>Bad Gateway</html>' }],
    ['503, with a wait', { status: 503, headers: { 'retry-after': '1' } }],
    ['429, empty', { status: 429 }],
    ['200, the page of a captive portal', { status: 200, body: '<html>Sign in</html>' }],
    ['409 that is to be sent again', { status: 409, type: JSON_TYPE, body: ours('CALL_UNAVAILABLE', true) }],
    ['401, before a new token', { status: 401, type: JSON_TYPE, body: '{"message":"Unauthorized"}' }],
  ])('%s, then the service: is answered by the second try', async (_, answer) => {
    const { refusals, outcome } = await run([answer, { status: 200, ...result }]);
    expect(outcome).toEqual({ call: null });
    // The app’s link hears that its token was refused.
    expect(refusals).toEqual([false, answer.status === 401]);
  });
});

describe('an operation that is never answered', () => {
  it.each([
    ['answerCall', AnswerCallDocument, 62],
    ['sendDescription', SendDescriptionDocument, 120],
    ['any other', CallDocument, 120],
  ])('%s is given up in time', async (_, document, seconds) => {
    let time = 0;
    let tries = 0;
    const elapsed = performance.now;
    performance.now = () => time;
    try {
      const transport: Transport = {
        execute: () => {
          tries += 1;
          // Each try takes ten seconds by the clock of the device, whatever the machine does.
          time += 10_000;
          return Promise.reject(new CallError('NOT_CONNECTED', '', { retryable: true, retryAfterMs: 0 }));
        },
        subscribe: () => () => {},
        renew: () => {},
      };
      const given = execute(transport, document as typeof CallDocument, { id: '' }, new AbortController().signal);
      await expect(given).rejects.toMatchObject({ code: 'NOT_CONNECTED' });
      expect(tries).toBe(Math.floor(seconds / 10) + 1);
    } finally {
      performance.now = elapsed;
    }
  });
});
