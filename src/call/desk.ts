import { SignalingError } from '../errors.js';
import { LIMITS } from '../limits.js';
import { lastly, type Soon } from '../soon.js';
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
  serve<Result>({ accountId, deviceId }: DeviceRef, work: () => Soon<Result>): Soon<Result> {
    const name = `${accountId.length} ${accountId} ${deviceId}`;
    const line = this.#lines.get(name) ?? { atWork: 0, waiting: [] };
    this.#lines.set(name, line);
    const done = (): Soon<Result> => lastly(work, () => this.#leave(name, line));
    if (line.atWork < LIMITS.operationsAtOncePerDevice) {
      line.atWork++;
      return done();
    }
    if (line.waiting.length >= LIMITS.operationsWaitingPerDevice)
      throw new SignalingError('CALL_RATE_LIMITED', { retryAfterMs: 1_000 });
    return new Promise<void>((turn) => line.waiting.push(turn)).then(done);
  }

  #leave(name: string, line: Line): void {
    const next = line.waiting.shift();
    // Who comes next takes this one's place.
    if (next) next();
    else if (--line.atWork === 0) this.#lines.delete(name);
  }
}
