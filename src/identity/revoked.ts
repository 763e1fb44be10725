import { isActiveDevice } from './session.js';
import type { DeviceDirectory, Viewer } from './viewer.js';

/** Every answer is a new one: one that was kept would add its age to the time in which a removed device is still served. */
const MAX_AGE_MS = 0;

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
