import { systemClock } from '../ports.js';
import { RedisError } from './failure.js';

/** This process's monotonic clock: what goes between it and a server's is measured by nothing else. */
export const elapsed = (): number => systemClock.elapsed();

/** A moment by this process's monotonic clock, in milliseconds: no change of the time of day moves it. */
export type Deadline = number;

export function deadlineIn(ms: number): Deadline {
  return elapsed() + ms;
}

/**
 * Waits for the work until the deadline. The work itself goes on; what becomes of it is ignored.
 *
 * @throws RedisError `timeout`; whatever the work throws before that
 */
export async function before<Result>(deadline: Deadline, work: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const giveUp = (): void => reject(new RedisError('timeout'));
    // An answer that came while this process was busy is read first: the time was ours, not the server's.
    timer = setTimeout(() => setImmediate(giveUp), Math.max(0, Math.ceil(deadline - elapsed())));
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
