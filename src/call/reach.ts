import type { DeviceDirectory } from '../identity/viewer.js';
import type { DeviceRef } from './call.js';
import { MAX_LEGS } from './call.js';
import type { CallPolicy } from './ports.js';
import type { Presence } from './presence.js';
import type { Ring } from './start.js';

/** The callee must not hear of the call. */
const SILENT: Ring = { targets: [], silent: true, accountWoken: false };

/** Finds out which devices a call is to ring, and which of them have to be woken for it. */
export class Reach {
  readonly #policy: CallPolicy;
  readonly #directory: DeviceDirectory;
  readonly #presence: Presence;

  constructor(policy: CallPolicy, directory: DeviceDirectory, presence: Presence) {
    this.#policy = policy;
    this.#directory = directory;
    this.#presence = presence;
  }

  /**
   * An unknown account, one without devices and one that refuses the caller all look the same.
   *
   * @param calleeDeviceId the only device to ring; null: all of them
   * @throws SignalingError CALL_UNAVAILABLE
   */
  async ofAccount(caller: DeviceRef, calleeAccountId: string, calleeDeviceId: string | null): Promise<Ring> {
    const [allowed, known, streaming] = await Promise.all([
      this.#policy.mayCall({ accountId: caller.accountId, deviceId: caller.deviceId }, calleeAccountId),
      this.#directory.devicesOf([calleeAccountId]).then(([devices]) => devices ?? null),
      this.#streaming(calleeAccountId),
    ]);
    const devices = known ? known.filter((device) => device.active).map(({ id }) => id) : [...streaming];
    const meant = devices.filter((deviceId) => calleeDeviceId === null || deviceId === calleeDeviceId);
    if (!allowed || (known && meant.length === 0)) return SILENT;
    // With more devices than legs, those that can be reached at once come first.
    const ordered = [...meant].sort((a, b) => Number(streaming.has(b)) - Number(streaming.has(a)));
    const targets = ordered.slice(0, MAX_LEGS).map((deviceId) => ({ deviceId, woken: !streaming.has(deviceId) }));
    const allReached = calleeDeviceId !== null && streaming.has(calleeDeviceId);
    return { targets, silent: false, accountWoken: known === null && !allReached };
  }

  /** The other party of a call took it once, so that for its replacement neither policy nor directory is asked. */
  async ofParty({ accountId, deviceId }: DeviceRef): Promise<Ring> {
    const woken = !(await this.#streaming(accountId)).has(deviceId);
    return { targets: [{ deviceId, woken }], silent: false, accountWoken: false };
  }

  async #streaming(accountId: string): Promise<ReadonlySet<string>> {
    const present = await this.#presence.devicesOf(accountId);
    return new Set(present.filter((device) => device.streaming).map(({ deviceId }) => deviceId));
  }
}
