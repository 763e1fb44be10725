import { SignalingError } from '../errors.js';
import { LIMITS } from '../limits.js';
import type { DeviceRef } from './call.js';

/** The operations of one device that are at work, and those that wait for their turn. */
interface Line {
  atWork: number;
  readonly waiting: (() => void)[];
}

/** Lets each device have so many operations at the stores at once, and others wait in line: a device that floods waits for itself. */
export class Desk {
  readonly #lines = new Map<string, Line>();

  /** @throws SignalingError CALL_RATE_LIMITED: too many of the device wait already; what the work throws */
  async serve<Result>(device: DeviceRef, work: () => Promise<Result>): Promise<Result> {
    const name = JSON.stringify([device.accountId, device.deviceId]);
    const line = this.#lines.get(name) ?? { atWork: 0, waiting: [] };
    this.#lines.set(name, line);
    if (line.atWork < LIMITS.operationsAtOncePerDevice) line.atWork++;
    else if (line.waiting.length >= LIMITS.operationsWaitingPerDevice)
      throw new SignalingError('CALL_RATE_LIMITED', { retryAfterMs: 1_000 });
    else await new Promise<void>((turn) => line.waiting.push(turn));
    try {
      return await work();
    } finally {
      const next = line.waiting.shift();
      // Who comes next takes this one's place.
      if (next) next();
      else if (--line.atWork === 0) this.#lines.delete(name);
    }
  }
}
