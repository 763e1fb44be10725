import { actingForAll } from '../identity/acting.js';
import { RedisError } from './failure.js';
import type { Cipher, Place } from './cipher.js';
import { before } from './deadline.js';
import type { Deadline } from './deadline.js';
import { KEPT_MS } from './kept.js';
import type { Names } from './names.js';
import { loadScript } from './script.js';
import type { Script } from './script.js';

const PROVE = loadScript('prove');

/** Runs a script without asking for the proof first. */
export type RunUnproved = (
  script: Script,
  keys: readonly [string],
  args: readonly (string | Buffer | number)[],
  deadline: Deadline,
) => Promise<unknown>;

const SAID = {
  name: 'NAME_KEY is not the key that the nodes on this Redis use, so that callees would never be found',
  encryption:
    'ENCRYPTION_KEYS can decrypt nothing that the nodes on this Redis keep: a new key comes as old,new - new,old - and two days later new',
} as const;
const REMEDY =
  'Use their keys; or, when no node is to use this Redis with the others any more, delete the key voip:keys in it';

/**
 * Whether this node has the keys that the others have: with different ones they would look healthy and never find each
 * other's calls. Nothing is read or written before it is known.
 */
export class KeyProof {
  readonly #cipher: Cipher;
  readonly #place: Place;
  readonly #named: string;
  #state: 'unknown' | 'same' | keyof typeof SAID = 'unknown';
  #asking: Promise<void> | null = null;
  /** This node has sealed the proof with its own first key, if that was needed: once, as nodes may differ in the order. */
  #sealed = false;

  constructor(cipher: Cipher, names: Names) {
    this.#cipher = cipher;
    this.#place = { key: names.keys, field: 'sealed', position: 0 };
    this.#named = names.proof;
  }

  get proved(): boolean {
    return this.#state === 'same';
  }

  /** What is wrong, in words for the operator; null: nothing, or it is not known. */
  get problem(): string | null {
    return this.#state === 'unknown' || this.#state === 'same' ? null : `${SAID[this.#state]}. ${REMEDY}`;
  }

  /** @throws RedisError `foreign_keys`; whatever keeps Redis from being asked */
  async prove(run: RunUnproved, deadline: Deadline): Promise<void> {
    // A question under way has the deadline of another: that it failed is no answer to this one.
    const asked = this.#asking?.catch(() => undefined);
    if (this.#state === 'unknown' && asked) await before(deadline, asked);
    if (this.#state === 'unknown') await before(deadline, this.look(run, deadline));
    if (!this.proved) throw new RedisError('foreign_keys');
  }

  /** Asks, also when it is known: Redis may have been emptied meanwhile, and gets the proof again. */
  look(run: RunUnproved, deadline: Deadline): Promise<void> {
    this.#asking ??= actingForAll(() => this.#look(run, deadline)).finally(() => (this.#asking = null));
    return this.#asking;
  }

  async #look(run: RunUnproved, deadline: Deadline): Promise<void> {
    const ask = async (replaced: Buffer | ''): Promise<readonly [named: Buffer, sealed: Buffer]> => {
      const own = this.#cipher.seal('proof', this.#place);
      const args = [this.#named, own, replaced, KEPT_MS];
      return (await run(PROVE, [this.#place.key], args, deadline)) as [Buffer, Buffer];
    };
    const [named, sealed] = await ask('');
    if (named.toString() !== this.#named) this.#state = 'name';
    else if (!this.#opens(sealed)) this.#state = 'encryption';
    else {
      // So that a key that is no longer the first one can be retired.
      if (!this.#sealed && !this.#cipher.isOfFirstKey(sealed)) await ask(sealed);
      this.#sealed = true;
      this.#state = 'same';
    }
  }

  #opens(sealed: Buffer): boolean {
    try {
      return this.#cipher.open(sealed, this.#place) === 'proof';
    } catch {
      return false;
    }
  }
}
