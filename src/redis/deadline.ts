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
export function before<Result>(deadline: Deadline, work: Promise<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    const cancel = atDeadline(deadline, () => reject(new RedisError('timeout')));
    work.then(
      (result) => {
        cancel();
        resolve(result);
      },
      (error: Error) => {
        cancel();
        reject(error);
      },
    );
  });
}

/** @returns cancels it */
export function atDeadline(deadline: Deadline, giveUp: () => void): () => void {
  let isOver = false;
  // An answer that came while this process was busy is read first: the time was ours, not the server's.
  const late = (): void => {
    if (!isOver) giveUp();
  };
  const timer = setTimeout(() => setImmediate(late), Math.max(0, Math.ceil(deadline - elapsed())));
  return () => {
    isOver = true;
    clearTimeout(timer);
  };
}
