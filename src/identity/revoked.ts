import { isActiveDevice } from './session.js';
import type { DeviceDirectory, Viewer } from './viewer.js';

/** A removed device must not be served for longer than this on what was known before, in milliseconds. */
const MAX_AGE_MS = 4_000;

/**
 * Which of the connected devices may no longer be served. Accounts are asked about one by one, in the requests that the
 * directory makes of that: one without any answer says nothing about the others, and is served on the last word.
 */
export async function findRevoked(viewers: readonly Viewer[], directory: DeviceDirectory): Promise<readonly Viewer[]> {
  const active = await Promise.all(
    viewers.map(async ({ accountId, deviceId }) => {
      const answer = await directory.devicesOf([accountId], MAX_AGE_MS).catch(() => null);
      return isActiveDevice(answer?.[0] ?? null, deviceId);
    }),
  );
  return viewers.filter((_viewer, index) => !active[index]);
}
