import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { OPAQUE_ID } from '../limits.js';
import type { Clock } from '../ports.js';
import { isLoopbackOrigin } from './admission.js';
import { refuse } from './app.js';
import { isSameHost } from '../host/origin.js';
import type { DevelopmentLogin } from './development.js';

/** Short, so that what a page does when its token expires is seen in development too. */
const TOKEN_SECONDS = 60 * 60;

const Body = z.object({ account: z.string().regex(OPAQUE_ID), device: z.string().regex(OPAQUE_ID) });

const WANTED = 'Send {"account","device"} as application/json: 1 to 256 printable ASCII characters each.';

/** `POST /development/token` stands in for signing in: a token for any account, for pages of this server on this machine. */
export function serveDevelopmentTokens(app: FastifyInstance, login: DevelopmentLogin, clock: Clock): void {
  app.post('/development/token', async (request, reply) => {
    reply.header('cache-control', 'no-store');
    if (!isOwnPage(request))
      return refuse(request, reply, 403, { message: 'Tokens are for pages on this machine only.' });
    const { success, data } = Body.safeParse(request.body);
    if (!success) return refuse(request, reply, 400, { message: WANTED });
    const nowMs = clock.now();
    return {
      token: await login.issue(data.account, data.device, nowMs, TOKEN_SECONDS),
      expiresAt: new Date(nowMs + TOKEN_SECONDS * 1000).toISOString(),
    };
  });
}

/**
 * The Host tells a name that was made to point here (DNS rebinding) from ours; the Origin tells pages of other servers on
 * this machine; the address tells other machines, when the server listens to them.
 */
export function isOwnPage({ headers: { host, origin }, ip }: FastifyRequest): boolean {
  if (!isLoopbackOrigin(`http://${host}`)) return false;
  if (origin !== undefined && !isSameHost(origin, host)) return false;
  return ['127.0.0.1', '::1', '::ffff:127.0.0.1'].includes(ip);
}
