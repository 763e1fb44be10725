import type { LoginRequest } from './login.js';

/** Who is asking: an account's device with a valid session. Times are Unix milliseconds. */
export interface Viewer {
  readonly accountId: string;
  readonly deviceId: string;
  readonly issuedAt: number;
  /** When the access token expires: no answer and no event is given to this viewer from then on. */
  readonly expiresAt: number;
}

/** Turns an access token into a viewer. */
export interface Authenticator {
  /**
   * @param token the bearer token, without the word Bearer
   * @param request the HTTP request that it came with, or the upgrade request of the socket
   * @returns null: the token is not valid
   * @throws SignalingError CALL_UNAUTHORIZED: the token is not valid; CALL_UNAVAILABLE: the keys to check it cannot be had
   */
  authenticate(token: string, request: LoginRequest): Viewer | null | Promise<Viewer | null>;
  /** How long an answer may take, in milliseconds; 3,000 when left out. */
  readonly timeoutMs?: number;
}

/** A device as the device-management service knows it. */
export interface Device {
  readonly id: string;
  readonly name: string | null;
  readonly active: boolean;
}

/** What is known of an account's devices; null where no directory is configured and the token's claim is all there is. */
export type KnownDevices = readonly Device[] | null;

/** Asks device-management which devices accounts have. */
export interface DeviceDirectory {
  /**
   * @param accountIds each at most once
   * @param maxAgeMs how old an answer may be while the directory can be asked, in milliseconds; the directory's own
   *   choice when left out. Streams give less than that, because a revocation has to reach them within seconds.
   * @returns one answer an account, in the order asked; an unknown account has an empty list
   * @throws SignalingError CALL_UNAVAILABLE: no answer, and none kept that is recent enough
   */
  devicesOf(accountIds: readonly string[], maxAgeMs?: number): Promise<readonly KnownDevices[]>;
  /** How long an answer may take, in milliseconds; 3,000 when left out. */
  readonly timeoutMs?: number;
}
