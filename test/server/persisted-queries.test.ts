import { ApolloServer } from '@apollo/server';
import { describe, expect, it } from '@jest/globals';
import { buildSchema } from 'graphql';
import { Keyv } from 'keyv';
import { createHash } from 'node:crypto';
import type { CallContext } from '../../src/graphql/context.js';
import { apolloOptions } from '../../src/graphql/apollo.js';
import { createMasker } from '../../src/graphql/errors.js';
import { KEPT, sharedPersistedQueries } from '../../src/server/persisted-queries.js';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** An Apollo Server on the cache, and what is in the store under it. */
function world() {
  const store = new Map<string, string>();
  let nowMs = 0;
  const cache = sharedPersistedQueries(new Keyv({ store }), { now: () => nowMs, elapsed: () => nowMs });
  const schema = buildSchema('type Query { echo(text: String): String }');
  const masker = createMasker({ onDefect: () => {} });
  const apollo = new ApolloServer<CallContext>({ ...apolloOptions({ schema, masker, introspection: true }), cache });
  const register = async (query: string, variables: Record<string, unknown> = {}): Promise<void> => {
    const extensions = { persistedQuery: { version: 1, sha256Hash: sha256(query) } };
    await apollo.executeOperation({ query, variables, extensions }, { contextValue: {} as CallContext });
    // Apollo Server does not wait for it to be kept.
    await new Promise(setImmediate);
  };
  const texts = (): string[] => [...store.values()].map((kept) => (JSON.parse(kept) as { value: string }).value);
  return { store, register, texts, pass: (ms: number) => (nowMs += ms) };
}

describe('registered documents', () => {
  it('are kept for a day, as they are and with nothing of their variables', async () => {
    const { store, register, texts } = world();
    const query = 'query ($text: String) { echo(text: $text) }';
    await register(query, { text: 'canary-in-variables' });
    expect(texts()).toEqual([query]);
    expect(JSON.stringify([...store])).not.toContain('canary');
    const { expires } = JSON.parse([...store.values()][0]!) as { expires: number };
    expect(Math.abs(expires - Date.now() - 86_400_000)).toBeLessThan(60_000);
  });

  it.each([
    ['does not fit the schema', '{ nope }'],
    ['is over a limit', `{ ${Array.from({ length: 16 }, (_, n) => `a${n}: echo`).join(' ')} }`],
    ['has too many tokens', `{ ${'echo '.repeat(1_000)} }`],
    ['is none', '{ echo'],
    ['is longer than is kept', `{ echo } #${' '.repeat(KEPT.characters)}`],
  ])('do not have what %s', async (_what, query) => {
    const { register, texts } = world();
    await register(query);
    await register('{ echo }');
    expect(texts()).toEqual(['{ echo }']);
  });

  it('are no more than so many a minute', async () => {
    const { register, texts, pass } = world();
    for (let n = 0; n < KEPT.perMinute + 5; n += 1) await register(`{ echo(text: "${n}") }`);
    expect(texts()).toHaveLength(KEPT.perMinute);
    pass(60_000);
    await register('{ echo }');
    expect(texts()).toHaveLength(KEPT.perMinute + 1);
  });
});
