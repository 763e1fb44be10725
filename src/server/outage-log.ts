import type { Clock } from '../ports.js';
import type { Log } from './log.js';
import type { LogFields } from './log-fields.js';

/** Tells of the failures of one dependency: a line at the loss, one a minute while it lasts, and one at the return. */
export interface OutageLog {
  failed(fields: LogFields): void;
  close(): void;
}

export interface OutageLogOptions {
  readonly dependency: string;
  readonly isDown: () => boolean;
  readonly log: Log;
  readonly clock: Clock;
}

const EVERY_MS = 60_000;
/** How often it is looked whether the dependency is back. */
const LOOK_MS = 1_000;

export function createOutageLog({ dependency, isDown, log, clock }: OutageLogOptions): OutageLog {
  let toldAt = -Infinity;
  let untold = 0;
  /** Since when it has been failing, as far as it was told; null: it answers. */
  let lostAt: number | null = null;
  let last: LogFields = {};
  let looking: NodeJS.Timeout | null = null;

  function look(): void {
    const now = clock.elapsed();
    if (isDown()) return tellInTime(now);
    stopLooking();
    if (lostAt === null) return;
    log.info('A service around this one answers again', {
      dependency,
      count: untold,
      seconds: Math.round((now - lostAt) / 1_000),
    });
    lostAt = null;
    untold = 0;
  }

  function tellInTime(now: number): void {
    if (untold === 0 || now - toldAt < EVERY_MS) return;
    const text =
      lostAt === null ? 'A service around this one gave no answer' : 'A service around this one still gives none';
    log.warn(text, { ...last, dependency, count: untold });
    lostAt ??= now;
    toldAt = now;
    untold = 0;
  }

  function stopLooking(): void {
    if (looking) clearInterval(looking);
    looking = null;
  }

  return {
    failed: (fields) => {
      last = fields;
      untold += 1;
      tellInTime(clock.elapsed());
      looking ??= setInterval(look, LOOK_MS).unref();
    },
    close: stopLooking,
  };
}
