import { STATUS_CODES, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { methodMustBe } from '../graphql/http-policy.js';
import { isSameSecret } from './admission.js';
import { isSameHost } from '../host/origin.js';
import { httpError, type HttpErrorOptions } from './http-error.js';
import { pathOf } from './path.js';

export interface UpgradeRules {
  /** The only path on which sockets are taken, for example /graphql. */
  readonly path: string;
  /** Whether a page of this origin may open a socket; a page of the same host, and what is no page, always may. */
  readonly allowsOrigin: (origin: string) => boolean;
  /** Told of requests whose origin was refused. */
  readonly onRefusedOrigin?: ((headers: IncomingHttpHeaders) => void) | undefined;
  /** When set, only requests that carry it in `x-gateway-secret` are upgraded. */
  readonly gatewaySecret: string | null;
  /** What refusals name for whoever runs this: the settings of the standalone server, or the options of a host. Settings. */
  readonly refusalsName?: 'settings' | 'options';
}

/** Why a request does not get what it asks for. */
export interface Refusal extends HttpErrorOptions {
  readonly status: number;
  readonly isOfOrigin?: boolean;
}

export const ORIGIN_REFUSED =
  'This origin is not allowed (CORS_ORIGINS; behind a proxy that rewrites Host: TRUST_PROXY).';
export const GATEWAY_ONLY = 'Requests come through the gateway (GATEWAY_SECRET).';
/** The same to a host, who has no settings. */
const BY_OPTIONS = {
  origin:
    'This origin is not allowed (origins of the authenticator, or allowsOrigin; behind a proxy that rewrites Host: trustProxy).',
  gateway: 'Requests come through the gateway (gatewaySecret).',
};

/**
 * Whether a request may become a WebSocket. Browsers send cookies and no preflight with an upgrade, so the Origin is all
 * that tells a page of ours from any other (RFC 6455, section 10.2).
 *
 * @param host what the client called this server
 * @returns null: it may
 */
export function refusalOf(request: IncomingMessage, rules: UpgradeRules, host: string | undefined): Refusal | null {
  const { headers } = request;
  if (!isOn(rules.path, request)) return { status: 404 };
  const { origin } = headers;
  const isByOptions = rules.refusalsName === 'options';
  if (origin !== undefined && !isSameHost(origin, host) && !rules.allowsOrigin(origin)) {
    return { status: 403, message: isByOptions ? BY_OPTIONS.origin : ORIGIN_REFUSED, isOfOrigin: true };
  }
  const secret = rules.gatewaySecret;
  if (secret === null || isSameSecret(headers['x-gateway-secret'], secret)) return null;
  return { status: 403, message: isByOptions ? BY_OPTIONS.gateway : GATEWAY_ONLY };
}

/** Whether a request is for the path, whatever its query. */
export function isOn(path: string, { url }: Pick<IncomingMessage, 'url'>): boolean {
  return pathOf(url) === pathOf(path);
}

/** The versions of the protocol that ws speaks: RFC 6455, and the drafts before it. */
const VERSIONS = ['13', '8'];

/**
 * What is wrong with a handshake that ws does not take (RFC 6455, section 4.2).
 *
 * @param error of ws, whose words name a header and never its value
 */
export function handshakeRefusal({ method, headers }: IncomingMessage, error: Error): Refusal {
  if (method !== 'GET') return { status: 405, message: methodMustBe(['GET']), headers: { allow: 'GET' } };
  if (!VERSIONS.includes(headers['sec-websocket-version'] ?? ''))
    return {
      status: 426,
      message: `The header Sec-WebSocket-Version must be ${VERSIONS.join(' or ')}.`,
      headers: { upgrade: 'websocket', 'sec-websocket-version': VERSIONS.join(', ') },
    };
  return { status: 400, message: `${error.message}.` };
}

/** Answers an upgrade request in plain HTTP, in the shape that GraphQL clients read, and ends its connection. */
export function refuseUpgrade(socket: Duplex, request: IncomingMessage, refusal: Refusal): void {
  const { status, headers, body } = httpError(refusal.status, request.headers.accept, refusal);
  const lines = Object.entries({ ...headers, connection: 'close', 'content-length': String(Buffer.byteLength(body)) });
  socket.on('error', () => socket.destroy());
  socket.once('finish', () => socket.destroy());
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.map((line) => line.join(': ')).join('\r\n')}\r\n\r\n${body}`,
  );
}
