import cors from '@fastify/cors';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { IncomingHttpHeaders } from 'node:http';
import { SignalingError } from '../errors.js';
import type { CallContext } from '../graphql/context.js';
import { LIMITS } from '../limits.js';
import { systemClock } from '../ports.js';
import { caught, next, type Soon } from '../soon.js';
import { isSameSecret } from './admission.js';
import { createApp, Refusal, refuse } from './app.js';
import { createConnections, type Connections } from './connections.js';
import { isSameHost } from '../host/origin.js';
import { graphqlRoute, type GraphqlRouteOptions } from './graphql-route.js';
import { CHARSET } from './http-error.js';
import { hasTooManyValues } from './json-values.js';
import { createLargeBodies } from './large-bodies.js';
import { pathOf } from './path.js';
import { createProxies } from './proxies.js';
import { createShares, type Shares } from './shares.js';
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
  /** To be given, both, where WebSockets are served too. */
  readonly connections?: Connections;
  readonly shares?: Shares;
  /** Receives what went wrong outside of GraphQL. */
  readonly onDefect: (error: unknown) => void;
}

/** What a request's answer counts for at least in its account's share of a turn: some of it is made later. */
const LATER_MS = 0.25;

/** The HTTP door: /graphql, with the limits that come before GraphQL. Other routes are added by the caller. */
export async function createHttp(options: HttpOptions): Promise<FastifyInstance> {
  const { allowsOrigin, gatewaySecret, onDefect, onRefusedOrigin } = options;
  const proxies = createProxies(options.trustProxy ?? null);
  const strangers = options.strangers ?? createStrangers({ clock: systemClock });
  const app = createApp(onDefect);
  const shares = options.shares ?? createShares(systemClock);
  const connections = options.connections ?? createConnections({ proxies, clock: systemClock, shares });
  connections.bound(app.server);
  const largeBodies = createLargeBodies();
  app.addHook('preClose', async () => connections.end());

  app.addHook('onRequest', (request, reply, done) => {
    const { origin } = request.headers;
    const isAllowed = origin === undefined || isSameHost(origin, proxies.hostOf(request.raw)) || allowsOrigin(origin);
    // Operations are counted with their tokens, in their route; all else here, before anything answers it.
    if (isAllowed && pathOf(request.url) === '/graphql' && request.method !== 'OPTIONS') return done();
    const address = proxies.clientOf(request.raw);
    if (strangers.anonymousRequest(address, bodyBytes(request))) return void tooMany(request, reply);
    if (isAllowed) return void shares.run(address, done);
    onRefusedOrigin?.(request.headers);
    refuse(request, reply, 403, { message: ORIGIN_REFUSED });
  });
  await app.register(cors, {
    origin: (origin, answer) => answer(null, origin !== undefined && allowsOrigin(origin)),
    methods: ['GET', 'POST'],
    strictPreflight: false,
    exposedHeaders: ['retry-after'],
    maxAge: 86_400,
  });

  app.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, text, done) => {
    inShare(request, 0, () => {
      const body = parsed(request, text);
      largeBodies.read(request);
      if (body instanceof Refusal) done(body);
      else done(null, body);
    });
  });

  const contexts = new WeakMap<object, CallContext>();
  const context: HttpOptions['context'] = (request) => {
    const own = contexts.get(request) ?? options.context(request);
    contexts.set(request, own);
    return own;
  };

  /** Looks at the token before anything else of a request is read. @returns whether its address has had too many bad ones */
  async function isTooMuch(request: FastifyRequest): Promise<boolean> {
    const address = proxies.clientOf(request.raw);
    if (request.headers.authorization === undefined) return strangers.anonymousRequest(address, bodyBytes(request));
    try {
      const { accountId } = await context(request).callSignaling.viewer();
      connections.known(request.raw.socket, accountId);
      return false;
    } catch (error) {
      // Who cannot be told at this time is told so later, in the words of the field.
      if (!(error instanceof SignalingError) || error.status >= 500) return false;
      // A bad token makes no one less of a stranger: what comes with it is counted too.
      return strangers.refusedToken(address) || strangers.anonymousRequest(address, bodyBytes(request));
    }
  }

  const route = graphqlRoute({ ...options, context });
  /** The account; its address of who has shown no good token. */
  function ownerOf(request: FastifyRequest): Soon<string> {
    return caught(
      () => next(context(request).callSignaling.viewer(), ({ accountId }) => accountId),
      () => proxies.clientOf(request.raw),
    );
  }

  function inShare(request: FastifyRequest, leastMs: number, work: () => void): void {
    void next(ownerOf(request), (owner) => void shares.run(owner, work, leastMs));
  }

  /** Looks at who sends a request, and waits for its turn where its body is a large one. @returns the answer, where it is refused */
  async function mayRead(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | void> {
    // From these the way by Apollo Server makes a URL.
    if (!URL.canParse(request.url, `${request.protocol}://${request.hostname}/`))
      return refuse(request, reply, 400, { message: 'The Host header is missing or not valid.' });
    if (gatewaySecret !== null) {
      if (!isSameSecret(request.headers['x-gateway-secret'], gatewaySecret))
        return refuse(request, reply, 403, { message: GATEWAY_ONLY });
      connections.known(request.raw.socket, null);
    }
    // The rest of what it sends is not read.
    else if (await isTooMuch(request)) return tooMany(request, reply);
    const bytes = bodyBytes(request);
    if (bytes <= LIMITS.largeBodyBytes) return undefined;
    return largeBodies.turn(await ownerOf(request), request, reply);
  }

  app.route({
    url: '/graphql',
    method: ['GET', 'POST'],
    exposeHeadRoute: false,
    onRequest: (request, reply) => {
      const { socket } = request.raw;
      if (bodyBytes(request) <= LIMITS.largeBodyBytes) return mayRead(request, reply);
      // A body that may not be read yet stays with its sender.
      socket.pause();
      return mayRead(request, reply).finally(() => socket.resume());
    },
    preValidation: async (request, reply) => {
      const { variables, extensions } = request.query as Readonly<Record<string, unknown>>;
      if ([variables, extensions].some((value) => hasTooManyValues(String(value))))
        return refuse(request, reply, 413, { message: TOO_MANY_VALUES.message });
    },
    handler: (request, reply) =>
      new Promise((resolve) => inShare(request, LATER_MS, () => resolve(route(request, reply)))),
  });
  return app;
}

function tooMany(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return refuse(request, reply, 429, { retryAfterSeconds: 1, headers: { connection: 'close' } });
}

/**
 * Members may have any name, `__proto__` too: nothing assigns to names that were sent.
 *
 * @returns the body, or why it is not taken
 */
function parsed({ headers }: FastifyRequest, text: string): unknown {
  const [, charset = 'utf-8'] = /;\s*charset="?([^";\s]*)/i.exec(headers['content-type'] ?? '') ?? [];
  if (!/^utf-?8$/i.test(charset)) return NOT_UTF8;
  if (hasTooManyValues(text)) return TOO_MANY_VALUES;
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    return NOT_JSON;
  }
}

const NOT_UTF8 = new Refusal(415, CHARSET);
const TOO_MANY_VALUES = new Refusal(413, `The request body has more than ${LIMITS.messageValues} JSON values.`);
const NOT_JSON = new Refusal(400, 'The request body is not valid JSON.');

/** What a body may come to: one that does not say how long it is may be as long as any. */
function bodyBytes({ headers }: FastifyRequest): number {
  const length = headers['content-length'];
  if (length !== undefined) return Number(length);
  return headers['transfer-encoding'] === undefined ? 0 : LIMITS.messageBytes;
}
