import cors from '@fastify/cors';
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply } from 'fastify';
import { LIMITS } from '../limits.js';
import { isSameHost, isSameSecret } from './admission.js';
import { graphqlRoute, type GraphqlRouteOptions } from './graphql-route.js';

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
    else refuse(reply, 403, 'This origin is not allowed.');
  });
  await app.register(cors, {
    origin: (origin, answer) => answer(null, origin !== undefined && allowsOrigin(origin)),
    methods: ['GET', 'POST'],
    exposedHeaders: ['retry-after'],
    maxAge: 86_400,
  });

  app.setErrorHandler((error: FastifyError, _request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500) onDefect(error);
    return refuse(reply, status, REFUSALS[status] ?? (status < 500 ? 'Bad request.' : 'Internal server error'));
  });
  app.setNotFoundHandler((_request, reply) => refuse(reply, 404, 'Not found.'));

  app.route({
    url: '/graphql',
    method: ['GET', 'POST'],
    onRequest: async (request, reply) => {
      if (gatewaySecret === null || isSameSecret(request.headers['x-gateway-secret'], gatewaySecret)) return;
      return refuse(reply, 403, 'Requests come through the gateway.');
    },
    handler: graphqlRoute(options),
  });
  return app;
}

/** How long a client may take to send a request, in milliseconds. */
const REQUEST_MS = 10_000;

const REFUSALS: Readonly<Record<number, string>> = {
  400: 'The request body is not valid JSON.',
  413: `The request body is larger than ${LIMITS.messageBytes} bytes.`,
  415: 'The content type must be application/json.',
};

/** Answers before GraphQL could, in the shape that GraphQL clients read. */
function refuse(reply: FastifyReply, status: number, message: string): FastifyReply {
  const code = status >= 500 ? 'INTERNAL_SERVER_ERROR' : 'BAD_REQUEST';
  return reply
    .code(status)
    .header('cache-control', 'no-store')
    .send({ errors: [{ message, extensions: { code, status, retryable: false } }] });
}
