import cors from '@fastify/cors';
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { STATUS_CODES, type IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import { SignalingError } from '../errors.js';
import type { CallContext } from '../graphql/context.js';
import { LIMITS } from '../limits.js';
import { systemClock } from '../ports.js';
import { isSameSecret } from './admission.js';
import { isSameHost } from '../host/origin.js';
import { graphqlRoute, type GraphqlRouteOptions } from './graphql-route.js';
import { httpError } from './http-error.js';
import { hasTooManyValues } from './json-values.js';
import { createProxies } from './proxies.js';
import { createStrangers, type Strangers } from './strangers.js';
import { GATEWAY_ONLY, ORIGIN_REFUSED } from './websocket-upgrade.js';

export interface HttpOptions extends GraphqlRouteOptions {
  /** Whether a page of this origin may use the service; a page of the same host always may. */
  readonly allowsOrigin: (origin: string) => boolean;
  /** Told of requests whose origin was refused. */
  readonly onRefusedOrigin?: ((headers: IncomingHttpHeaders) => void) | undefined;
  /** When set, /graphql answers only requests that carry it in `x-gateway-secret`. */
  readonly gatewaySecret: string | null;
  /** Ranges of the addresses of proxies in front (TRUST_PROXY). None. */
  readonly trustProxy?: readonly string[] | null;
  /** Counts those who have not said who they are; to be given where WebSockets count them too. */
  readonly strangers?: Strangers;
  /** Receives what went wrong outside of GraphQL. */
  readonly onDefect: (error: unknown) => void;
}

/** The HTTP door: /graphql, with the limits that come before GraphQL. Other routes are added by the caller. */
export async function createHttp(options: HttpOptions): Promise<FastifyInstance> {
  const { allowsOrigin, gatewaySecret, onDefect, onRefusedOrigin } = options;
  const proxies = createProxies(options.trustProxy ?? null);
  const strangers = options.strangers ?? createStrangers({ clock: systemClock });
  const app = fastify({
    bodyLimit: LIMITS.messageBytes,
    forceCloseConnections: 'idle',
    requestTimeout: REQUEST_MS,
    http: { headersTimeout: REQUEST_MS, connectionsCheckingInterval: CHECK_MS },
    // What Fastify would answer by itself has another shape, and repeats the path.
    frameworkErrors: (_error, request, reply) => void refuse(request, reply as FastifyReply, 400, BAD_URL),
    clientErrorHandler: refuseConnection,
    return503OnClosing: false,
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
    if (closing) return void refuse(request, reply, 503, 'The server is stopping.', 1);
    if (origin === undefined || isSameHost(origin, proxies.hostOf(request.raw)) || allowsOrigin(origin)) return done();
    onRefusedOrigin?.(request.headers);
    refuse(request, reply, 403, ORIGIN_REFUSED);
  });
  await app.register(cors, {
    origin: (origin, answer) => answer(null, origin !== undefined && allowsOrigin(origin)),
    methods: ['GET', 'POST'],
    exposedHeaders: ['retry-after'],
    maxAge: 86_400,
  });

  const parseJson = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, text, done) => {
    if (hasTooManyValues(text)) done(TOO_MANY_VALUES);
    else void parseJson(request, text, done);
  });
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500) onDefect(error);
    return refuse(request, reply, status, error === TOO_MANY_VALUES ? error.message : undefined);
  });
  app.setNotFoundHandler((request, reply) => refuse(request, reply, 404));

  const contexts = new WeakMap<object, CallContext>();
  const context: HttpOptions['context'] = (request) => contexts.get(request) ?? options.context(request);

  /** Looks at the token before anything else of a request is read. @returns whether its address has had too many bad ones */
  async function isTooMuch(request: FastifyRequest): Promise<boolean> {
    const address = proxies.clientOf(request.raw);
    if (request.headers.authorization === undefined) return strangers.anonymousRequest(address, bodyBytes(request));
    const own = options.context(request);
    contexts.set(request, own);
    try {
      await own.callSignaling.viewer();
      return false;
    } catch (error) {
      // Who cannot be told at this time is told so later, in the words of the field.
      if (!(error instanceof SignalingError) || error.status >= 500) return false;
      // A bad token makes no one less of a stranger: what comes with it is counted too.
      return strangers.refusedToken(address) || strangers.anonymousRequest(address, bodyBytes(request));
    }
  }

  app.route({
    url: '/graphql',
    method: ['GET', 'POST'],
    onRequest: async (request, reply) => {
      if (gatewaySecret !== null) {
        if (isSameSecret(request.headers['x-gateway-secret'], gatewaySecret)) return;
        return refuse(request, reply, 403, GATEWAY_ONLY);
      }
      // The rest of what it sends is not read.
      if (await isTooMuch(request)) return refuse(request, reply.header('connection', 'close'), 429, undefined, 1);
    },
    handler: graphqlRoute({ ...options, context }),
  });
  return app;
}

/** How long a client may take to send a request, and how often that is looked at, in milliseconds. */
const REQUEST_MS = 10_000;
const CHECK_MS = 1_000;

/** Made once, and known by itself. */
const TOO_MANY_VALUES: Error = Object.assign(
  new Error(`The request body has more than ${LIMITS.messageValues} JSON values.`),
  { statusCode: 413 },
);
const BAD_URL = 'The URL is not valid.';

/** What a body may come to: one that does not say how long it is may be as long as any. */
function bodyBytes({ headers }: FastifyRequest): number {
  const length = headers['content-length'];
  if (length !== undefined) return Number(length);
  return headers['transfer-encoding'] === undefined ? 0 : LIMITS.messageBytes;
}

/** Answers before GraphQL could, in the shape that GraphQL clients read. */
function refuse(
  request: FastifyRequest,
  reply: FastifyReply,
  status: number,
  message?: string,
  retryAfterSeconds?: number,
): FastifyReply {
  const { headers, body } = httpError(status, request.headers.accept, {
    ...(message !== undefined && { message }),
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  });
  return reply.code(status).headers(headers).send(body);
}

/** What is not HTTP, or did not come in time, is answered as far as there is still somebody to read it. */
function refuseConnection({ code }: { readonly code?: string }, socket: Socket): void {
  if (code === 'ECONNRESET' || socket.destroyed || !socket.writable) return void socket.destroy();
  const status = code === 'HPE_HEADER_OVERFLOW' ? 431 : code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400;
  const { headers, body } = httpError(status, undefined, { message: `${STATUS_CODES[status]}.` });
  const lines = Object.entries({ ...headers, connection: 'close', 'content-length': String(Buffer.byteLength(body)) });
  const head = lines.map((line) => line.join(': ')).join('\r\n');
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${head}\r\n\r\n${body}`, () => socket.destroy());
}
