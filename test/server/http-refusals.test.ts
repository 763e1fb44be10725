/** Requests that are well-formed HTTP and not what a path takes: each refusal says what it takes. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { gzipSync } from 'node:zlib';
import { createLog } from '../../src/server/log.js';
import { startServer, type RunningServer } from '../../src/server/server.js';
import { parseSettings } from '../../src/server/settings.js';

let server: RunningServer;
let metrics = '';
beforeAll(async () => {
  const log = createLog({ level: 'silent' });
  const settings = parseSettings({ PORT: '0', METRICS_PORT: '0', ADMIN_SECRET: Buffer.alloc(32).toString('base64') });
  server = await startServer(settings, {
    ...log,
    info: (_text, fields) => void (metrics = fields?.address ?? metrics),
  });
});
afterAll(() => server.close());

const JSON_TYPE = { 'content-type': 'application/json' };
const QUERY = '{"query":"{ __typename }"}';

async function ask(path: string, init: RequestInit = {}, origin = server.origin) {
  const response = await fetch(origin + path, init);
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: (text && JSON.parse(text)) as unknown };
}
const post = (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = JSON_TYPE, path = '/graphql') =>
  ask(path, { method: 'POST', headers, body });
const refusal = (status: number, words: RegExp): object => ({
  errors: [{ message: expect.stringMatching(words), extensions: { code: 'BAD_REQUEST', status, retryable: false } }],
});

describe('a method that a path does not take', () => {
  it.each([
    ['PUT', '/graphql', 'GET, POST'],
    ['DELETE', '/graphql?query=x', 'GET, POST'],
    ['PROPFIND', '/graphql', 'GET, POST'],
    ['DELETE', '/healthz', 'GET, HEAD'],
    ['POST', '/readyz', 'GET, HEAD'],
    ['GET', '/development/token', 'POST'],
    ['GET', '/admin/revocations', 'POST'],
  ])('%s %s is 405 and names those that it takes', async (method, path, allow) => {
    // A body that no path could read changes nothing of it.
    const body = method === 'GET' ? {} : { body: '<x/>', headers: { 'content-type': 'text/xml' } };
    const answer = await ask(path, { method, ...body });
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, allow]);
    expect(answer.body).toEqual(refusal(405, new RegExp(`^The method must be ${allow.replace(', ', ' or ')}\\.$`)));
  });

  it('is told of HEAD too, and on the port of the metrics', async () => {
    const head = await ask('/graphql', { method: 'HEAD' });
    expect([head.status, head.headers.get('allow')]).toEqual([405, 'GET, POST']);
    const { origin } = new URL(metrics);
    expect((await ask('/metrics', { method: 'POST' }, origin)).body).toEqual(refusal(405, /GET or HEAD/));
    expect((await ask('/secret-path', {}, origin)).body).toEqual(refusal(404, /^Not found\.$/));
  });

  it('is told of a mutation by GET, which would be for POST', async () => {
    const query = encodeURIComponent('mutation { hangUpCall(input: { callId: "x" }) { id } }');
    const answer = await ask(`/graphql?query=${query}`, { headers: { 'apollo-require-preflight': '1' } });
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST']);
    expect(answer.body).toEqual(refusal(405, /^The method must be POST\.$/));
  });

  it('is what OPTIONS asks for; a path that is none stays 404', async () => {
    const options = await ask('/graphql', { method: 'OPTIONS' });
    expect([options.status, options.headers.get('allow')]).toEqual([204, 'GET, POST']);
    for (const method of ['OPTIONS', 'PUT', 'GET']) expect((await ask('/nothing', { method })).status).toBe(404);
  });

  it('does not keep a page from its preflight, whatever is missing in that', async () => {
    const answer = await ask('/graphql', { method: 'OPTIONS', headers: { origin: 'capacitor://localhost' } });
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([204, 'capacitor://localhost']);
  });
});

describe('a media type that is not offered', () => {
  it.each(['text/event-stream', 'image/png', 'multipart/mixed;subscriptionSpec=1.0'])(
    '(%s) is 406 and says what is, and where events are',
    async (accept) => {
      const body = JSON.stringify({ query: 'subscription { callEvents { __typename } }' });
      const answer = await post(body, { ...JSON_TYPE, accept });
      expect([answer.status, answer.headers.get('cache-control')]).toEqual([406, 'no-store']);
      expect(answer.body).toEqual(refusal(406, /application\/json or .* WebSocket \(graphql-transport-ws\)/));
    },
  );

  it('beside one that is, is no matter', async () => {
    const { body } = await post(QUERY, { ...JSON_TYPE, accept: 'text/event-stream, application/json;q=0.5' });
    expect(body).toEqual({ data: { __typename: 'Query' } });
  });
});

describe('a body that is not read', () => {
  it.each(['/graphql', '/development/token', '/admin/revocations'])('compressed, at %s: 415 says so', async (path) => {
    const sent = { ...JSON_TYPE, 'content-encoding': 'gzip' };
    const answer = await post(new Uint8Array(gzipSync(QUERY)), sent, path);
    expect([answer.status, answer.headers.get('accept-encoding')]).toEqual([415, 'identity']);
    expect(answer.body).toEqual(refusal(415, /content encoding must be identity/));
  });

  it.each(['/graphql', '/development/token'])('of another type, at %s: 415 says which', async (path) => {
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'application/graphql',
      'multipart/form-data',
    ])
      expect((await post(QUERY, { 'content-type': type }, path)).body).toEqual(refusal(415, /application\/json/));
    const utf16 = await post(QUERY, { 'content-type': 'application/json; charset="UTF-16"' }, path);
    expect(utf16.body).toEqual(refusal(415, /charset .* utf-8/));
  });

  it('identity, utf-8 and a byte order mark are as good as none', async () => {
    const sent = { 'content-type': 'Application/JSON;charset="UTF-8"', 'content-encoding': 'Identity' };
    expect((await post(`\uFEFF${QUERY}`, sent)).body).toEqual({ data: { __typename: 'Query' } });
  });

  it('without anything, for a token: it is said what to send', async () => {
    const answer = await ask('/development/token', { method: 'POST' });
    expect(answer.body).toEqual(refusal(400, /^Send \{"account","device"\} as application\/json/));
  });
});

describe('members and names that every object has', () => {
  const PROTO = '"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}';
  const untouched = (): void => expect(({} as { polluted?: unknown }).polluted).toBeUndefined();

  it('are taken as any other that is not asked for', async () => {
    const named = '{ __typename __proto__: __typename constructor: __typename }';
    for (const body of [
      `{"query":"${named}",${PROTO},"variables":{${PROTO}}}`,
      // By way of Apollo Server.
      `{"query":"${named}",${PROTO},"variables":{${PROTO}},"extensions":{${PROTO}}}`,
    ]) {
      const answer = await post(body);
      expect(JSON.stringify(answer.body)).toBe(
        '{"data":{"__typename":"Query","__proto__":"Query","constructor":"Query"}}',
      );
    }
    untouched();
  });

  it('are refused by name where GraphQL knows none such, and declared variables of such a name are variables', async () => {
    const input = 'mutation ($input: HangUpCallInput!) { hangUpCall(input: $input) { id } }';
    const unknown = await post(`{"query":"${input}","variables":{"input":{"callId":"x",${PROTO}}}}`);
    expect(JSON.stringify(unknown.body)).toMatch(/CALL_INPUT_INVALID/);
    const variable = 'query ($__proto__: ID!) { call(id: $__proto__) { id } }';
    const answers = [`{"__proto__":{"polluted":true}}`, '{"__proto__":"a"}', '{}'].map((variables) =>
      post(`{"query":"${variable}","variables":${variables}}`),
    );
    const codes = (await Promise.all(answers)).map(({ body }) => /"code":"(\w+)"/.exec(JSON.stringify(body))?.[1]);
    expect(codes).toEqual(['CALL_INPUT_INVALID', 'CALL_UNAUTHORIZED', 'CALL_INPUT_INVALID']);
    untouched();
  });

  it('in what is to be a development token, or no JSON at all, are refused', async () => {
    expect((await post(`{"__proto__":{"account":"a","device":"b"}}`, JSON_TYPE, '/development/token')).status).toBe(
      400,
    );
    expect((await post('{"__proto__":', JSON_TYPE)).body).toEqual(refusal(400, /not valid JSON/));
  });
});
