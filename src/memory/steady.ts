import type { Clock } from '../ports.js';

/**
 * The rule of time for what is kept in this process: Unix milliseconds that never go back and never jump. Wall time is read once,
 * here, and from then on only time that has passed is added, so that setting the clock moves no deadline.
 */
export function steadyTime(clock: Clock): () => number {
  const start = clock.now() - clock.elapsed();
  return () => Math.floor(start + clock.elapsed());
}
