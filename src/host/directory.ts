import { z } from 'zod';
import { createBatches } from '../directory/batches.js';
import type { DeviceDirectory, KnownDevices } from '../identity/viewer.js';
import { OPAQUE_ID } from '../limits.js';
import { systemClock } from '../ports.js';
import { CALLBACK_TIMEOUT_MS, createCallback, MalformedAnswer, type CallbackWatch } from './callback.js';
import { readAnswer } from './malformed.js';

/**
 * A host's own device directory, as an object or as its one function. It is asked about up to 100 accounts at once, and about
 * one at a time when it says that it `batches` by itself.
 */
export type HostDirectory =
  | (DeviceDirectory & { readonly batches?: true })
  | ((accountIds: readonly string[], maxAgeMs?: number) => readonly KnownDevices[] | Promise<readonly KnownDevices[]>);

/** Devices of one account that are read at most; names are cut off at so many characters. */
const DEVICES_READ = 1_000;
const NAME_LENGTH = 256;

const KNOWN_DEVICES = z
  .array(
    z
      .object({
        id: z.string().regex(OPAQUE_ID, { error: 'must be 1 to 256 printable ASCII characters' }),
        name: z
          .string()
          .transform((name) => name.slice(0, NAME_LENGTH))
          .nullable(),
        active: z.boolean(),
      })
      .readonly(),
  )
  .nullable();

/** Every connected account is asked about every few seconds. */
const WAITING_FOR_ONE = { all: 50_000, lane: 64 };

/** Makes a directory of what a host gave; what goes wrong with an account is CALL_UNAVAILABLE for that one. */
export function asDirectory(given: HostDirectory, watch: CallbackWatch): DeviceDirectory {
  const own: { readonly timeoutMs?: number; readonly batches?: true } = typeof given === 'function' ? {} : given;
  const { timeoutMs = CALLBACK_TIMEOUT_MS, batches: asksForOne = false } = own;
  const devicesOf = (accountIds: readonly string[], maxAgeMs: number | undefined): unknown =>
    typeof given === 'function' ? given(accountIds, maxAgeMs) : given.devicesOf(accountIds, maxAgeMs);
  const name = 'device-directory';
  const callback = createCallback({ name, timeoutMs, ...(asksForOne && { waiting: WAITING_FOR_ONE }) }, watch);

  const ask = (accountIds: readonly string[], maxAgeMs: number | undefined): Promise<readonly unknown[]> =>
    callback.ask(
      accountIds.length === 1 ? (accountIds[0] ?? null) : null,
      () => devicesOf(accountIds, maxAgeMs),
      (answer) => {
        if (!Array.isArray(answer)) throw new MalformedAnswer('must be a list of answers');
        if (answer.length === accountIds.length) return answer as readonly unknown[];
        throw new MalformedAnswer(`${accountIds.length} accounts were asked for, ${answer.length} answered`);
      },
    );
  /** An entry that cannot be used is a failure of its own account's. @throws SignalingError */
  const read = (entry: unknown): Promise<KnownDevices> =>
    callback.ask(
      null,
      () => entry,
      (devices) => {
        if (Array.isArray(devices) && devices.length > DEVICES_READ)
          throw new MalformedAnswer(`${DEVICES_READ} devices an account at most`);
        return readAnswer(KNOWN_DEVICES, devices);
      },
    );
  const batches = createBatches<KnownDevices>({
    timeoutMs,
    clock: watch.clock ?? systemClock,
    ask: async (accountIds, _timeoutMs, maxAgeMs) => {
      const entries = await ask(accountIds, maxAgeMs);
      return Promise.all(entries.map((entry) => read(entry).catch((error: Error) => error)));
    },
  });
  const load = async (accountId: string, maxAgeMs: number | undefined): Promise<KnownDevices> =>
    asksForOne ? read((await ask([accountId], maxAgeMs))[0]) : batches.load(accountId, maxAgeMs);

  return {
    devicesOf: (accountIds, maxAgeMs) => Promise.all(accountIds.map((accountId) => load(accountId, maxAgeMs))),
  };
}
