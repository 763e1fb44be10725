import { SignalingError } from '../errors.js';
import { caught, next, type Soon } from '../soon.js';
import type { AccountRoom } from './account-room.js';
import type { Call, DeviceRef } from './call.js';
import { endpointOf } from './call.js';
import type { Desk } from './desk.js';
import type { Gaps } from './gaps.js';
import type { Ledger, Loaded } from './ledger.js';
import { trim } from './room.js';
import type { Signalled, SignalReceipt } from './signal.js';
import type { Together } from './together.js';

/** Is called when a signal begins to wait for an earlier one; what it returns, when the waiting is over. */
export type OnWait = () => () => void;

export interface SignallerParts {
  readonly ledger: Pick<Ledger, 'load'>;
  readonly together: Together;
  readonly gaps: Gaps;
  readonly room: AccountRoom;
  readonly desk: Desk;
}

/** Takes the signals of devices in order. Mutations that were sent together may arrive in any: one waits for those before it. */
export class Signaller {
  readonly #parts: SignallerParts;

  constructor(parts: SignallerParts) {
    this.#parts = parts;
  }

  /**
   * @param field what a client has to change when there is no room
   * @throws SignalingError CALL_SIGNAL_STALE, CALL_SIGNAL_GAP; see {@link Ledger.move} and {@link AccountRoom.take}
   */
  send(
    viewer: DeviceRef,
    { callId, clientSeq }: { readonly callId: string; readonly clientSeq: number },
    field: string,
    move: (call: Call, time: Loaded['time']) => Signalled,
    onWait: OnWait = () => () => undefined,
  ): Soon<SignalReceipt> {
    const take = (): Soon<SignalReceipt> => this.#take(viewer, callId, field, move);
    return caught(take, async (error) => {
      if (!(error instanceof SignalingError && error.code === 'CALL_SIGNAL_GAP')) throw error;
      const waited = onWait();
      const known = error.details.expectedClientSeq ?? 1;
      const nextSeq = (): Promise<number> => this.#nextSeq(viewer, callId);
      const came = await this.#parts.gaps.wait(viewer, { callId, clientSeq }, known, nextSeq).finally(waited);
      if (!came) throw error;
      return take();
    });
  }

  #take(
    viewer: DeviceRef,
    callId: string,
    field: string,
    move: (call: Call, time: Loaded['time']) => Signalled,
  ): Soon<SignalReceipt> {
    const { together, gaps, room, desk } = this.#parts;
    const roomy = (call: Call, time: Loaded['time']): Soon<Signalled> => {
      const signalled = trim(move(call, time));
      return next(room.take(call, signalled.call, viewer, field), () => signalled);
    };
    return next(
      desk.serve(viewer, () => together.move(callId, viewer, roomy)),
      ({ result, loaded }) => {
        gaps.taken(viewer, callId, endpointOf(loaded.call, viewer)?.outbox.nextSeq ?? 1);
        if (result.stale) throw new SignalingError('CALL_SIGNAL_STALE');
        return result.receipt;
      },
    );
  }

  async #nextSeq(viewer: DeviceRef, callId: string): Promise<number> {
    const { ledger, desk } = this.#parts;
    const loaded = await desk.serve(viewer, () => ledger.load(callId));
    // A call that is over, or gone, has no gap any more: whoever waits is to hear that.
    if (loaded === null || loaded.call.state === 'ENDED') return Infinity;
    return endpointOf(loaded.call, viewer)?.outbox.nextSeq ?? 1;
  }
}
