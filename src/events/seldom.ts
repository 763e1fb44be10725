import type { Clock } from '../ports.js';

/**
 * Tells of what keeps happening: at once when it begins, and then at most once in a while for each subject, with how often
 * it happened since it was last told. Nothing is left untold.
 */
export interface Seldom {
  happened(subject: string): void;
}

export interface SeldomOptions {
  readonly everyMs: number;
  readonly clock: Clock;
  /** @param subject null: others than the subjects that are told apart */
  readonly tell: (subject: string | null, count: number) => void;
  /** How many subjects are told apart. 1,000. */
  readonly subjects?: number;
}

interface Happening {
  toldAt: number;
  untold: number;
}

export function createSeldom({ everyMs, clock, tell, subjects = 1_000 }: SeldomOptions): Seldom {
  const happenings = new Map<string | null, Happening>();
  let timer: NodeJS.Timeout | null = null;

  /** Tells what waited for its time, and forgets what has come to an end. */
  function look(): void {
    const now = clock.elapsed();
    for (const [subject, happening] of happenings) {
      if (now - happening.toldAt < everyMs) continue;
      if (happening.untold === 0) happenings.delete(subject);
      else report(subject, happening, now);
    }
    if (happenings.size > 0 || timer === null) return;
    clearInterval(timer);
    timer = null;
  }

  function report(subject: string | null, happening: Happening, now: number): void {
    const count = happening.untold;
    Object.assign(happening, { toldAt: now, untold: 0 });
    tell(subject, count);
  }

  return {
    happened: (given) => {
      const subject = happenings.has(given) || happenings.size < subjects ? given : null;
      const happening = happenings.get(subject) ?? { toldAt: -Infinity, untold: 0 };
      happenings.set(subject, happening);
      happening.untold += 1;
      const now = clock.elapsed();
      if (now - happening.toldAt >= everyMs) report(subject, happening, now);
      // What is only waiting to be told keeps no process alive.
      timer ??= setInterval(look, everyMs).unref();
    },
  };
}
