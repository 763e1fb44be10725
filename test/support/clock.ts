import type { Timers } from '../../src/ports.js';
import type { Clock } from '../../src/ports.js';

interface Task {
  at: number;
  /** Null: once. */
  readonly every: number | null;
  readonly run: () => void;
}

/** Lets everything that needs no time to pass happen. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A clock that stands still until a test moves it, and timers that go by it. */
export class SetClock implements Clock, Timers {
  readonly #tasks = new Set<Task>();
  /** Time that has passed, on which timers go; wall time is this and an offset. */
  #now: number;
  #wallOffset = 0;

  constructor(now = Date.UTC(2030, 0, 1)) {
    this.#now = now;
  }

  now(): number {
    return this.#now + this.#wallOffset;
  }

  elapsed(): number {
    return this.#now;
  }

  /** Somebody sets the wall clock forward, or back with a negative number: no time passes. */
  setWall(byMs: number): void {
    this.#wallOffset += byMs;
  }

  /** Moves time without any timer: as a process sees it that stood still, or that has none. */
  jump(ms: number): void {
    this.#now += ms;
  }

  /** Lets time pass, each timer going off at its time, and what it starts running before the next one. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    await settled();
    for (let next = this.#next(until); next; next = this.#next(until)) {
      this.#now = Math.max(this.#now, next.at);
      if (next.every === null) this.#tasks.delete(next);
      else next.at += next.every;
      next.run();
      await settled();
    }
    this.#now = until;
  }

  every(ms: number, run: () => void): () => void {
    const task = { at: this.#now + ms, every: ms, run };
    this.#tasks.add(task);
    return () => this.#tasks.delete(task);
  }

  wait(ms: number): Promise<void> {
    return new Promise((run) => this.#tasks.add({ at: this.#now + ms, every: null, run }));
  }

  #next(until: number): Task | undefined {
    return [...this.#tasks].filter((task) => task.at <= until).sort((a, b) => a.at - b.at)[0];
  }
}
