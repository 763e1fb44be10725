import { ApolloServer } from '@apollo/server';
import { describe, expect, it } from '@jest/globals';
import { buildSchema } from 'graphql';
import { Keyv } from 'keyv';
import { createHash } from 'node:crypto';
import { SignalingError } from '../../src/errors.js';
import { createOperation, type CallContext, type Services } from '../../src/graphql/context.js';
import { apolloOptions } from '../../src/graphql/apollo.js';
import { createMasker } from '../../src/graphql/errors.js';
import { createExecutor } from '../../src/graphql/executor.js';
import { createMemoryRateLimiter } from '../../src/memory/rate-limiter.js';
import { systemClock } from '../../src/ports.js';
import { KEPT, sharedPersistedQueries } from '../../src/server/persisted-queries.js';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** How many documents an account may register within a minute. */
const PERMITS = 60;

/** An Apollo Server on the cache, and what is in the store under it. */
function world() {
  const store = new Map<string, string>();
  const cache = sharedPersistedQueries(new Keyv({ store }));
  const schema = buildSchema('type Query { echo(text: String): String }');
  const masker = createMasker({ onDefect: () => {} });
  const executor = createExecutor({ schema, masker, introspection: true });
  const rateLimiter = createMemoryRateLimiter(systemClock);
  const options = apolloOptions({ executor, masker, introspection: true, rateLimiter });
  const apollo = new ApolloServer<CallContext>({ ...options, cache });
  const register = async (query: string, variables: Record<string, unknown> = {}, account: string | null = 'alice') => {
    const contextValue = createOperation({} as Services, () =>
      account === null
        ? Promise.reject(new SignalingError('CALL_UNAUTHORIZED'))
        : Promise.resolve({ accountId: account, deviceId: 'phone', issuedAt: 0, expiresAt: 1 }),
    );
    const extensions = { persistedQuery: { version: 1, sha256Hash: sha256(query) } };
    const { body } = await apollo.executeOperation({ query, variables, extensions }, { contextValue });
    // Apollo Server does not wait for it to be kept.
    await new Promise(setImmediate);
    return body.kind === 'single' ? body.singleResult : null;
  };
  const texts = (): string[] => [...store.values()].map((kept) => (JSON.parse(kept) as { value: string }).value);
  return { store, register, texts };
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

  it('are only so many of one account, and others have room for theirs', async () => {
    const { register, texts } = world();
    for (let n = 0; n < PERMITS + 5; n += 1) await register(`{ echo(text: "${n}") }`);
    expect(texts()).toHaveLength(PERMITS);
    await register('{ echo }', {}, 'bob');
    expect(texts()).toContain('{ echo }');
  });

  it('are never those of strangers, who are answered all the same', async () => {
    const { register, texts } = world();
    for (let n = 0; n < 62; n += 1) {
      expect(await register(`{ echo(text: "${n}") }`, {}, null)).toEqual({ data: { echo: null } });
    }
    expect(texts()).toEqual([]);
    await register('{ echo }');
    expect(texts()).toEqual(['{ echo }']);
  });
});
