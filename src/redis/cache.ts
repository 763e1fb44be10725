import { Keyv } from 'keyv';
import { actingFor } from '../identity/acting.js';
import type { Cipher, Place } from './cipher.js';
import { deadlineIn } from './deadline.js';
import type { Names } from './names.js';
import type { Redis } from './redis.js';
import { loadScript } from './script.js';

const KEEP = loadScript('keep');

/** A cache that does not answer in this time is as good as empty. */
const CACHE_MS = 200;
/** Kept for no longer than this, whoever puts it there. */
const KEPT_MS = 24 * 60 * 60 * 1000;

/** A Keyv for what is safe to lose. No method of it fails: what cannot be read is not there, what cannot be kept is lost. */
export function createRedisCache(redis: Redis, cipher: Cipher, names: Names): Keyv {
  const placeOf = (key: string): Place => ({ key: names.cached(key), field: 'value', position: 0 });
  /** It has a share of the connection of its own: requests of people who are not known yet read and write here. */
  const apart = <Result>(work: () => Promise<Result>): Promise<Result> => actingFor('\0cache', work);
  const keep = async (key: string, value: Buffer | '', ttlMs: number): Promise<boolean> => {
    const { key: kept } = placeOf(key);
    const until = { deadline: deadlineIn(CACHE_MS) };
    const done = apart(() => redis.run(KEEP, [kept], [value, Math.ceil(ttlMs)], until));
    return done.then(
      (had) => had === 1,
      () => false,
    );
  };
  const store = {
    opts: { dialect: 'redis' },
    get: async (key: string): Promise<string | undefined> => {
      const place = placeOf(key);
      try {
        const sealed = (await apart(() =>
          redis.read(['GET', place.key], place.key, deadlineIn(CACHE_MS)),
        )) as Buffer | null;
        return sealed ? await redis.guarded('get', () => Promise.resolve(cipher.open(sealed, place))) : undefined;
      } catch {
        return undefined;
      }
    },
    set: (key: string, value: string, ttlMs = KEPT_MS) =>
      keep(key, cipher.seal(value, placeOf(key)), Math.min(ttlMs, KEPT_MS)),
    delete: (key: string) => keep(key, '', 0),
    /** Other nodes use what is there. */
    clear: () => Promise.resolve(),
  };
  return new Keyv({ store });
}
