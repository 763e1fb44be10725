import type { CallbackWatch } from '../host/callback.js';
import { asEventSink } from '../host/listeners.js';
import type { EventSink } from '../ports.js';

/** One sink in front of several: one that throws, rejects or hangs loses that event, and the others do not. */
export function createFanOut(sinks: readonly EventSink[], watch: CallbackWatch): EventSink {
  const guarded = sinks.map((sink) => asEventSink(sink, watch));
  return {
    emit(event, count) {
      for (const sink of guarded) sink.emit(event, count);
    },
  };
}
