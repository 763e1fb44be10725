import { STATUS_CODES, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { isSameHost, isSameSecret } from './admission.js';

export interface UpgradeRules {
  /** The only path on which sockets are taken, for example /graphql. */
  readonly path: string;
  /** Whether a page of this origin may open a socket; a page of the same host, and what is no page, always may. */
  readonly allowsOrigin: (origin: string) => boolean;
  /** When set, only requests that carry it in `x-gateway-secret` are upgraded. */
  readonly gatewaySecret: string | null;
}

/**
 * Whether a request may become a WebSocket. Browsers send cookies and no preflight with an upgrade, so the Origin is all
 * that tells a page of ours from any other (RFC 6455, section 10.2).
 *
 * @returns the HTTP status to refuse with; null: it may
 */
export function refusalOf({ url, headers }: IncomingMessage, rules: UpgradeRules): 403 | 404 | null {
  if (url?.split('?', 1)[0] !== rules.path) return 404;
  const { origin, host } = headers;
  if (origin !== undefined && !isSameHost(origin, host) && !rules.allowsOrigin(origin)) return 403;
  const secret = rules.gatewaySecret;
  return secret === null || isSameSecret(headers['x-gateway-secret'], secret) ? null : 403;
}

/** Answers an upgrade request in plain HTTP and ends its connection. */
export function refuseUpgrade(socket: Duplex, status: 403 | 404 | 503): void {
  socket.on('error', () => socket.destroy());
  socket.once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
