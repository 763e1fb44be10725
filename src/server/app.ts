import fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Transform } from 'node:stream';
import { methodMustBe } from '../graphql/http-policy.js';
import { LIMITS } from '../limits.js';
import { CONTENT_ENCODING, httpError, STOPPING, type HttpErrorOptions } from './http-error.js';
import { serveOneByOne } from './one-by-one.js';
import { pathOf } from './path.js';

/** An error whose message is ours, and may be sent. */
export class Refusal extends Error {
  constructor(
    readonly statusCode: number,
    message: string,
  ) {
    super(message);
  }
}

/**
 * An HTTP server that refuses in the shape that GraphQL clients read, whatever the path: what Fastify would answer by itself
 * has another shape, and repeats the path. Routes are added by the caller.
 *
 * @param onDefect receives what went wrong in a route
 */
export function createApp(onDefect: (error: unknown) => void): FastifyInstance {
  const app = fastify({
    bodyLimit: LIMITS.messageBytes,
    forceCloseConnections: 'idle',
    requestTimeout: REQUEST_MS,
    connectionTimeout: SILENT_MS,
    // What has no Host is refused here, in our words.
    http: { headersTimeout: REQUEST_MS, connectionsCheckingInterval: CHECK_MS, requireHostHeader: false },
    frameworkErrors: (_error, request, reply) =>
      void refuse(request, reply as FastifyReply, 400, { message: 'The URL is not valid.' }),
    clientErrorHandler: refuseConnection,
    return503OnClosing: false,
  });
  app.server.on('checkExpectation', ({ headers }: IncomingMessage, response: ServerResponse) => {
    const { status, ...answer } = httpError(417, headers.accept, {
      message: 'The header Expect must be 100-continue.',
    });
    const length = Buffer.byteLength(answer.body);
    response.writeHead(status, { ...answer.headers, connection: 'close', 'content-length': length }).end(answer.body);
  });
  // Node.js has taken its own listeners off.
  app.server.on('connect', (_request: IncomingMessage, socket: Socket) => {
    socket.on('error', () => socket.destroy());
    refuseConnection({}, socket);
  });

  serveOneByOne(app);
  // A connection whose last answer is sent while the server closes would keep it open until the client lets go.
  let closing = false;
  app.addHook('preClose', async () => {
    closing = true;
    // Node.js waits for a connection on which half a request has come as if that were being served.
    const timer = setTimeout(() => app.server.closeAllConnections(), STOP_MS);
    app.server.once('close', () => clearTimeout(timer));
  });
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (closing) reply.header('connection', 'close');
    done();
  });
  app.addHook('onRequest', (request, reply, done) => {
    if (!closing) return done();
    refuse(request, reply, 503, STOPPING);
  });

  app.addHook('onRequest', (request, reply, done) => {
    // RFC 9112, section 3.2; probes speak HTTP/1.0 without one.
    if (request.raw.httpVersion !== '1.1' || request.headers.host !== undefined) return done();
    refuse(request, reply, 400, {
      message: 'The Host header is missing or not valid.',
      headers: { connection: 'close' },
    });
  });

  const paths = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ url, method }) => {
    // CORS has a route of its own for every path.
    if (url === '*') return;
    const methods = paths.get(url) ?? new Set();
    paths.set(url, methods);
    for (const each of [method].flat()) methods.add(each);
  });
  const refuseUnrouted = (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const allowed = [...(paths.get(pathOf(request.url)) ?? [])];
    if (allowed.length === 0) return refuse(request, reply, 404);
    const headers = { allow: allowed.join(', ') };
    // Which is what OPTIONS asks for (RFC 9110, section 9.3.7).
    if (request.method === 'OPTIONS') return reply.code(204).headers(headers).send();
    return refuse(request, reply, 405, { message: methodMustBe(allowed), headers });
  };
  app.setNotFoundHandler(refuseUnrouted);
  // Before a body is read.
  app.addHook('preParsing', (request, reply, payload, done) => {
    const { 'content-encoding': encoding = 'identity' } = request.headers;
    if (request.is404) refuseUnrouted(request, reply);
    else if (encoding.trim().toLowerCase() !== 'identity') refuse(request, reply, 415, CONTENT_ENCODING);
    else done(null, request.headers['transfer-encoding'] === undefined ? payload : payload.pipe(fewChunks()));
  });

  app.setErrorHandler((error: FastifyError, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500) onDefect(error);
    return refuse(request, reply, status, error instanceof Refusal ? { message: error.message } : {});
  });
  // It is read as application/json only.
  app.removeContentTypeParser('text/plain');
  return app;
}

/** How long a client may take to send a request, and how often that is looked at, in milliseconds. */
const REQUEST_MS = 10_000;
const CHECK_MS = 1_000;
/** How long a connection may stand still, be it that its client does not take an answer. Upgrades may wait for 30 s. */
const SILENT_MS = 40_000;

/** How long a request may take to come and be answered while the server stops, in milliseconds: it is given 5 s. */
const STOP_MS = 4_000;

/** However short, each chunk costs as much as a few hundred bytes. */
function fewChunks(): Transform {
  let chunks = 0;
  return new Transform({
    transform: (chunk, _encoding, done) => {
      chunks += 1;
      if (chunks <= LIMITS.bodyChunks) done(null, chunk);
      else done(new Refusal(413, `The request body comes in more than ${LIMITS.bodyChunks} chunks.`));
    },
  });
}

/** Answers before GraphQL could, in the shape that GraphQL clients read. */
export function refuse(
  request: FastifyRequest,
  reply: FastifyReply,
  status: number,
  options: HttpErrorOptions = {},
): FastifyReply {
  const { headers, body } = httpError(status, request.headers.accept, options);
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
