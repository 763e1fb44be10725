/** The HTTP door of the server as a process: who gets in, how much, and what the answers say. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { request } from 'node:http';
import type { FakeDns } from '../support/fake-dns.js';
import type { FakeProvider } from '../support/fake-provider.js';
import { relayConfig, startRelayWorld, withRelayWorld, type RelayWorld } from '../support/relay-world.js';

let world: RelayWorld;
beforeAll(async () => {
  world = await startRelayWorld();
});
afterAll(() => world.close());

const QUERY = '{ callRelay { turnTtlSeconds } }';
const asAccount = (sub: string): Promise<string> => world.login.token({ sub, device_id: 'phone' });

describe('limits', () => {
  it('1,000 concurrent requests of one account at limit 20: exactly 20 pass', async () => {
    // A provider without a network: a busy machine makes it no slower.
    const config = (provider: FakeProvider, dns: FakeDns) =>
      relayConfig(provider, dns, {
        providers: [{ type: 'shared-secret', secret: 'of-the-test' }],
        relay: { urls: ['turn:turn.example.com:3478?transport=udp'] },
      });
    await withRelayWorld({ config }, async ({ ask, login }) => {
      const token = await login.token();
      const answers = await Promise.all(Array.from({ length: 1_000 }, () => ask({ token })));
      const refused = answers.flatMap(({ errors }) => errors.map(({ extensions }) => extensions));
      expect(answers.filter(({ data }) => data?.callRelay)).toHaveLength(20);
      expect(refused.filter(({ code }) => code === 'CALL_RELAY_RATE_LIMITED')).toHaveLength(980);
      for (const { retryAfterSeconds } of refused) expect(retryAfterSeconds).toBeLessThanOrEqual(600);
    });
  });

  it('aliases take a permit each, whichever request they come in', async () => {
    const token = await asAccount('aliases');
    const query = `{ ${Array.from({ length: 15 }, (_, i) => `a${i}: callRelay { turnTtlSeconds }`).join(' ')} }`;
    const answers = [await world.ask({ token, body: { query } }), await world.ask({ token, body: { query } })];
    expect(answers.flatMap(({ errors }) => errors)).toHaveLength(10);
  });

  it('a permit comes back when the provider failed, and one only for requests that shared the failure', async () => {
    const token = await asAccount('given-back');
    world.provider.setAnswer(400);
    for (let i = 0; i < 30; i += 1) await world.ask({ token });
    world.provider.setAnswer((response) => void setTimeout(() => response.writeHead(400).end(), 300));
    const together = await Promise.all(Array.from({ length: 5 }, () => world.ask({ token })));
    world.provider.setAnswer('object');
    expect(together.map(({ status }) => status)).toEqual([500, 500, 500, 500, 500]);
    const after = await Promise.all(Array.from({ length: 30 }, () => world.ask({ token })));
    // Five took five permits; the one call to the provider that they shared gave one back.
    expect(after.filter(({ status }) => status === 200)).toHaveLength(16);
  });

  it('a body over 256 KiB is refused with 413, and the connection is not the worse for it', async () => {
    const over = await world.ask({ body: { query: QUERY, variables: { padding: 'x'.repeat(256 * 1024) } } });
    expect(over).toMatchObject({ status: 413, errors: [{ extensions: { code: 'BAD_REQUEST', status: 413 } }] });
    expect((await world.ask()).status).toBe(200);
  });

  it.each([
    [
      '16 aliases',
      `{ ${Array.from({ length: 16 }, (_, i) => `a${i}: __typename`).join(' ')} }`,
      'more than 15 aliases',
    ],
    ['1,001 tokens', `{ ${'__typename '.repeat(999)} }`, '1000 tokens'],
    ['21 directives', `{ __typename ${'@skip(if: false) '.repeat(21)} }`, 'more than 20 directives'],
  ])('%s: 400 GRAPHQL_VALIDATION_FAILED', async (_name, query, message) => {
    const { status, errors, data } = await world.ask({ body: { query } });
    expect({ status, data }).toEqual({ status: 400, data: undefined });
    const [error] = errors.filter((each) => each.message.includes(message));
    expect(error?.extensions).toEqual({ code: 'GRAPHQL_VALIDATION_FAILED', status: 400, retryable: false });
  });
});

describe('bad requests', () => {
  it.each<[string, unknown, Record<string, string>, number, string]>([
    ['a body that is not JSON', '{"query": "{ canary-in-bad-json', {}, 400, 'BAD_REQUEST'],
    ['a body that is no object', '[]', {}, 400, 'BAD_REQUEST'],
    ['a batch', [{ query: QUERY }, { query: QUERY }], {}, 400, 'BAD_REQUEST'],
    ['no query', { variables: {} }, {}, 400, 'BAD_REQUEST'],
    ['a syntax error', { query: '{ callRelay' }, {}, 400, 'GRAPHQL_PARSE_FAILED'],
    ['an unknown field', { query: '{ callRelays { turnTtlSeconds } }' }, {}, 400, 'GRAPHQL_VALIDATION_FAILED'],
    ['an unknown operation', { query: QUERY, operationName: 'Nope' }, {}, 400, 'OPERATION_RESOLUTION_FAILURE'],
    ['text/plain', '{"query":"{ __typename }"}', { 'content-type': 'text/plain' }, 415, 'BAD_REQUEST'],
  ])('%s', async (_name, body, headers, status, code) => {
    const answer = await world.ask({ body, headers });
    expect(answer.status).toBe(status);
    expect(answer.errors.map(({ extensions }) => extensions['code'])).toEqual([code]);
    expect(answer.errors[0]?.extensions).toMatchObject({ status, retryable: false });
    expect(answer.text).not.toContain('canary-in-bad-json');
  });

  it('a page of another origin that sends a form is refused (CSRF)', async () => {
    const response = await world.get(`/graphql?query=${encodeURIComponent(QUERY)}`);
    expect(response.status).toBe(400);
  });

  it('an unknown path is 404', async () => {
    expect((await world.get('/admin/revocations')).status).toBe(404);
  });
});

describe('the status', () => {
  it('is the one of the first error in the document where the client can read it, and data is left out', async () => {
    const { status, data, errors } = await world.ask({ token: null, body: { query: QUERY } });
    expect({ status, data, code: errors[0]?.extensions['code'] }).toEqual({
      status: 401,
      data: undefined,
      code: 'CALL_RELAY_UNAUTHORIZED',
    });
  });

  it('is 200 for a gateway that does not ask for it, with the same errors', async () => {
    const headers = { accept: 'application/json' };
    const answer = await world.ask({ token: null, headers, body: { query: QUERY } });
    expect(answer).toMatchObject({ status: 200, data: { callRelay: null }, errors: [{ extensions: { status: 401 } }] });
  });

  it('is 200 when a sibling field has data', async () => {
    const answer = await world.ask({ token: null, body: { query: '{ __typename callRelay { turnTtlSeconds } }' } });
    expect(answer).toMatchObject({ status: 200, data: { __typename: 'Query', callRelay: null } });
  });
});

describe('origins', () => {
  const preflight = (origin: string) =>
    fetch(`${world.origin}/graphql`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
    });

  it('a foreign page gets 403', async () => {
    expect((await world.ask({ headers: { origin: 'https://evil.example' } })).status).toBe(403);
    expect((await preflight('https://evil.example')).status).toBe(403);
    // An opaque origin (RFC 6454, section 7.3) is a foreign one.
    expect((await world.ask({ headers: { origin: 'null' } })).status).toBe(403);
  });

  it('a page of this machine may ask in development, and read what it needs', async () => {
    const origin = 'http://localhost:5173';
    const { status, headers } = await world.ask({ headers: { origin } });
    expect([status, headers.get('access-control-allow-origin')]).toEqual([200, origin]);
    expect(headers.get('access-control-expose-headers')).toContain('retry-after');
    expect((await preflight(origin)).headers.get('access-control-allow-headers')).toContain('authorization');
  });

  it('a page of the same host may', async () => {
    const { host } = new URL(world.origin);
    expect((await world.ask({ headers: { origin: `http://${host}` } })).status).toBe(200);
  });

  it('only listed origins may where they are listed', async () => {
    await withRelayWorld({ env: { CORS_ORIGINS: 'https://app.example' } }, async ({ ask }) => {
      expect((await ask({ headers: { origin: 'https://app.example' } })).status).toBe(200);
      expect((await ask({ headers: { origin: 'http://localhost:5173' } })).status).toBe(403);
    });
  });
});

describe('behind a gateway with a secret', () => {
  it('only requests that carry it are answered', async () => {
    await withRelayWorld({ env: { GATEWAY_SECRET: 'the-secret-of-the-gateway' } }, async ({ ask, get }) => {
      expect((await ask()).status).toBe(403);
      expect((await ask({ headers: { 'x-gateway-secret': 'another' } })).status).toBe(403);
      expect((await ask({ headers: { 'x-gateway-secret': 'the-secret-of-the-gateway' } })).status).toBe(200);
      expect((await get('/healthz')).status).toBe(200);
    });
  });
});

describe('introspection', () => {
  it('is answered in development, and refused without a hint where it is off', async () => {
    const query = '{ __schema { queryType { name } } }';
    expect((await world.ask({ body: { query } })).status).toBe(200);
    await withRelayWorld({ env: { INTROSPECTION: 'off' } }, async ({ ask }) => {
      expect((await ask({ body: { query } })).status).toBe(400);
      const { text } = await ask({ body: { query: '{ callRela { turnTtlSeconds } }' } });
      expect(text).not.toContain('callRelay');
    });
  });
});

describe('stopping', () => {
  it('lets a request that is being served end, and takes no more', async () => {
    await withRelayWorld({}, async ({ ask, provider, server, origin }) => {
      const asked = new Promise<void>((resolve) => {
        provider.setAnswer((response, minted) => {
          resolve();
          setTimeout(() => response.writeHead(201).end(JSON.stringify({ iceServers: { urls: [], ...minted } })), 500);
        });
      });
      const answer = ask();
      await asked;
      const stopped = server.stop();
      expect((await answer).status).toBe(200);
      expect(await stopped).toEqual({ code: 0, signal: null });
      const refused = await new Promise((resolve) => request(origin).on('error', resolve).end());
      expect(refused).toMatchObject({ code: 'ECONNREFUSED' });
    });
  });
});
