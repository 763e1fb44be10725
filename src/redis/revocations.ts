import { REQUESTS_KEPT_MS } from '../identity/revocations.js';
import type { Revocation, RevocationLog } from '../identity/revocations.js';
import type { Cipher, Place } from './cipher.js';
import { KEPT_MS } from './kept.js';
import type { Names } from './names.js';
import type { Redis } from './redis.js';
import { loadScript } from './script.js';

const REVOKING = loadScript('revoking');
const CLAIM = loadScript('claim');
const REVOKE = loadScript('revoke');
const REVOKED = loadScript('revoked');

/** Read again each time: after a failover another server's clock may be behind. */
const OVERLAP_MS = 10_000;
const PAGE = 1_000;

/** Revocations of the last two days, for all nodes: one of them that starts anew has to know them too. */
export class RedisRevocations implements RevocationLog {
  readonly #redis: Redis;
  readonly #cipher: Cipher;
  readonly #names: Names;
  readonly #place: Place;
  #since = 0;

  constructor(redis: Redis, cipher: Cipher, names: Names) {
    this.#redis = redis;
    this.#cipher = cipher;
    this.#names = names;
    this.#place = { key: names.revoked, field: 'revocation', position: 0 };
  }

  async begin(id: string | null): Promise<{ readonly now: number; readonly before: number | null }> {
    const reply = await this.#redis.run(REVOKING, [this.#names.revocationRequest(id ?? '')], []);
    const [now, before] = reply as readonly [number, Buffer];
    return { now, before: before.length === 0 ? null : Number(before) };
  }

  async done(id: string, at: number): Promise<void> {
    await this.#redis.run(CLAIM, [this.#names.revocationRequest(id)], [at, REQUESTS_KEPT_MS]);
  }

  async add(revocation: Revocation): Promise<void> {
    const sealed = this.#cipher.seal(JSON.stringify(revocation), this.#place);
    await this.#redis.run(REVOKE, [this.#place.key], [sealed, KEPT_MS]);
  }

  async news(): Promise<readonly Revocation[]> {
    const since = this.#since;
    const found: Buffer[] = [];
    for (let more = true; more;) {
      const reply = await this.#redis.run(REVOKED, [this.#place.key], [since, found.length, PAGE]);
      const [now, ...page] = reply as [number, ...Buffer[]];
      if (found.length === 0) this.#since = Math.max(0, now - OVERLAP_MS);
      found.push(...page);
      more = page.length === PAGE;
    }
    // One whose key has been retired does not keep the others from being heard.
    const opened = await Promise.allSettled(found.map((sealed) => this.#opened(sealed)));
    return opened.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  }

  #opened(sealed: Buffer): Promise<Revocation> {
    return this.#redis.guarded(REVOKED.name, () =>
      Promise.resolve(JSON.parse(this.#cipher.open(sealed, this.#place)) as Revocation),
    );
  }
}
