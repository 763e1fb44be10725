import type { Viewer } from '../identity/viewer.js';
import { LIMITS } from '../limits.js';
import type { OwnConnection } from './websocket-connection.js';

/** The connections of this process, by account and device. */
export interface Sockets {
  /**
   * @returns null: it is in; else those that keep it out, because the device or the account has all the sockets it may
   * have. None: the process has.
   */
  add(connection: OwnConnection): readonly OwnConnection[] | null;
  remove(connection: OwnConnection): void;
  ofDevice(device: Pick<Viewer, 'accountId' | 'deviceId'>): readonly OwnConnection[];
  /** One viewer for each device that is connected. */
  viewers(): readonly Viewer[];
}

/** @param max how many there may be in this process */
export function createSockets(max: number): Sockets {
  let size = 0;
  const byAccount = new Map<string, Set<OwnConnection>>();

  const ofDevice = ({ accountId, deviceId }: Pick<Viewer, 'accountId' | 'deviceId'>): readonly OwnConnection[] =>
    [...(byAccount.get(accountId) ?? [])].filter(({ viewer }) => viewer.deviceId === deviceId);

  return {
    add: (connection) => {
      const { viewer } = connection;
      const connections = byAccount.get(viewer.accountId) ?? new Set();
      const own = ofDevice(viewer);
      if (own.length >= LIMITS.socketsPerDevice) return own;
      if (connections.size >= LIMITS.socketsPerAccount) return [...connections];
      if (size >= max) return [];
      byAccount.set(viewer.accountId, connections.add(connection));
      size += 1;
      return null;
    },
    remove: (connection) => {
      const { accountId } = connection.viewer;
      const connections = byAccount.get(accountId);
      if (!connections?.delete(connection)) return;
      size -= 1;
      if (connections.size === 0) byAccount.delete(accountId);
    },
    ofDevice,
    viewers: () =>
      [...byAccount.values()].flatMap((connections) => [
        ...new Map([...connections].map(({ viewer }) => [viewer.deviceId, viewer])).values(),
      ]),
  };
}
