import { z } from 'zod';
import { SignalingError } from '../errors.js';
import type { Authenticator, DeviceDirectory, Viewer } from '../identity/viewer.js';
import { OPAQUE_ID } from '../limits.js';
import { within } from '../http/deadline.js';

export interface HostOptions {
  /**
   * How long the host's code may take, in milliseconds. 1,500 when left out: an adapter of ours, given in the same place,
   * waits 1,000 for its service and then still has its kept answers to give.
   */
  readonly timeoutMs?: number;
  /** Given what the host's code threw: its error never goes further, neither to a client nor to a log of ours. */
  readonly onFailure?: (error: unknown) => void;
}

/** A host's own way to tell who a token belongs to; null for a token that is not valid. */
export type HostAuthenticator = Authenticator | ((token: string) => Viewer | null | Promise<Viewer | null>);

/** A host's own device directory, as an object or as its one function. */
export type HostDirectory = DeviceDirectory | DeviceDirectory['devicesOf'];

const id = z.string().regex(OPAQUE_ID);
const VIEWER = z
  .object({ accountId: id, deviceId: id, issuedAt: z.number(), expiresAt: z.number() })
  .readonly()
  .nullable();
const KNOWN_DEVICES = z.array(
  z.array(z.object({ id, name: z.string().nullable(), active: z.boolean() }).readonly()).nullable(),
);

/** Makes an authenticator of what a host gave; whatever goes wrong in it is CALL_UNAVAILABLE, unless it says otherwise. */
export function asAuthenticator(given: HostAuthenticator, options: HostOptions = {}): Authenticator {
  const authenticate = typeof given === 'function' ? given : given.authenticate.bind(given);
  return {
    authenticate: async (token) => {
      const viewer = await guarded(async () => VIEWER.parse(await authenticate(token)), options);
      if (viewer === null) throw new SignalingError('CALL_UNAUTHORIZED');
      return viewer;
    },
  };
}

/** Makes a directory of what a host gave; whatever goes wrong in it is CALL_UNAVAILABLE. Caching is the host's own. */
export function asDirectory(given: HostDirectory, options: HostOptions = {}): DeviceDirectory {
  const devicesOf = typeof given === 'function' ? given : given.devicesOf.bind(given);
  return {
    devicesOf: (accountIds, maxAgeMs) =>
      guarded(async () => {
        const answers = KNOWN_DEVICES.parse(await devicesOf(accountIds, maxAgeMs));
        if (answers.length === accountIds.length) return answers;
        throw new TypeError(`${accountIds.length} accounts were asked for, ${answers.length} answered`);
      }, options),
  };
}

/** Where foreign code ends: it may take so long, and only errors made for clients come out. */
async function guarded<Result>(
  work: () => Promise<Result>,
  { timeoutMs = 1_500, onFailure }: HostOptions,
): Promise<Result> {
  try {
    return await within(timeoutMs, work());
  } catch (error) {
    if (error instanceof SignalingError) throw error;
    onFailure?.(error);
    throw new SignalingError('CALL_UNAVAILABLE');
  }
}
