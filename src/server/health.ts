import type { FastifyInstance } from 'fastify';

/** Something that the service can go on without for a while. */
export interface Dependency {
  readonly name: string;
  readonly degraded: () => boolean;
}

export interface HealthOptions {
  /** False while the server starts or stops. */
  readonly isServing: () => boolean;
  readonly dependencies: readonly Dependency[];
  /** Prometheus text exposition. */
  readonly metrics: { text(): Promise<string>; readonly contentType: string };
}

/** /healthz: the process lives. /readyz: it can serve, and what it does without at present. /metrics: for Prometheus. */
export function serveHealth(app: FastifyInstance, { isServing, dependencies, metrics }: HealthOptions): void {
  app.get('/healthz', () => ({ status: 'ok' }));

  app.get('/readyz', (_request, reply) => {
    const states = dependencies.map(({ name, degraded }) => [name, degraded() ? 'degraded' : 'ok'] as const);
    const status = isServing() ? 'ready' : 'stopping';
    return reply.code(isServing() ? 200 : 503).send({ status, dependencies: Object.fromEntries(states) });
  });

  app.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()));
}
