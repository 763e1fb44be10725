import DataLoader from 'dataloader';
import type { DeviceDirectory, KnownDevices } from '../identity/viewer.js';
import type { Services } from './context.js';

/** In a box, so that the loader waits for none of them. */
interface Asked {
  readonly devices: Promise<KnownDevices>;
}

/**
 * Looks up what devices are called. Accounts are asked for once in a turn of the event loop, each for itself: the directory
 * puts them into requests, and one that fails or hangs takes no name from the others. Nothing is remembered here, so that a
 * stream that lives for hours shows the names of now.
 */
export function createDeviceNames(directory: DeviceDirectory): Services['deviceName'] {
  const ask = async (accountId: string): Promise<KnownDevices> => (await directory.devicesOf([accountId]))[0] ?? null;
  const loader = new DataLoader<string, Asked>(
    (accountIds) => {
      const unique = new Map<string, Asked>();
      for (const accountId of new Set(accountIds)) unique.set(accountId, { devices: ask(accountId).catch(() => null) });
      return Promise.resolve(accountIds.map((accountId) => unique.get(accountId) ?? new Error('not asked')));
    },
    { cache: false },
  );
  // A call is shown without a name rather than not at all.
  return async ({ accountId, id }) => {
    const { devices } = await loader.load(accountId);
    return (await devices)?.find((device) => device.id === id)?.name ?? null;
  };
}
