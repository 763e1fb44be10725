import type { FastifyInstance } from 'fastify';

/** What a client comes for. */
export type Service = 'calls' | 'relay';

/** `degraded`: gone on without, or on what was kept; `unavailable`: what needs it cannot be served. */
export type DependencyState = 'ready' | 'degraded' | 'unavailable';

/** Something around this service. */
export interface Dependency {
  readonly name: string;
  /** What is not, or not fully, served without it. */
  readonly affects: readonly Service[];
  readonly state: () => DependencyState;
}

export interface HealthOptions {
  /** False while the server starts or stops. */
  readonly isServing: () => boolean;
  readonly dependencies: readonly Dependency[];
}

/** What /readyz answers. Operators' tools read it: names stay as they are. */
interface Readiness {
  readonly status: 'ready' | 'degraded' | 'unavailable';
  /** What is affected: an outage of one service must not take this server away from the other. */
  readonly degraded: readonly Service[];
  readonly dependencies: Readonly<Record<string, DependencyState>>;
}

const SERVICES = ['calls', 'relay'] as const;

/** /healthz: the process lives. /readyz: what it can serve. */
export function serveHealth(app: FastifyInstance, { isServing, dependencies }: HealthOptions): void {
  app.get('/healthz', () => ({ status: 'ok' }));
  app.get('/readyz', (_request, reply) => {
    const readiness = readinessOf(dependencies, isServing());
    return reply.code(readiness.status === 'unavailable' ? 503 : 200).send(readiness);
  });
}

/** /metrics: Prometheus text exposition. */
export function serveMetrics(
  app: FastifyInstance,
  metrics: { text(): Promise<string>; readonly contentType: string },
): void {
  app.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()));
}

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
