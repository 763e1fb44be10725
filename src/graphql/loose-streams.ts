import type { CallEvent } from '../call/event.js';
import type { EventStream } from '../call/stream.js';
import type { Presence } from '../call/presence.js';
import type { Timers } from '../ports.js';
import type { Viewer } from '../identity/viewer.js';
import type { StreamCarrier } from './context.js';
import { fieldError, type OnDefect } from './errors.js';

export interface LooseStreamsOptions {
  readonly presence: Pick<Presence, 'nextEpoch'>;
  /** @returns those of the viewers that may no longer be served */
  readonly recheck: (viewers: readonly Viewer[]) => Promise<readonly Viewer[]>;
  readonly timers: Timers;
  readonly onDefect: OnDefect;
}

/** Streams that a host's own server carries, for example its graphql-ws. */
export interface LooseStreams {
  /** Carries one stream of a viewer. @throws SignalingError CALL_UNAVAILABLE */
  carry(viewer: Viewer): Promise<StreamCarrier>;
  stop(): void;
}

/** As often as our own door rechecks its sockets, in milliseconds. */
const RECHECK_MS = 4_000;

/**
 * Takes the place of a socket of ours. The stream's session, its device and its order among the device's streams are
 * watched as there. What only a socket can tell is missing: that the device answers pings. Until it calls
 * `reportRinging` it shows no life, and the host's server closes no socket when the stream ends: StreamClosed is all that
 * tells the client.
 */
export function createLooseStreams({ presence, recheck, timers, onDefect }: LooseStreamsOptions): LooseStreams {
  const carried = new Map<EventStream, Viewer>();
  let isRechecking = false;

  async function look(): Promise<void> {
    if (isRechecking || carried.size === 0) return;
    isRechecking = true;
    try {
      const gone = await recheck([...carried.values()]);
      const isGone = ({ accountId, deviceId }: Viewer): boolean =>
        gone.some((each) => each.accountId === accountId && each.deviceId === deviceId);
      for (const [stream, viewer] of carried) if (isGone(viewer)) stream.close('DEVICE_REVOKED');
    } catch {
      // While the directory is down, devices are served on its last word.
    } finally {
      isRechecking = false;
    }
  }
  const stop = timers.every(RECHECK_MS, () => void look());

  return {
    carry: async (viewer) => ({
      epoch: await presence.nextEpoch(),
      register: (stream) => {
        carried.set(stream, viewer);
        void stream.finished.then(() => carried.delete(stream));
        return withErrorsOfOurs(stream, onDefect);
      },
    }),
    stop,
  };
}

/** What fails in mid-stream reaches the host's server in the words in which it may be sent. */
function withErrorsOfOurs(stream: EventStream, onDefect: OnDefect): AsyncIterableIterator<CallEvent> {
  const iterator: AsyncIterableIterator<CallEvent> = {
    next: () =>
      stream.next().catch((error: unknown) => {
        throw fieldError(error, onDefect);
      }),
    return: async () => {
      await stream.return();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]: () => iterator,
  };
  return iterator;
}
