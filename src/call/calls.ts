import type { CursorSeal } from './cursor.js';
import { randomId } from './ids.js';
import { CallService, type CallParts } from './service.js';
import { EventStreams } from './streams.js';
import { Turns } from './turns.js';

export interface CallsParts extends CallParts {
  readonly cursors: CursorSeal;
  /** Told of what the regular work could not do this time; it is tried again a second later. */
  readonly onFailure: (error: unknown) => void;
}

/** Calls at work: what devices ask, what they are told, and what time does. */
export interface Calls {
  readonly service: CallService;
  readonly streams: EventStreams;
  /** Ends the streams with SHUTDOWN, and the regular work. The parts are closed by whoever made them. */
  close(): Promise<void>;
}

/** Nodes tell by each other's beats which of them has died. */
const BEAT_MS = 500;
const SWEEP_MS = 1_000;

export function createCalls(parts: CallsParts): Calls {
  const { store, index, presence, bus, timers, cursors, clock, newId = randomId, onFailure } = parts;
  const service = new CallService({ ...parts, turns: new Turns(timers) });
  const streams = new EventStreams({
    ledger: service.ledger,
    store,
    index,
    cursors,
    clock,
    presence,
    bus,
    openCalls: (viewer, known) => service.openCalls(viewer, known),
    timers,
    newId,
  });
  const stops = [
    timers.every(BEAT_MS, () => void store.beat().catch(onFailure)),
    timers.every(SWEEP_MS, () => void service.sweep().catch(onFailure)),
  ];
  return {
    service,
    streams,
    close: async () => {
      for (const stop of stops) stop();
      streams.close('SHUTDOWN');
      await streams.stop();
    },
  };
}
