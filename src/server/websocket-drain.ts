import { setTimeout as wait } from 'node:timers/promises';

/** Goodbyes are spread over so much of the drain: clients come back to the other servers one after the other. */
const SPREAD_MS = 3_000;
const STEP_MS = 50;
/** Of few clients, nobody feels that they come back together. */
const LEAST_A_STEP = 20;
/** When the sockets that are still there are dropped: a server is given 5 s to stop. */
const OVER_MS = 4_500;

export interface DrainOptions<Socket> {
  /** Those that are to be told. */
  readonly sockets: Iterable<Socket>;
  readonly sayGoodbye: (socket: Socket) => void;
  /** Drops a socket without a word. */
  readonly drop: (socket: Socket) => void;
  /** Resolves when all sockets are gone. */
  readonly closed: Promise<unknown>;
}

/** Ends all sockets of a server that stops, some at a time. Resolves when they are gone, within 5 s. */
export async function drain<Socket>({ sockets, sayGoodbye, drop, closed }: DrainOptions<Socket>): Promise<void> {
  const all = [...sockets];
  const timer = setTimeout(() => all.forEach(drop), OVER_MS);
  const atOnce = Math.max(LEAST_A_STEP, Math.ceil((all.length * STEP_MS) / SPREAD_MS));
  for (let told = 0; told < all.length; told += atOnce) {
    if (told > 0) await wait(STEP_MS);
    all.slice(told, told + atOnce).forEach(sayGoodbye);
  }
  await closed;
  clearTimeout(timer);
}
