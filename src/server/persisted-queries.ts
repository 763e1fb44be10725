import type { ApolloServer } from '@apollo/server';
import { KeyvAdapter } from '@apollo/utils.keyvadapter';
import type { Keyv } from 'keyv';
import type { Clock } from '../ports.js';

/**
 * Anybody may register a document, and Redis has calls to keep: so each is kept for a day, the longest not at all, and no
 * more than so many a minute. What is not kept is sent whole again, as if nobody had registered it.
 */
export const KEPT = { seconds: 24 * 60 * 60, characters: 8_192, perMinute: 60 } as const;

/** Automatic persisted queries that all nodes share. Texts of valid documents only: Apollo Server stores no others. */
export function sharedPersistedQueries(keyv: Keyv, clock: Clock): ApolloServer['cache'] {
  // Typed against the CommonJS face of keyv, which TypeScript takes for another class.
  const cache = new KeyvAdapter<string>(keyv as never);
  let minute = 0;
  let kept = 0;
  return {
    get: (key) => cache.get(key),
    set: async (key, text) => {
      const now = Math.floor(clock.now() / 60_000);
      if (now !== minute) [minute, kept] = [now, 0];
      if (text.length > KEPT.characters || kept === KEPT.perMinute) return;
      kept += 1;
      await cache.set(key, text, { ttl: KEPT.seconds });
    },
    delete: (key) => cache.delete(key),
  };
}
