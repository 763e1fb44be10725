import type { Clock } from '../ports.js';
import { createRefusedOrigins } from './refused-origins.js';
import { createSeldom } from './seldom.js';
import type { ServiceFailure } from '../host/observed.js';

/**
 * What the standalone server would log and a host does not see otherwise. Nothing in it is secret, but what a browser sent as its
 * origin is anybody's text.
 */
export type Warning =
  | ({
      readonly warning: 'dependency_failed';
      /** `redis`, `login`, `device-directory`, `call-policy` or `webhook`. */
      readonly dependency: string;
      /** How often since this was last told. */
      readonly count: number;
    } & ServiceFailure)
  | {
      /** A page may not open sockets: its origin is neither allowed nor that of the host. */
      readonly warning: 'origin_refused';
      readonly origin: string;
      /** What the page was told that this server is called. */
      readonly host: string;
      readonly count: number;
    };

export type OnWarning = (warning: Warning) => void;

/** Passes on what keeps happening: at once when it begins, then once a minute for each subject. */
export interface Warnings {
  dependencyFailed(dependency: string, failure: ServiceFailure): void;
  originRefused(headers: { readonly origin?: string | undefined; readonly host?: string | undefined }): void;
}

const EVERY_MS = 60_000;

export function createWarnings(onWarning: OnWarning, clock: Clock): Warnings {
  /** The last failure of each dependency and reason. */
  const last = new Map<string, { readonly dependency: string } & ServiceFailure>();
  const failures = createSeldom({
    everyMs: EVERY_MS,
    clock,
    tell: (subject, count) => {
      const failure = last.get(subject ?? '');
      if (failure) onWarning({ warning: 'dependency_failed', ...failure, count });
    },
  });
  return {
    dependencyFailed: (dependency, { operation, reason, httpStatus }) => {
      const subject = `${dependency} ${reason}`;
      last.set(subject, { dependency, operation, reason, httpStatus });
      failures.happened(subject);
    },
    originRefused: createRefusedOrigins(clock, (origin, host, count) =>
      onWarning({ warning: 'origin_refused', origin: origin ?? '(others)', host: host ?? '', count }),
    ),
  };
}
