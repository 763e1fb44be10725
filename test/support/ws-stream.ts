import type { StreamCloseReason } from '../../src/call/event.js';
import type { DeviceStream } from '../../src/server/websocket-connection.js';

export interface TestEvent {
  readonly events: { readonly name: string };
}

/** A device's event stream in small: what is pushed comes out, and a farewell is the last of it. */
export interface TestStream extends DeviceStream<TestEvent> {
  push(name: string): void;
  close(reason: StreamCloseReason): void;
  readonly isReturned: boolean;
  /** How often it was told that the client had been heard. */
  readonly heardTimes: number;
}

export function createTestStream(): TestStream {
  const queue: string[] = [];
  let waiting: ((result: IteratorResult<TestEvent, undefined>) => void) | null = null;
  let isClosed = false;
  let isReturned = false;
  let heardTimes = 0;
  let settle = (_reason: string): void => {};
  const ended = new Promise<string>((resolve) => (settle = resolve));

  function flush(): void {
    const name = queue[0];
    if (!waiting || (name === undefined && !isClosed)) return;
    queue.shift();
    const resolve = waiting;
    waiting = null;
    resolve(name === undefined ? { done: true, value: undefined } : { done: false, value: { events: { name } } });
  }
  const push = (name: string): void => {
    if (isClosed) return;
    queue.push(name);
    flush();
  };

  return {
    push,
    ended,
    close: (reason) => {
      push(`closed: ${reason}`);
      isClosed = true;
      settle(reason);
    },
    heard: () => void (heardTimes += 1),
    get isReturned() {
      return isReturned;
    },
    get heardTimes() {
      return heardTimes;
    },
    next: () =>
      new Promise((resolve) => {
        waiting = resolve;
        flush();
      }),
    return: () => {
      isReturned = true;
      isClosed = true;
      queue.length = 0;
      settle('LEFT');
      flush();
      return Promise.resolve({ done: true, value: undefined });
    },
  };
}
