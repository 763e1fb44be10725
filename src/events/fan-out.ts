import type { EventSink } from '../ports.js';

/**
 * One sink in front of several, which keeps the port's promise for those that a host wrote: one that throws, or whose
 * promise is rejected, loses that event and disturbs neither the others nor the call.
 * @param onFailure told of each event that a sink lost; must not throw
 */
export function createFanOut(sinks: readonly EventSink[], onFailure: (error: unknown) => void): EventSink {
  return {
    emit(event, count) {
      for (const sink of sinks) {
        // A host may write an async `emit`: its rejection would otherwise end the process.
        void new Promise((resolve) => resolve(sink.emit(event, count))).catch(onFailure);
      }
    },
  };
}
