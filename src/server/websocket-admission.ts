import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { LoginRequest } from '../identity/login.js';
import { LIMITS } from '../limits.js';
import type { Newcomers } from './newcomers.js';
import type { Proxies } from './proxies.js';
import type { Stranger, Strangers } from './strangers.js';
import type { Unplaced } from './websocket-unplaced.js';
import { refuseUpgrade, type Refusal } from './websocket-upgrade.js';

/** A connection that may become a WebSocket. */
export interface Admitted {
  /** Of the client, as proxies in front tell it. */
  readonly address: string;
  /** What it counts as until it has said whose it is; null: it is known already. */
  readonly stranger: Pick<Stranger, 'isKnown' | 'spoke' | 'identified'> | null;
}

export interface AdmissionOptions {
  readonly proxies: Proxies;
  /** Null: who gets here is known by the gateway's secret. */
  readonly strangers: Strangers | null;
  /** Upgrade requests that wait. */
  readonly upgrades: Newcomers;
  /** Sockets that came in by their account, and have not said anything. */
  readonly silent: Unplaced;
  /**
   * Asked where its address would be refused otherwise: a good token never is.
   *
   * @returns whose token it is, or what a cookie holds; null: nobody's
   */
  readonly accountOf: (authorization: string | undefined, request: LoginRequest) => Promise<string | null>;
}

/**
 * Lets an upgrade request wait for its turn and for a place, and counts those who open sockets and do not say whose they are:
 * more of one address than there may be are refused.
 *
 * @param head what came in one piece with the request, after it
 * @param drop closes the socket, where another one takes its place
 * @returns null: it was refused, or its client is gone
 */
export async function admit(
  request: IncomingMessage,
  wire: Duplex,
  head: Buffer,
  { proxies, strangers, upgrades, silent, accountOf }: AdmissionOptions,
  drop: () => void,
): Promise<Admitted | null> {
  const address = proxies.clientOf(request);
  const stranger = strangers?.enter(address, drop) ?? null;
  let known: Admitted['stranger'] = null;
  if (stranger) wire.once('close', () => stranger.left());
  // Nothing else listens meanwhile, and an error without a listener ends the process.
  const ignore = (): void => void wire.destroy();
  wire.on('error', ignore);
  const refusal = await refusalAfter();
  wire.off('error', ignore);
  if (wire.destroyed) return null;
  if (refusal) {
    refuseUpgrade(wire, request, refusal);
    return null;
  }
  if (stranger && !stranger.isKnown) boundUntilKnown(wire, stranger, head.length);
  return { address, stranger: known ?? stranger };

  async function refusalAfter(): Promise<Refusal | null> {
    const { authorization, cookie } = request.headers;
    const isOneTooMany = strangers !== null && stranger === null;
    const hasTurn =
      !isOneTooMany && (await upgrades.turn(address, () => wire.destroyed || (stranger?.mayComeIn() ?? true)));
    if (hasTurn) return null;
    const accountId = (authorization ?? cookie) === undefined ? null : await accountOf(authorization, request);
    // Who waited in vain is not to blame for it.
    stranger?.identified();
    const identified = accountId === null ? null : silent.enter(accountId, wire);
    if (identified) known = { isKnown: true, spoke: () => {}, identified };
    if (identified || wire.destroyed) return null;
    return isOneTooMany || accountId !== null ? TOO_MANY : FULL;
  }
}

export const TOO_MANY: Refusal = { status: 429, retryAfterSeconds: 1 };

/** So many clients come that this one would wait too long. */
const FULL: Refusal = { status: 503, message: 'Too many clients are connecting.', retryAfterSeconds: 2 };

/** Until it is known whose it is, a connection may send what a token needs, and no more. */
function boundUntilKnown(wire: Duplex, stranger: Stranger, headBytes: number): void {
  // What came together with the upgrade request, or meanwhile, counts too.
  let bytes = headBytes + wire.readableLength;
  const check = (): void => {
    if (stranger.isKnown) wire.off('data', count);
    else if (bytes > LIMITS.connectionInitBytes) wire.destroy();
  };
  const count = (chunk: Buffer): void => {
    bytes += chunk.length;
    check();
  };
  // Before the WebSocket has taken over, listening would let the first bytes flow into nothing.
  setImmediate(() => {
    wire.on('data', count);
    check();
  });
}
