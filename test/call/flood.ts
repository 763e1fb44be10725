import type { IceCandidate } from '../../src/call/call.js';
import type { CallService } from '../../src/call/service.js';
import type { SignalReceipt } from '../../src/call/signal.js';
import type { Viewer } from '../../src/identity/viewer.js';
import { ALICE, BOB, candidate } from './world.js';

const SDP = `v=0\r\n${'a'.repeat(64 * 1024 - 5)}`;

/** @param escaped with characters that take six bytes each as they are kept, so that four of these fill a side's log */
export async function heavy(
  calls: CallService,
  viewer: Viewer,
  callId: string,
  clientSeq: number,
  escaped = false,
): Promise<SignalReceipt> {
  const line = escaped ? '\u0001'.repeat(1_536) + 'a'.repeat(512) : 'a'.repeat(2_048);
  const candidates: readonly IceCandidate[] = Array.from({ length: 50 }, (_, n) => ({
    ...candidate(n),
    candidate: line,
  }));
  return calls.sendIceCandidates(viewer, { callId, clientSeq, candidates, endOfCandidates: false });
}

/**
 * Both sides of an answered call send offers of 64 KB, each with all the candidates that it may have, that nobody answers.
 *
 * @param parties who sends, and the number that each begins with; each that is left out is asked for
 */
export async function flood(
  calls: CallService,
  callId: string,
  rounds: number,
  afterRound: () => Promise<void> = () => Promise.resolve(),
  parties: { readonly ALICE?: number; readonly BOB?: number } = {},
): Promise<{ readonly bytes: number; readonly batches: number }> {
  const seqs = new Map<Viewer, number>();
  for (const [name, viewer] of [['ALICE', ALICE] as const, ['BOB', BOB] as const])
    seqs.set(viewer, parties[name] ?? (await calls.call(viewer, callId))?.nextClientSeq ?? 1);
  const next = (viewer: Viewer): number => {
    const seq = seqs.get(viewer) ?? 1;
    seqs.set(viewer, seq + 1);
    return seq;
  };
  let [bytes, batches] = [0, 0];
  for (let round = 0; round < rounds; round++) {
    for (const viewer of [BOB, ALICE]) {
      const clientSeq = next(viewer);
      await calls.sendDescription(viewer, { callId, clientSeq, type: 'OFFER', sdp: SDP, inReplyTo: null });
      bytes += SDP.length;
      for (let batch = 0; batch < 4; batch++) {
        await heavy(calls, viewer, callId, next(viewer));
        bytes += 50 * 2_048;
        batches++;
      }
    }
    await afterRound();
  }
  return { bytes, batches };
}
