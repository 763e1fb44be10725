import DataLoader from 'dataloader';
import type { DeviceDirectory, KnownDevices } from '../identity/viewer.js';
import type { Services } from './context.js';

/**
 * Looks up what devices are called. Accounts asked for in the same turn of the event loop share one request; nothing is
 * remembered here, so that a stream that lives for hours shows the names of now.
 */
export function createDeviceNames(directory: DeviceDirectory): Services['deviceName'] {
  const loader = new DataLoader<string, KnownDevices>(
    async (accountIds) => {
      const unique = [...new Set(accountIds)];
      const known = await directory.devicesOf(unique);
      const byAccount = new Map(unique.map((accountId, index) => [accountId, known[index] ?? null]));
      return accountIds.map((accountId) => byAccount.get(accountId) ?? null);
    },
    { cache: false },
  );
  // A call is shown without a name rather than not at all.
  return async ({ accountId, id }) => {
    const devices = await loader.load(accountId).catch(() => null);
    return devices?.find((device) => device.id === id)?.name ?? null;
  };
}
