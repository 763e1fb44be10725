import type { Clock, EventSink, SignalingEvent } from '../../src/ports.js';
import type { RelayMetrics } from '../../src/relay/ports.js';

/** A clock whose wall time stands until it is moved; the time that passes is the real one, and what it was moved by. */
export function manualClock(now = Date.UTC(2026, 0, 15, 12)): Clock & { advance(ms: number): void } {
  let moved = 0;
  return {
    now: () => now + moved,
    elapsed: () => performance.now() + moved,
    advance: (ms) => {
      moved += ms;
    },
  };
}

/** Keeps what was emitted. */
export function recordingEvents(): EventSink & { readonly all: readonly SignalingEvent[] } {
  const all: SignalingEvent[] = [];
  return { all, emit: (event) => void all.push(event) };
}

/** Keeps what was counted, one line each, for example `request issued control`; without the times, which vary. */
export function recordingMetrics(): RelayMetrics & {
  readonly lines: readonly string[];
  count(line: string): number;
  starting(word: string): string[];
} {
  const lines: string[] = [];
  return {
    lines,
    count: (line) => lines.filter((other) => other === line).length,
    starting: (word) => lines.filter((line) => line.startsWith(`${word} `)),
    request: (outcome, arm) => void lines.push(`request ${outcome} ${arm}`),
    providerCall: (provider, result) => void lines.push(`provider ${provider} ${result}`),
    breaker: (provider, state) => void lines.push(`breaker ${provider} ${state}`),
    dns: (family, outcome) => void lines.push(`dns ${family} ${outcome}`),
    armFellBack: (experiment) => void lines.push(`fell-back ${experiment}`),
    servedKept: () => void lines.push('kept'),
  };
}
