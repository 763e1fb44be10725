import type { Dependency, DependencyState, Service } from '../host/observed.js';

/** What /readyz answers. Operators' tools read it: names stay as they are. */
export interface Readiness {
  readonly status: 'ready' | 'degraded' | 'unavailable';
  /** What is affected: an outage of one service must not take this server away from the other. */
  readonly degraded: readonly Service[];
  readonly dependencies: Readonly<Record<string, DependencyState>>;
}

/** An answer to whoever asks whether this process can serve. */
export interface Health {
  /** 503 when it is unavailable: it can serve nothing. */
  readonly httpStatus: 200 | 503;
  readonly body: Readiness;
}

const SERVICES = ['calls', 'relay'] as const;

/** A server is only unavailable when it can serve nothing: one that can hand out credentials still should. */
export function readinessOf(dependencies: readonly Dependency[], isServing: boolean): Readiness {
  const states = dependencies.map((dependency) => ({ ...dependency, now: dependency.state() }));
  const affected = SERVICES.filter((service) =>
    states.some(({ affects, now }) => now !== 'ready' && affects.includes(service)),
  );
  const isServed = (service: Service): boolean =>
    !states.some(({ affects, now }) => now === 'unavailable' && affects.includes(service));
  const isAvailable = isServing && SERVICES.some(isServed);
  return {
    status: !isAvailable ? 'unavailable' : affected.length > 0 ? 'degraded' : 'ready',
    degraded: affected,
    dependencies: Object.fromEntries(states.map(({ name, now }) => [name, now])),
  };
}

export function healthOf(dependencies: readonly Dependency[], isServing: boolean): Health {
  const body = readinessOf(dependencies, isServing);
  return { httpStatus: body.status === 'unavailable' ? 503 : 200, body };
}
