/** Wall time in milliseconds, for what people and tokens are told. It can be set back and forward at any moment. */
export function now(): number {
  return Date.now();
}

/**
 * Milliseconds that have passed since some moment: for every duration. It never goes back, and on some platforms it stands
 * still while the machine sleeps (High Resolution Time, section 8): where that matters, use {@link ageMs}.
 */
export function elapsed(): number {
  // Where there is no performance, a clock that can be set back is better than none.
  return globalThis.performance?.now() ?? Date.now();
}

/** A moment as both clocks saw it. */
export interface Moment {
  readonly wall: number;
  readonly elapsed: number;
}

export function moment(): Moment {
  return { wall: now(), elapsed: elapsed() };
}

/**
 * How old something is that must not be used for too long, such as credentials: by the clock that says more. One stands still
 * in sleep, the other may have been set back. A clock that was set forward makes it older than it is, which costs a refresh.
 */
export function ageMs(since: Moment): number {
  return Math.max(now() - since.wall, elapsed() - since.elapsed);
}
