import type { Viewer } from '../identity/viewer.js';
import type { Clock } from '../ports.js';
import type { Channel } from './websocket-channel.js';
import { ENDINGS, isEndReason, type EndReason, type StreamEndReason } from './websocket-codes.js';

/** A device's event stream, as the source of a subscription. */
/** AsyncIterableIterator with a type of its end, which it has in TypeScript from 5.6 on only. */
export type PulledEvents<Event> = AsyncIterator<Event, undefined> &
  AsyncIterable<Event> & {
    [Symbol.asyncIterator](): PulledEvents<Event>;
  };

export interface DeviceStream<Event> extends AsyncIterator<Event, unknown, undefined> {
  /** Makes a farewell (StreamClosed) the last event. A stream that ends already stays as it is. */
  close(reason: StreamEndReason): void;
  /**
   * Resolves as soon as it is known that the stream ends, before its last event is given. Reasons of {@link ENDINGS} end
   * the connection too; any other leaves it alone.
   */
  readonly ended: Promise<string>;
  /** Told when the device was heard after an event had been sent, or after it was pinged: it is there. */
  heard?(): void;
}

/** One socket after connection_init: a device of an account, for as long as its session lasts. */
export interface Connection {
  readonly viewer: Viewer;
  /** Drawn when the connection was made: of two streams of a device the one with the greater epoch is the newer. */
  readonly epoch: number;
  /**
   * Puts a stream under the connection's care. Either one's end is the other's, and the socket closes when the farewell
   * has been sent.
   *
   * @returns what GraphQL has to iterate over in the place of the stream
   */
  register<Event>(stream: DeviceStream<Event>): PulledEvents<Event>;
  /** Ends the connection for a reason; the socket closes with the reason's code. Only the first reason counts. */
  end(reason: EndReason): void;
}

export interface ConnectionOptions {
  readonly viewer: Viewer;
  readonly channel: Channel;
  readonly clock: Clock;
  /** How many queries and mutations have not been answered yet. */
  readonly unanswered: () => number;
}

/** What only the door may do with a connection. */
export interface OwnConnection extends Connection {
  /** 0 until it has been drawn, which is before anything is served. */
  epoch: number;
  /** Whether it has not been ended: nothing new is begun for one that has. */
  readonly isLive: boolean;
  /** To be called when an operation is over: the end may be waiting for that. */
  settle(): void;
  /** Whether the client answers a ping. */
  answers(withinMs: number): Promise<boolean>;
  /** Drops the socket without a word. */
  drop(): void;
}

/** A timer's longest time; more would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export function createConnection({ viewer, channel, clock, unanswered }: ConnectionOptions): OwnConnection {
  /** Those whose farewell has not been sent. */
  const streams = new Set<Pick<DeviceStream<unknown>, 'close' | 'heard'>>();
  let ended: EndReason | null = null;
  let timer: NodeJS.Timeout | undefined;

  watchExpiry();
  channel.onHeard(() => {
    for (const stream of streams) stream.heard?.();
  });
  void channel.left.then(() => {
    clearTimeout(timer);
    streams.clear();
  });

  function watchExpiry(): void {
    const remainingMs = viewer.expiresAt - clock.now();
    if (remainingMs <= 0) return end('SESSION_EXPIRED');
    timer = setTimeout(watchExpiry, Math.min(remainingMs, LONGEST_TIMER_MS));
  }

  function end(reason: EndReason): void {
    if (ended !== null || !channel.isOpen) return;
    ended = reason;
    clearTimeout(timer);
    const { code, graceMs } = ENDINGS[reason];
    if (reason === 'UNAVAILABLE') return channel.close(code);
    for (const stream of streams) stream.close(reason);
    // Who has not read the farewell by then does not read at all, and would not read the close either.
    timer = setTimeout(() => (channel.hasUnsent() ? channel.terminate() : channel.close(code)), graceMs);
    settle();
  }

  function settle(): void {
    if (ended === null || streams.size > 0 || unanswered() > 0) return;
    channel.close(ENDINGS[ended].code);
  }

  function register<Event>(stream: DeviceStream<Event>): PulledEvents<Event> {
    const forget = (): void => {
      if (streams.delete(stream)) settle();
    };
    streams.add(stream);
    void stream.ended.then((reason) => {
      if (isEndReason(reason)) end(reason);
    });
    if (ended !== null && ended !== 'UNAVAILABLE') stream.close(ended);

    const given = (result: IteratorResult<Event, unknown>): IteratorResult<Event, undefined> | Promise<never> => {
      if (!result.done) return result;
      // GraphQL asks for what follows the farewell when it has written it: the socket may close now.
      forget();
      // Who is told `complete` does not come back.
      return ended === null ? { done: true, value: undefined } : new Promise(() => {});
    };
    const failed = (error: unknown): never => {
      forget();
      throw error;
    };
    const iterator: PulledEvents<Event> = {
      next: () => stream.next().then(given, failed),
      async return() {
        forget();
        await stream.return?.();
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]: () => iterator,
    };
    return iterator;
  }

  return {
    viewer,
    epoch: 0,
    register,
    end,
    get isLive() {
      return ended === null;
    },
    settle,
    answers: channel.answers,
    drop: channel.terminate,
  };
}
