import type { Clock } from '../ports.js';
import type { DeviceRef } from '../call/call.js';
import type { DevicePresence, Entered, Presence, Standing } from '../call/presence.js';
import { steadyTime } from './steady.js';

interface Place {
  readonly streamId: string;
  readonly epoch: number;
  /** When its stream closed; null while it is open. */
  leftAt: number | null;
  revoked: boolean;
}

/** A party that left is asked for until its call ends SIGNALING_LOST, and some more. */
const KEPT_MS = 2 * 60 * 1000;

/** Which devices have a stream in this process. */
export class MemoryPresence implements Presence {
  readonly #now: () => number;
  readonly #accounts = new Map<string, Map<string, Place>>();
  /** Devices whose stream closed, in that order. */
  readonly #left: { readonly device: DeviceRef; readonly place: Place }[] = [];
  #epoch = 0;

  constructor(clock: Clock) {
    this.#now = steadyTime(clock);
  }

  nextEpoch(): Promise<number> {
    this.#epoch++;
    return Promise.resolve(this.#epoch);
  }

  enter({ accountId, deviceId }: DeviceRef, streamId: string, epoch: number): Promise<Entered> {
    this.#forget();
    const devices = this.#accounts.get(accountId) ?? new Map<string, Place>();
    const held = devices.get(deviceId);
    if (held && held.epoch > epoch) return Promise.resolve('TAKEN_OVER');
    this.#accounts.set(accountId, devices);
    devices.set(deviceId, { streamId, epoch, leftAt: null, revoked: false });
    return Promise.resolve(held?.leftAt === null ? 'REPLACED' : 'CURRENT');
  }

  touch({ accountId, deviceId }: DeviceRef, streamId: string): Promise<Standing> {
    const place = this.#accounts.get(accountId)?.get(deviceId);
    if (place?.streamId !== streamId) return Promise.resolve('TAKEN_OVER');
    return Promise.resolve(place.revoked ? 'REVOKED' : 'CURRENT');
  }

  leave(device: DeviceRef, streamId: string): Promise<void> {
    this.#forget();
    const place = this.#accounts.get(device.accountId)?.get(device.deviceId);
    if (place?.streamId === streamId && place.leftAt === null) {
      place.leftAt = this.#now();
      this.#left.push({ device: { accountId: device.accountId, deviceId: device.deviceId }, place });
    }
    return Promise.resolve();
  }

  revoke({ accountId, deviceId }: DeviceRef): Promise<void> {
    const place = this.#accounts.get(accountId)?.get(deviceId);
    if (place) place.revoked = true;
    return Promise.resolve();
  }

  devicesOf(accountId: string): Promise<readonly DevicePresence[]> {
    const now = this.#now();
    const places = [...(this.#accounts.get(accountId) ?? [])];
    return Promise.resolve(
      places.map(([deviceId, { leftAt, revoked }]) => ({
        deviceId,
        streaming: leftAt === null && !revoked,
        seenAt: leftAt ?? now,
      })),
    );
  }

  #forget(): void {
    const before = this.#now() - KEPT_MS;
    for (let first = this.#left[0]; first && (first.place.leftAt ?? 0) <= before; first = this.#left[0]) {
      this.#left.shift();
      const { accountId, deviceId } = first.device;
      const devices = this.#accounts.get(accountId);
      if (devices?.get(deviceId) === first.place) devices.delete(deviceId);
      if (devices?.size === 0) this.#accounts.delete(accountId);
    }
  }
}
