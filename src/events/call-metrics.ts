import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { END_REASONS } from '../call/state.js';
import { REFUSAL_REASONS, type RefusalReason } from '../jwt/refusal.js';
import { asPredicate, numberAtOnce } from '../host/listeners.js';
import type { CallLifecycleEvent, EventSink } from '../ports.js';

/** What this process does for calls, and on whom it depends. */
export interface CallMetrics {
  /** Counts calls by their events. Each event is emitted once, on the node where it happened: add the nodes up. */
  readonly calls: EventSink;
  /** @param open how many event streams are open in this process */
  watchStreams(open: () => number): void;
  /** @param open how many WebSockets are open in this process */
  watchSockets(open: () => number): void;
  watchDependency(dependency: string, isDegraded: () => boolean): void;
  /** @param reason in fixed words */
  dependencyFailed(dependency: string, reason: string): void;
  tokenRefused(reason: RefusalReason): void;
}

const MEDIA = ['AUDIO', 'VIDEO'] as const satisfies CallLifecycleEvent['media'][];
/** Up to the time after which nobody answers any more. */
const RING_SECONDS = [1, 2, 5, 10, 15, 20, 30, 45, 60];
const TALK_SECONDS = [10, 30, 60, 180, 600, 1_800, 3_600, 10_800];

export function createCallMetrics(registry: Registry): CallMetrics {
  const registers = [registry];
  const started = new Counter({
    name: 'calls_started_total',
    help: 'Calls that were started, by media',
    labelNames: ['media'],
    registers,
  });
  const answered = new Counter({
    name: 'calls_answered_total',
    help: 'Calls that were answered, by media',
    labelNames: ['media'],
    registers,
  });
  const ended = new Counter({
    name: 'calls_ended_total',
    help: 'Calls that ended, by the reason that the caller is told',
    labelNames: ['end_reason'],
    registers,
  });
  const rang = new Histogram({
    name: 'call_ring_seconds',
    help: 'Time from the start of a call to its answer, in seconds',
    buckets: RING_SECONDS,
    registers,
  });
  const talked = new Histogram({
    name: 'call_talk_seconds',
    help: 'Time from the first connection to the end of a call that was connected, in seconds',
    buckets: TALK_SECONDS,
    registers,
  });
  const failures = new Counter({
    name: 'dependency_failures_total',
    help: 'Answers that a service around this one did not give, by service and reason',
    labelNames: ['dependency', 'reason'],
    registers,
  });
  const refused = new Counter({
    name: 'tokens_refused_total',
    help: 'Access tokens that were refused, by reason',
    labelNames: ['reason'],
    registers,
  });
  for (const reason of REFUSAL_REASONS) refused.inc({ reason }, 0);
  for (const media of MEDIA) for (const counter of [started, answered]) counter.inc({ media }, 0);
  for (const reason of END_REASONS) ended.inc({ end_reason: reason }, 0);

  /** Read when it is asked for; without a reader 0. */
  const watched = (name: string, help: string): ((read: () => number) => void) => {
    let value = (): number => 0;
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(numberAtOnce(value));
      },
    });
    return (read) => (value = read);
  };
  const dependencies = new Map<string, (asked: undefined) => boolean>();
  new Gauge({
    name: 'dependency_degraded',
    help: 'Whether a service around this one is gone without at present: 1 yes, 0 no',
    labelNames: ['dependency'],
    registers,
    collect() {
      for (const [dependency, isDegraded] of dependencies) this.set({ dependency }, isDegraded(undefined) ? 1 : 0);
    },
  });

  return {
    calls: {
      emit(event) {
        if (event.event === 'call.started') started.inc({ media: event.media });
        else if (event.event === 'call.answered') {
          answered.inc({ media: event.media });
          rang.observe((event.ringMs ?? 0) / 1_000);
        } else if (event.event === 'call.ended') {
          ended.inc({ end_reason: event.endReason ?? 'COMPLETED' });
          if (event.talkMs) talked.observe(event.talkMs / 1_000);
        }
      },
    },
    watchStreams: watched('call_streams', 'Event streams that are open on this node'),
    watchSockets: watched('websocket_connections', 'WebSockets that are open on this node'),
    watchDependency: (dependency, isDegraded) => void dependencies.set(dependency, asPredicate(isDegraded)),
    dependencyFailed: (dependency, reason) => failures.inc({ dependency, reason }),
    tokenRefused: (reason) => refused.inc({ reason }),
  };
}
