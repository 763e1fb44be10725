/** The examples of mounting the module, run as they are, answer as the standalone server does. */
import { describe, expect, it } from '@jest/globals';
import { CallRelayDocument } from '../../src/client/generated/documents.js';
import { startProcess } from '../support/process.js';

interface Body {
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly { message: string; extensions: Record<string, unknown> }[];
}

async function withExample(name: string, test: (ask: Ask, url: string) => Promise<void>): Promise<void> {
  const server = startProcess(process.execPath, { args: [`examples/${name}/server.mjs`], env: { PORT: '0' } });
  try {
    const [, url = ''] = await server.printed(/listening on (\S+)/);
    await test(async (token, query = CallRelayDocument.text) => {
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/graphql-response+json',
          ...(token !== null && { authorization: `Bearer ${token}` }),
        },
        body: JSON.stringify({ query }),
      });
      return { status: response.status, headers: response.headers, ...((await response.json()) as Body) };
    }, url);
    expect(await server.stop()).toEqual({ code: 0, signal: null });
  } finally {
    await server.stop();
  }
}
type Ask = (token: string | null, query?: string) => Promise<Body & { status: number; headers: Headers }>;

describe.each([
  ['mount-in-express', 'alice-token'],
  ['mount-in-fastify', 'bob-token'],
])('examples/%s', (name, token) => {
  it('gives credentials, refuses in the same words, and limits', () =>
    withExample(name, async (ask) => {
      const issued = await ask(token);
      expect(issued).toMatchObject({ status: 200, data: { callRelay: { turnPassword: expect.any(String) } } });
      expect(issued.headers.get('cache-control')).toBe('no-store');

      for (const nobody of [null, 'mallory-token']) {
        expect(await ask(nobody)).toMatchObject({
          status: 401,
          errors: [{ extensions: { code: 'CALL_RELAY_UNAUTHORIZED' } }],
        });
      }
      const answers = await Promise.all(Array.from({ length: 20 }, () => ask(token)));
      const [limited] = answers.filter(({ status }) => status === 429);
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(19);
      expect(limited?.headers.get('retry-after')).toBe(String(limited?.errors?.[0]?.extensions['retryAfterSeconds']));
      expect((await ask(token, '{ nope }')).errors?.[0]?.extensions['code']).toBe('GRAPHQL_VALIDATION_FAILED');
    }));
});

it.each(['mount-in-express', 'mount-in-fastify'])('examples/%s answers other methods as the server does', (name) =>
  withExample(name, async (_ask, url) => {
    for (const method of ['PUT', 'DELETE', 'PATCH']) {
      const headers = { 'content-type': 'application/json', accept: 'application/graphql-response+json' };
      const response = await fetch(url, { method, headers, body: '{"query":"{ __typename }"}' });
      expect([method, response.status, response.headers.get('allow')]).toEqual([method, 405, 'GET, POST']);
      expect(await response.json()).toEqual({
        errors: [
          {
            message: 'The method must be GET or POST.',
            extensions: { code: 'BAD_REQUEST', status: 405, retryable: false },
          },
        ],
      });
    }
  }),
);

it("a host's own fields live beside those of the module", () =>
  withExample('mount-in-fastify', async (ask) => {
    expect(await ask(null, '{ shop callRelay { turnTtlSeconds } }')).toMatchObject({
      status: 200,
      data: { shop: 'open', callRelay: null },
    });
    expect((await ask('bob-token', '{ shop callRelay { turnTtlSeconds } }')).data).toEqual({
      shop: 'open',
      callRelay: { turnTtlSeconds: 1_800 },
    });
  }));
