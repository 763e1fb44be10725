import { newAbortController, startTimer } from './platform.js';

/** Something that begins and ends, and the timers that end with it. */
export class Scope {
  readonly #controller = newAbortController();

  /** Aborts when the scope is closed. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get closed(): boolean {
    return this.signal.aborted;
  }

  /** @returns takes it back */
  after(ms: number, work: () => void): () => void {
    return after(ms, this.signal, work, () => {});
  }

  close(): void {
    this.#controller.abort();
  }
}

/** Resolves after some time, or as soon as the signal aborts. */
export function delay(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => void after(ms, signal, resolve, resolve));
}

function after(ms: number, signal: AbortSignal, work: () => void, aborted: () => void): () => void {
  if (signal.aborted) {
    aborted();
    return () => {};
  }
  const clear = (): void => {
    stop();
    signal.removeEventListener('abort', abort);
  };
  const abort = (): void => {
    clear();
    aborted();
  };
  const stop = startTimer(ms, () => {
    clear();
    work();
  });
  signal.addEventListener('abort', abort);
  return clear;
}
