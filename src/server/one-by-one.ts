import type { FastifyInstance } from 'fastify';
import type { Socket } from 'node:net';
import { LIMITS } from '../limits.js';

interface Line {
  /** Requests that are not answered yet. */
  unanswered: number;
  /** Those that have not begun, in order. */
  readonly waiting: (() => void)[];
}

/**
 * Serves requests that came together on one connection one by one: each begins in a turn of the event loop of its own, when the
 * answer to the one before has left this process. So a connection holds one answer at most, however slowly it is read.
 */
export function serveOneByOne(app: FastifyInstance): void {
  const lines = new WeakMap<Socket, Line>();
  app.addHook('onRequest', ({ socket }, _reply, done) => {
    const line = lines.get(socket) ?? { unanswered: 0, waiting: [] };
    lines.set(socket, line);
    line.unanswered += 1;
    if (socket.destroyed || line.unanswered > LIMITS.requestsPerConnection) socket.destroy();
    else if (line.unanswered > 1) line.waiting.push(done);
    else done();
  });
  app.addHook('onResponse', ({ socket }, _reply, done) => {
    const line = lines.get(socket);
    setImmediate(() => {
      if (!line) return;
      line.unanswered -= 1;
      line.waiting.shift()?.();
    });
    done();
  });
}
