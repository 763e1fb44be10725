import type { DeviceRef } from './call.js';

/** A device that has, or lately had, a stream. */
export interface DevicePresence {
  readonly deviceId: string;
  /** It has a stream, and the process that holds it said so in the last 30 s. */
  readonly streaming: boolean;
  /** When it was last known to have one; Unix milliseconds by the store's clock. */
  readonly seenAt: number;
}

/** How a stream stands: a newer one has taken the device's place, or the device was revoked. */
export type Standing = 'CURRENT' | 'TAKEN_OVER' | 'REVOKED';

/** How a stream came: REPLACED: another one had the device's place, and has to be told. */
export type Entered = Standing | 'REPLACED';

/** Which devices have a stream, on whatever node. Forgotten at the earliest 90 s after a stream closed. */
export interface Presence {
  /** @returns a number greater than any before, on every node: drawn by a socket at connection_init */
  nextEpoch(): Promise<number>;
  /** Takes the device's place, unless a stream with a greater epoch has it. The later of two with one epoch has it. */
  enter(device: DeviceRef, streamId: string, epoch: number): Promise<Entered>;
  /** The stream is still there; to be said every minute, and when wake-ups may have been lost. */
  touch(device: DeviceRef, streamId: string): Promise<Standing>;
  leave(device: DeviceRef, streamId: string): Promise<void>;
  revoke(device: DeviceRef): Promise<void>;
  devicesOf(accountId: string): Promise<readonly DevicePresence[]>;
}
