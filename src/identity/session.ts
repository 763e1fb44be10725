import { SignalingError } from '../errors.js';
import type { Clock } from '../ports.js';
import { RecentlyUsed } from './recently-used.js';
import type { Login, LoginRequest } from './login.js';
import type { DeviceDirectory, KnownDevices, Viewer } from './viewer.js';

export interface SessionOptions {
  readonly login: Login;
  readonly directory: DeviceDirectory;
  /**
   * While the directory is down and has kept no answer, a token issued at most this many seconds ago is believed for
   * its device claim: the login service has just looked at that device. 0 believes none. 300 when left out.
   */
  readonly freshTokenSeconds?: number;
  readonly clock: Clock;
}

/** The check behind `@auth` and `connection_init`: a valid access token of an active, registered device. */
export interface Sessions {
  /**
   * @param authorization an Authorization header, or what a client sent in its place in `connection_init`
   * @param request the HTTP request, or the upgrade request of the socket
   * @throws SignalingError CALL_UNAUTHORIZED: no valid token, or not of an active device; CALL_UNAVAILABLE: neither can
   *   be told at this time
   */
  viewerOf(authorization: string | undefined, request: LoginRequest): Promise<Viewer>;
  /**
   * From now on refuses tokens that were issued to the device up to a moment.
   *
   * @param at Unix milliseconds; now when left out
   */
  revoke(accountId: string, deviceId: string, at?: number): void;
  /** Whether the token that this viewer came with was revoked. */
  isRevoked(viewer: Viewer): boolean;
}

/** Far more than are revoked in a day. */
const REVOKED_REMEMBERED = 100_000;

/** Puts the session check together from the two services it consults. */
export function createSessions({ login, directory, freshTokenSeconds = 300, clock }: SessionOptions): Sessions {
  /** When each device was revoked, Unix milliseconds: what was asked of the directory before may still say otherwise. */
  const revoked = new RecentlyUsed<number>(REVOKED_REMEMBERED);

  async function viewerOf(authorization: string | undefined, request: LoginRequest): Promise<Viewer> {
    const viewer = await login(authorization, request);
    const active = await hasActiveDevice(viewer);
    // Last, because time has passed while others were asked.
    if (!active || isRevoked(viewer) || viewer.expiresAt <= clock.now()) throw new SignalingError('CALL_UNAUTHORIZED');
    return viewer;
  }

  function isRevoked({ accountId, deviceId, issuedAt }: Viewer): boolean {
    return issuedAt <= (revoked.get(nameOf(accountId, deviceId)) ?? -Infinity);
  }

  async function hasActiveDevice({ accountId, deviceId, issuedAt }: Viewer): Promise<boolean> {
    try {
      const [devices] = await directory.devicesOf([accountId]);
      if (devices === undefined) throw new SignalingError('CALL_UNAVAILABLE');
      return isActiveDevice(devices, deviceId);
    } catch (error) {
      const down = error instanceof SignalingError && error.code === 'CALL_UNAVAILABLE';
      const fresh = freshTokenSeconds > 0 && clock.now() - issuedAt <= freshTokenSeconds * 1_000;
      if (down && fresh) return true;
      throw error;
    }
  }

  return {
    viewerOf,
    isRevoked,
    revoke: (accountId, deviceId, at = clock.now()) => {
      const name = nameOf(accountId, deviceId);
      // Known already: nodes tell each other more than once.
      if ((revoked.get(name) ?? -Infinity) >= at) return;
      revoked.set(name, at);
      // So that the next answer about the account is a new one.
      directory.devicesOf([accountId], 0).catch(() => undefined);
    },
  };
}

function nameOf(accountId: string, deviceId: string): string {
  return JSON.stringify([accountId, deviceId]);
}

/** Whether a device may act for its account; where nothing is known but the token's claim, the claim is believed. */
export function isActiveDevice(devices: KnownDevices, deviceId: string): boolean {
  return devices === null || devices.some((device) => device.id === deviceId && device.active);
}
