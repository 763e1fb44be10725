/** The options of the module, and what it shares with a host that uses the same libraries. */
import { ApolloServer } from '@apollo/server';
import { afterEach, describe, expect, it } from '@jest/globals';
import { graphql } from 'graphql';
import * as library from 'type-graphql';
import { OptionsError } from '../src/options.js';
import { createCallSignaling } from '../src/signaling.js';
import { SMALL_RELAY } from './support/small-relay.js';

const VALID = { authenticator: () => null, relay: SMALL_RELAY };

function problemsOf(options: unknown): readonly string[] {
  try {
    void createCallSignaling(options as never).close();
  } catch (error) {
    if (error instanceof OptionsError) return error.problems;
    throw error;
  }
  return [];
}

describe('options', () => {
  it('that are all wrong are named together', () => {
    expect(problemsOf(undefined)).toEqual(['options must be an object with authenticator and relay, at least']);
    expect(
      problemsOf({ callPolcy: () => true, nameKey: Buffer.alloc(3), relay: { config: {} }, cursorKeys: [] }),
    ).toEqual([
      'authenticator is missing: it must be a function, or an object with authenticate or authenticateRequest',
      'cursorKeys must be a list of at least one key of 32 bytes, each a Buffer or Uint8Array',
      'nameKey must be at least 32 bytes, as a Buffer or Uint8Array',
      'callPolcy is no option; did you mean callPolicy?',
      expect.stringContaining('relay.config.requestedTtlSeconds: '),
      expect.stringContaining('relay.config.clientTtlSeconds: '),
      expect.stringContaining('relay.config.rateLimit: '),
      expect.stringContaining('relay.config.providers: '),
      expect.stringContaining('relay.config.relay: '),
    ]);
  });

  it('an authenticator may be asked about requests, for pages of origins as browsers send them', () => {
    const authenticateRequest = () => null;
    const problems = (origins?: unknown) => problemsOf({ ...VALID, authenticator: { authenticateRequest, origins } });
    expect(problems()).toEqual([]);
    expect(problems(['https://app.example.com', 'http://localhost:5173', 'capacitor://localhost'])).toEqual([]);
    for (const wrong of [
      'https://app.example.com',
      ['https://app.example.com/'],
      ['app.example.com'],
      ['*'],
      ['https://*.example.com'],
      [/./],
    ])
      expect(problems(wrong)).toEqual([
        expect.stringMatching(/^authenticator must have origins as browsers send them/),
      ]);
  });

  it('that are right are taken; adapters may have more than is used of them', () => {
    expect(problemsOf(VALID)).toEqual([]);
    expect(problemsOf({ ...VALID, adapters: {} })).toHaveLength(4);
  });

  it('refuse a schema that is none', async () => {
    const signaling = createCallSignaling(VALID as never);
    expect(() => signaling.withSchema({} as never)).toThrow(/npm dedupe/);
    await signaling.close();
  });
});

describe('introspection', () => {
  const before = process.env['NODE_ENV'];
  afterEach(() => {
    process.env['NODE_ENV'] = before;
  });
  const QUERY = '{ __schema { queryType { name } } }';

  it.each([
    ['as Apollo has it', 'development', {}, true],
    ['as Apollo has it', 'production', {}, false],
    ['as the host says', 'production', { introspection: true }, true],
    ['as the host says', 'development', { introspection: false }, false],
  ])('is answered %s where NODE_ENV is %s and options are %j: %s', async (_as, nodeEnv, options, isAnswered) => {
    process.env['NODE_ENV'] = nodeEnv;
    const signaling = createCallSignaling({ ...VALID, ...options } as never);
    const apollo = new ApolloServer({ ...signaling.apollo, stopOnTerminationSignals: false });
    const { body } = await apollo.executeOperation(
      { query: QUERY },
      { contextValue: signaling.context({ headers: {} }) },
    );
    expect('singleResult' in body && body.singleResult.errors === undefined).toBe(isAnswered);
    // What runs the operations of sockets.
    expect('document' in signaling.websocket.executor.prepare({ query: QUERY }, 'identified')).toBe(isAnswered);
    await apollo.stop();
    await signaling.close();
  });
});

describe('a host with type-graphql', () => {
  it('keeps its storage, of whatever version, and sees none of our types', async () => {
    const place = globalThis as { TypeGraphQLMetadataStorage?: unknown };
    expect(place.TypeGraphQLMetadataStorage).toBeUndefined();
    // What another version would have there: nothing that ours could use.
    const foreign = Object.freeze({ version: 1 });
    place.TypeGraphQLMetadataStorage = foreign;
    const viewer = { accountId: 'alice', deviceId: 'phone', issuedAt: Date.now(), expiresAt: Date.now() + 3_600_000 };
    const signaling = createCallSignaling({ ...VALID, authenticator: () => viewer } as never);
    expect(place.TypeGraphQLMetadataStorage).toBe(foreign);
    const { data, errors } = await graphql({
      schema: signaling.schema,
      source: '{ recentCalls(first: 1) { id } callRelay { turnTtlSeconds } }',
      contextValue: signaling.context({ headers: { authorization: 'Bearer alice' } }),
    });
    expect([data, errors?.length]).toEqual([{ recentCalls: [], callRelay: { turnTtlSeconds: 30 } }, undefined]);
    await signaling.close();

    delete place.TypeGraphQLMetadataStorage;
    class Shop {}
    class Shops {
      shop(): string {
        return 'open';
      }
    }
    library.ObjectType()(Shop);
    library.Query(() => String)(
      Shops.prototype,
      'shop',
      Object.getOwnPropertyDescriptor(Shops.prototype, 'shop') as never,
    );
    library.Resolver()(Shops);
    const host = library.buildSchemaSync({ resolvers: [Shops], validate: false });
    expect(Object.keys(host.getTypeMap()).filter((name) => name.startsWith('Call'))).toEqual([]);
    expect(signaling.schema.getType('Shop')).toBeUndefined();
  });
});
