import type { Viewer } from '../identity/viewer.js';
import { LIMITS } from '../limits.js';
import type { OwnConnection } from './websocket-connection.js';

/** The connections of this process, by account and device. */
export interface Sockets {
  /** @returns false: the device or the account has all the sockets it may have */
  add(connection: OwnConnection): boolean;
  remove(connection: OwnConnection): void;
  ofDevice(device: Pick<Viewer, 'accountId' | 'deviceId'>): readonly OwnConnection[];
  /** One viewer for each device that is connected. */
  viewers(): readonly Viewer[];
}

export function createSockets(): Sockets {
  const byAccount = new Map<string, Set<OwnConnection>>();

  const ofDevice = ({ accountId, deviceId }: Pick<Viewer, 'accountId' | 'deviceId'>): readonly OwnConnection[] =>
    [...(byAccount.get(accountId) ?? [])].filter(({ viewer }) => viewer.deviceId === deviceId);

  return {
    add: (connection) => {
      const { viewer } = connection;
      const connections = byAccount.get(viewer.accountId) ?? new Set();
      if (connections.size >= LIMITS.socketsPerAccount) return false;
      if (ofDevice(viewer).length >= LIMITS.socketsPerDevice) return false;
      byAccount.set(viewer.accountId, connections.add(connection));
      return true;
    },
    remove: (connection) => {
      const { accountId } = connection.viewer;
      const connections = byAccount.get(accountId);
      if (connections?.delete(connection) && connections.size === 0) byAccount.delete(accountId);
    },
    ofDevice,
    viewers: () =>
      [...byAccount.values()].flatMap((connections) => [
        ...new Map([...connections].map(({ viewer }) => [viewer.deviceId, viewer])).values(),
      ]),
  };
}
