/** What is answered before GraphQL could answer, and what a production server shows to a browser. */
import { ApolloClient, ApolloLink, CombinedGraphQLErrors, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { httpError } from '../../src/server/http-error.js';
import { startCostWorld, type CostWorld } from '../cost/world.js';

let world: CostWorld;
beforeAll(async () => {
  world = await startCostWorld();
});
afterAll(() => world.close());

const BOTH = 'application/graphql-response+json, application/json';
const long = JSON.stringify({ query: '{ __typename }', variables: { padding: 'x'.repeat(256 * 1024) } });

describe('an error before GraphQL', () => {
  it.each<[number, RequestInit & { path?: string }]>([
    [413, { method: 'POST', body: long }],
    [400, { method: 'POST', body: '{' }],
    [415, { method: 'POST', body: 'query', headers: { 'content-type': 'application/xml' } }],
    [403, { method: 'POST', body: '{}', headers: { origin: 'https://elsewhere.example' } }],
    [404, { method: 'POST', body: '{}', path: '/elsewhere' }],
  ])(
    '%s is a GraphQL error in the media type that the client reads',
    async (status, { path = '', headers, ...init }) => {
      const given = { 'content-type': 'application/json', accept: BOTH, ...(headers as Record<string, string>) };
      const response = await fetch(`${world.url}${path}`, { ...init, headers: given });
      expect(response.status).toBe(status);
      expect(response.headers.get('content-type')).toBe('application/graphql-response+json; charset=utf-8');
      expect(await response.json()).toEqual({
        errors: [{ message: expect.any(String), extensions: { code: 'BAD_REQUEST', status, retryable: false } }],
      });
    },
  );

  it('is read by Apollo Client, code and all', async () => {
    const link = ApolloLink.from([new HttpLink({ uri: world.url })]);
    const client = new ApolloClient({ link, cache: new InMemoryCache() });
    const query = gql('query ($id: ID!) { call(id: $id) { id } }');
    const asked = client.query({ query, variables: { id: 'x'.repeat(256 * 1024) } });
    const error: unknown = await asked.catch((thrown: unknown) => thrown);
    expect(CombinedGraphQLErrors.is(error)).toBe(true);
    expect((error as CombinedGraphQLErrors).errors[0]?.extensions).toMatchObject({ status: 413, retryable: false });
    client.stop();
  });

  it('says when to come back, where that helps', () => {
    const { status, headers, body } = httpError(429, 'application/json', { retryAfterSeconds: 3 });
    expect({ status, ...headers }).toEqual({
      status: 429,
      'cache-control': 'no-store',
      'content-type': 'application/json; charset=utf-8',
      'retry-after': '3',
    });
    expect(JSON.parse(body)).toMatchObject({
      errors: [{ extensions: { code: 'CALL_RATE_LIMITED', status: 429, retryable: true, retryAfterSeconds: 3 } }],
    });
  });
});

it.each([false, true])(
  'production shows no landing page, which would come from a CDN: introspection %p',
  async (shown) => {
    const own = await startCostWorld(undefined, shown);
    const response = await fetch(own.url, { headers: { accept: 'text/html' } });
    expect(response.headers.get('content-type')).not.toContain('text/html');
    expect(await response.text()).not.toContain('<');
    await own.close();
  },
);
