import type { Viewer } from '../identity/viewer.js';
import type { StreamCloseReason } from './event.js';
import type { NewId } from './ids.js';
import type { Timers } from '../ports.js';
import { EventStream } from './stream.js';
import type { StreamParts } from './stream.js';

export interface StreamsParts extends StreamParts {
  readonly timers: Timers;
  readonly newId: NewId;
}

/** A session that is over is noticed within this time, in milliseconds. */
const TICK_MS = 1_000;

/** The event streams of this process, and the one timer that they share. */
export class EventStreams {
  readonly #parts: StreamsParts;
  readonly #open = new Set<EventStream>();
  readonly #stopTicking: () => void;
  #closing: StreamCloseReason | null = null;

  constructor(parts: StreamsParts) {
    this.#parts = parts;
    this.#stopTicking = parts.timers.every(TICK_MS, () => this.tick());
  }

  get size(): number {
    return this.#open.size;
  }

  /** Opens the stream of a device; see {@link EventStream.open}. */
  async subscribe(viewer: Viewer, epoch: number, after: string | null): Promise<EventStream> {
    const identity = { viewer, streamId: this.#parts.newId(), epoch };
    const stream = await EventStream.open(this.#parts, identity, after);
    this.#open.add(stream);
    if (this.#closing) stream.close(this.#closing);
    // Also when it was told to close: it leaves this set when nobody reads it any more.
    void stream.finished.then(() => this.#open.delete(stream));
    return stream;
  }

  /** What happens every second. */
  tick(): void {
    for (const stream of this.#open) stream.tick();
  }

  /** Tells every stream to end, those too that open after this. */
  close(reason: StreamCloseReason): void {
    this.#closing = reason;
    for (const stream of this.#open) stream.close(reason);
  }

  /** Ends whatever is still open, and the timer. */
  async stop(): Promise<void> {
    this.#stopTicking();
    const open = [...this.#open];
    await Promise.all(open.map((stream) => stream.return()));
    await Promise.all(open.map((stream) => stream.finished));
  }
}
