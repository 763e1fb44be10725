import type { Clock, EventSink } from '../ports.js';

const BUCKET_MS = 10_000;
const BUCKETS = 30;
const MIN_REQUESTS = 20;
const LIMIT = 0.05;

interface Bucket {
  /** Number of the ten seconds that this counts. */
  readonly slot: number;
  requests: number;
  errors: number;
}

/**
 * Watches which part of the requests of the last five minutes ended in a server-side error. Over 5 % of at least 20:
 * `call_relay.escalated`, once, until the rate has come back to 5 % or to nothing. Keeps 30 counters, however many
 * requests there are.
 */
export class Escalation {
  #buckets: Bucket[] = [];
  #escalated = false;

  constructor(
    private readonly clock: Clock,
    private readonly events: EventSink,
  ) {}

  /** @param failed whether the request ended in an error that was not the client's doing */
  record(failed: boolean): void {
    const bucket = this.#current();
    this.#recover();
    bucket.requests += 1;
    if (failed) bucket.errors += 1;
    this.#recover();
    const { requests, errors } = this.#sum();
    if (this.#escalated || requests < MIN_REQUESTS || errors <= requests * LIMIT) return;
    this.#escalated = true;
    this.events.emit({ event: 'call_relay.escalated', error_rate: (errors / requests) * 100 });
  }

  /** The bucket of now, after those older than five minutes have gone. */
  #current(): Bucket {
    const slot = Math.floor(this.clock.elapsed() / BUCKET_MS);
    this.#buckets = this.#buckets.filter((bucket) => bucket.slot > slot - BUCKETS);
    const newest = this.#buckets.at(-1);
    if (newest !== undefined && newest.slot === slot) return newest;
    const bucket = { slot, requests: 0, errors: 0 };
    this.#buckets.push(bucket);
    return bucket;
  }

  #recover(): void {
    const { requests, errors } = this.#sum();
    if (errors <= requests * LIMIT) this.#escalated = false;
  }

  #sum(): { requests: number; errors: number } {
    return this.#buckets.reduce(
      (sum, { requests, errors }) => ({ requests: sum.requests + requests, errors: sum.errors + errors }),
      { requests: 0, errors: 0 },
    );
  }
}
