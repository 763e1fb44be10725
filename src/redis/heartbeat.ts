import { randomUUID } from 'node:crypto';
import type { Outage, StoreTime } from '../call/deadline.js';
import type { Deadline } from './deadline.js';
import { KEPT_MS } from './kept.js';
import type { Names } from './names.js';
import type { Redis } from './redis.js';
import { loadScript } from './script.js';

const BEAT = loadScript('beat');

/** Beats this far apart have an outage between them. */
const GRACE_MS = 5_000;
/** No deadline is older than this when an outage could still move it. */
const OUTAGE_KEPT_MS = 10 * 60 * 1000;
const NODE_KEPT_MS = 10_000;

interface Beats {
  readonly last: number;
  readonly outages: readonly Outage[];
  readonly nodes: number;
}

/** Tells when the service was up, by the beats of all nodes. While Redis is down there are none: that is an outage too. */
export class Heartbeat {
  readonly #redis: Redis;
  readonly #key: string;
  readonly #nodeId = randomUUID();
  /** As last seen; null: there has been no beat yet. */
  #beats: Beats | null = null;
  #looked = false;

  constructor(redis: Redis, names: Names) {
    this.#redis = redis;
    this.#key = names.heartbeat;
  }

  /** Nodes that gave a beat lately, as far as this one knows; at least 1. */
  get nodes(): number {
    return Math.max(1, this.#beats?.nodes ?? 1);
  }

  /** @throws SignalingError CALL_UNAVAILABLE */
  async beat(): Promise<void> {
    const times = [GRACE_MS, OUTAGE_KEPT_MS, NODE_KEPT_MS, KEPT_MS];
    const [, ...fields] = (await this.#redis.run(BEAT, [this.#key], [this.#nodeId, ...times])) as [number, ...Buffer[]];
    this.#see(fields);
  }

  /**
   * @param now by the clock of the server that keeps what is asked about, Unix milliseconds
   * @throws SignalingError CALL_UNAVAILABLE
   */
  async time(now: number, deadline: Deadline): Promise<StoreTime> {
    if (!this.#looked) await this.#look(deadline);
    // As long as the heartbeat itself is out of reach, what this node knows of it has to do.
    else if (this.#isLate(now)) await this.#look(deadline).catch(() => undefined);
    const { last = now, outages = [] } = this.#beats ?? {};
    return { now, outages: this.#isLate(now) ? [...outages, { from: last, to: now }] : outages };
  }

  #isLate(now: number): boolean {
    return this.#beats !== null && now - this.#beats.last > GRACE_MS;
  }

  /** Other nodes may have been up while this one gave no beat. */
  async #look(deadline: Deadline): Promise<void> {
    this.#see((await this.#redis.read(['HGETALL', this.#key], this.#key, deadline)) as Buffer[]);
  }

  #see(fields: readonly Buffer[]): void {
    const outages: Outage[] = [];
    let last: number | null = null;
    let nodes = 0;
    for (let i = 0; i < fields.length; i += 2) {
      const [kind, from] = String(fields[i]).split(':');
      const at = Number(fields[i + 1]);
      if (kind === 'last') last = at;
      else if (kind === 'node') nodes++;
      else if (kind === 'outage') outages.push({ from: Number(from), to: at });
    }
    this.#looked = true;
    this.#beats = last === null ? null : { last, nodes, outages: outages.sort((a, b) => a.from - b.from) };
  }
}
