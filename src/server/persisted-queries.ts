import type { ApolloServer } from '@apollo/server';
import { KeyvAdapter } from '@apollo/utils.keyvadapter';
import type { Keyv } from 'keyv';

/**
 * Redis has calls to keep: so each document is kept for a day, and the longest not at all. What is not kept is sent whole
 * again, as if it had not been registered. Who may register, and how often, is decided before (graphql/apollo.ts).
 */
export const KEPT = { seconds: 24 * 60 * 60, characters: 8_192 } as const;

/** Automatic persisted queries that all nodes share. Texts of valid documents only: Apollo Server stores no others. */
export function sharedPersistedQueries(keyv: Keyv): ApolloServer['cache'] {
  // Typed against the CommonJS face of keyv, which TypeScript takes for another class.
  const cache = new KeyvAdapter<string>(keyv as never);
  return {
    get: (key) => cache.get(key),
    set: async (key, text) => {
      if (text.length <= KEPT.characters) await cache.set(key, text, { ttl: KEPT.seconds });
    },
    delete: (key) => cache.delete(key),
  };
}
