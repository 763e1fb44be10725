import type { FastifyReply, FastifyRequest } from 'fastify';
import { LIMITS } from '../limits.js';

/** Large request bodies, of which a few of one owner are read at a time: the others stay with their sender meanwhile. */
export interface LargeBodies {
  /** @returns once the body of the request may be read */
  turn(owner: string, request: FastifyRequest, reply: FastifyReply): Promise<void>;
  /** The body was read, and looked at. */
  read(request: FastifyRequest): void;
}

interface Queue {
  reading: number;
  /** In order. */
  readonly waiting: Set<() => void>;
}

export function createLargeBodies(): LargeBodies {
  const queues = new Map<string, Queue>();
  /** How to give up the place of a request that has one. */
  const places = new WeakMap<FastifyRequest, () => void>();

  function begin(owner: string, queue: Queue, request: FastifyRequest): void {
    queue.reading += 1;
    places.set(request, () => {
      places.delete(request);
      queue.reading -= 1;
      const [first] = queue.waiting;
      first?.();
      if (queue.reading === 0) queues.delete(owner);
    });
  }

  return {
    turn: (owner, request, reply) =>
      new Promise((resolve) => {
        if (reply.raw.destroyed) return;
        const queue = queues.get(owner) ?? { reading: 0, waiting: new Set() };
        queues.set(owner, queue);
        const go = (): void => {
          queue.waiting.delete(go);
          begin(owner, queue, request);
          resolve();
        };
        // It may never be read: it was refused, or its connection is gone.
        reply.raw.once('close', () => {
          queue.waiting.delete(go);
          places.get(request)?.();
        });
        if (queue.reading < LIMITS.largeBodiesAtOnce) go();
        else queue.waiting.add(go);
      }),
    read: (request) => places.get(request)?.(),
  };
}
