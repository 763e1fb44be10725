import cors from '@fastify/cors';
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { LIMITS } from '../limits.js';
import { isSameHost, isSameSecret } from './admission.js';
import { graphqlRoute, type GraphqlRouteOptions } from './graphql-route.js';
import { httpError } from './http-error.js';

export interface HttpOptions extends GraphqlRouteOptions {
  /** Whether a page of this origin may use the service; a page of the same host always may. */
  readonly allowsOrigin: (origin: string) => boolean;
  /** When set, /graphql answers only requests that carry it in `x-gateway-secret`. */
  readonly gatewaySecret: string | null;
  /** Receives what went wrong outside of GraphQL. */
  readonly onDefect: (error: unknown) => void;
}

/** The HTTP door: /graphql, with the limits that come before GraphQL. Other routes are added by the caller. */
export async function createHttp(options: HttpOptions): Promise<FastifyInstance> {
  const { allowsOrigin, gatewaySecret, onDefect } = options;
  const app = fastify({
    bodyLimit: LIMITS.messageBytes,
    forceCloseConnections: 'idle',
    requestTimeout: REQUEST_MS,
    http: { headersTimeout: REQUEST_MS },
  });

  // A connection whose last answer is sent while the server closes would keep it open until the client lets go.
  let closing = false;
  app.addHook('preClose', async () => {
    closing = true;
  });
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (closing) reply.header('connection', 'close');
    done();
  });

  app.addHook('onRequest', (request, reply, done) => {
    const { origin } = request.headers;
    if (origin === undefined || isSameHost(origin, request.headers.host) || allowsOrigin(origin)) done();
    else refuse(request, reply, 403, 'This origin is not allowed.');
  });
  await app.register(cors, {
    origin: (origin, answer) => answer(null, origin !== undefined && allowsOrigin(origin)),
    methods: ['GET', 'POST'],
    exposedHeaders: ['retry-after'],
    maxAge: 86_400,
  });

  app.setErrorHandler((error: FastifyError, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500) onDefect(error);
    return refuse(request, reply, status);
  });
  app.setNotFoundHandler((request, reply) => refuse(request, reply, 404));

  app.route({
    url: '/graphql',
    method: ['GET', 'POST'],
    onRequest: async (request, reply) => {
      if (gatewaySecret === null || isSameSecret(request.headers['x-gateway-secret'], gatewaySecret)) return;
      return refuse(request, reply, 403, 'Requests come through the gateway.');
    },
    handler: graphqlRoute(options),
  });
  return app;
}

/** How long a client may take to send a request, in milliseconds. */
const REQUEST_MS = 10_000;

/** Answers before GraphQL could, in the shape that GraphQL clients read. */
function refuse(request: FastifyRequest, reply: FastifyReply, status: number, message?: string): FastifyReply {
  const { headers, body } = httpError(status, request.headers.accept, message === undefined ? {} : { message });
  return reply.code(status).headers(headers).send(body);
}
