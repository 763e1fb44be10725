import type { FastifyInstance } from 'fastify';
import type { Health } from '../signaling/health.js';

/** /healthz: the process lives. /readyz: what it can serve. */
export function serveHealth(app: FastifyInstance, health: () => Health): void {
  app.get('/healthz', () => ({ status: 'ok' }));
  app.get('/readyz', (_request, reply) => {
    const { httpStatus, body } = health();
    return reply.code(httpStatus).send(body);
  });
}

/** /metrics: Prometheus text exposition. */
export function serveMetrics(
  app: FastifyInstance,
  metrics: { text(): Promise<string>; readonly contentType: string },
): void {
  app.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()));
}
