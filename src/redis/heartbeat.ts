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
/** The streams of a node that is gone are asked for as long as a party that left. */
const NODE_KEPT_MS = 2 * 60 * 1000;
/** A node counts among the others for so long after its last beat. */
const NODE_COUNTS_MS = 10_000;
/** A node that is silent for so long may have died, between a commit and what it would have told of that. */
const NODE_SILENT_MS = 1_250;

interface Beats {
  /** When the first one was given of those that are kept: another time after Redis was emptied. */
  readonly began: number;
  readonly last: number;
  readonly outages: readonly Outage[];
  /** When each node last gave one. */
  readonly nodes: ReadonlyMap<string, number>;
}

/** Tells when the service was up, by the beats of all nodes. While Redis is down there are none: that is an outage too. */
export class Heartbeat {
  readonly #redis: Redis;
  readonly #key: string;
  /** Unlike any other's, at any time. */
  readonly nodeId = randomUUID();
  readonly #onDoubt = new Set<() => void>();
  /** As last seen; null: there has been no beat yet. */
  #beats: Beats | null = null;
  #looked = false;

  constructor(redis: Redis, names: Names) {
    this.#redis = redis;
    this.#key = names.heartbeat;
  }

  /** Nodes that gave a beat lately, as far as this one knows; at least 1. */
  get nodes(): number {
    if (!this.#beats) return 1;
    const { nodes, last } = this.#beats;
    return Math.max(1, [...nodes.values()].filter((at) => last - at < NODE_COUNTS_MS).length);
  }

  /** @returns when a node last gave a beat, as far as this one knows, Unix milliseconds; 0: never */
  beatOf(nodeId: string): number {
    return this.#beats?.nodes.get(nodeId) ?? 0;
  }

  /** @param listener is called when another node has fallen silent, and when Redis has lost what it kept */
  onDoubt(listener: () => void): void {
    this.#onDoubt.add(listener);
  }

  /** @throws SignalingError CALL_UNAVAILABLE */
  async beat(): Promise<void> {
    const times = [GRACE_MS, OUTAGE_KEPT_MS, NODE_KEPT_MS, KEPT_MS];
    const [, ...fields] = (await this.#redis.run(BEAT, [this.#key], [this.nodeId, ...times])) as [number, ...Buffer[]];
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
    let began = 0;
    let last: number | null = null;
    const nodes = new Map<string, number>();
    for (let i = 0; i < fields.length; i += 2) {
      const [kind, from = ''] = String(fields[i]).split(':');
      const at = Number(fields[i + 1]);
      if (kind === 'last') last = at;
      else if (kind === 'began') began = at;
      else if (kind === 'node') nodes.set(from, at);
      else if (kind === 'outage') outages.push({ from: Number(from), to: at });
    }
    this.#looked = true;
    const before = this.#beats;
    this.#beats = last === null ? null : { began, last, nodes, outages: outages.sort((a, b) => a.from - b.from) };
    const isNew = before !== null && this.#beats !== null && isDoubtful(before, this.#beats);
    if (isNew) for (const listener of this.#onDoubt) listener();
  }
}

/** Whether something may have been lost since: told once. */
function isDoubtful(before: Beats, now: Beats): boolean {
  if (before.began !== now.began) return true;
  const isSilent = ({ last }: Beats, at: number): boolean => last - at > NODE_SILENT_MS;
  return [...before.nodes].some(([id, at]) => !isSilent(before, at) && isSilent(now, now.nodes.get(id) ?? at));
}
