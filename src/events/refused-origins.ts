import type { Clock } from '../ports.js';
import { createSeldom } from './seldom.js';

const EVERY_MS = 60_000;
/** Origins told apart within a minute: a client may send as many as it likes. */
const ORIGINS = 100;
const TEXT = 256;

type Headers = { readonly origin?: string | undefined; readonly host?: string | undefined };

/** @param tell told at once, then once a minute for each origin, with the host that the page was told; null: of many others */
export function createRefusedOrigins(
  clock: Clock,
  tell: (origin: string | null, host: string | null, count: number) => void,
): (headers: Headers) => void {
  const origins = createSeldom({
    everyMs: EVERY_MS,
    clock,
    subjects: ORIGINS,
    tell: (subject, count) => {
      const [origin = null, host = null] = subject?.split(' ') ?? [];
      tell(origin, host, count);
    },
  });
  return ({ origin = '', host = '' }) => origins.happened(`${origin.slice(0, TEXT)} ${host.slice(0, TEXT)}`);
}
