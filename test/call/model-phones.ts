import { expect } from '@jest/globals';
import type fc from 'fast-check';
import type { CallEvent } from '../../src/call/event.js';
import type { EventStream } from '../../src/call/stream.js';
import { SignalingError } from '../../src/errors.js';
import type { Viewer } from '../../src/identity/viewer.js';
import { ALICE, ALICE_TABLET, ANSWER, BOB, BOB_LAPTOP, World, candidate, device, startInput } from './world.js';

export const DEVICES = [ALICE, ALICE_TABLET, BOB, BOB_LAPTOP, device('bob', 'watch')] as const;
/** What a device does next, to the call that its account heard of last. */
export type Step = { readonly who: number } & (
  | {
      readonly what:
        'start' | 'ring' | 'answer' | 'hangUp' | 'trickle' | 'offer' | 'replace' | 'leave' | 'return' | 'pong';
    }
  | { readonly what: 'decline'; readonly reason: 'DECLINED' | 'BUSY' | 'IGNORED' }
  | { readonly what: 'report'; readonly connection: 'CONNECTED' | 'DISCONNECTED' }
);

/** Which wake-ups get lost. */
export type LostWakes = 'none' | 'all' | 'every other' | 'doubled';

/** A device with its stream, on and off, and everything that it was told, in order. */
export class Phone {
  readonly heard: CallEvent[] = [];
  readonly viewer: Viewer;
  readonly #world: World;
  #cursor: string | null = null;
  #stream: EventStream | null = null;
  #returning = false;

  constructor(world: World, viewer: Viewer) {
    this.#world = world;
    this.viewer = viewer;
  }

  /** With the last cursor that it handled, and one stream at a time: as a client does that hears everything once. */
  async return(): Promise<void> {
    if (this.#stream || this.#returning) return;
    this.#returning = true;
    const epoch = await this.#world.presence.nextEpoch();
    this.#stream = await this.#world.streams.subscribe(this.viewer, epoch, this.#cursor);
    this.#returning = false;
    void this.#read(this.#stream);
  }

  async leave(): Promise<void> {
    await this.#stream?.return();
    this.#stream = null;
  }

  pong(): void {
    this.#stream?.heard();
  }

  async #read(stream: EventStream): Promise<void> {
    for await (const event of stream) {
      if (this.#stream !== stream) return;
      if (event.type === 'StreamReady') expect(event.resumed).toBe(this.#cursor !== null);
      else if (event.type !== 'StreamClosed') this.heard.push(event);
      this.#cursor = event.cursor;
    }
    if (this.#stream === stream) this.#stream = null;
  }
}

const UNLIMITED = { granted: true, giveBack: () => Promise.resolve() } as const;
const REFUSALS = [
  'CALL_STATE_CONFLICT',
  'CALL_ENDED',
  'CALL_ANSWERED_ELSEWHERE',
  'CALL_SIGNAL_STALE',
  'CALL_NOT_FOUND',
];

/** The devices of two accounts, all on one service, and what they saw of it. */
export class Model {
  readonly world: World;
  readonly phones: readonly Phone[];
  readonly winners = new Map<string, Set<string>>();
  readonly callIds = new Set<string>();
  #latest = '';
  #offerId = '';
  #said = 0;

  /** What a bus does that may have lost something: all look. */
  readonly admitLosses: () => void;

  constructor(schedule: fc.Scheduler, lostWakes: LostWakes) {
    // Each access to the store or the index is a point at which anybody else may come in between.
    const interleaved = <T extends object>(target: T): T =>
      new Proxy(target, {
        get(object, name) {
          const member: unknown = Reflect.get(object, name);
          if (typeof member !== 'function') return member;
          return async (...args: unknown[]): Promise<unknown> => {
            await schedule.schedule(Promise.resolve());
            return Reflect.apply(member, object, args) as unknown;
          };
        },
      });
    let wakes = 0;
    const limiter = { take: () => Promise.resolve(UNLIMITED), close: () => Promise.resolve() };
    this.world = new World({ wrapStore: interleaved, limiter });
    const { bus } = this.world;
    const wake = bus.wake.bind(bus);
    bus.wake = (accountIds, callId, appended) => {
      wakes++;
      if (lostWakes === 'every other' ? wakes % 2 : lostWakes !== 'all') wake(accountIds, callId, appended);
      if (lostWakes === 'doubled' && wakes % 3 === 0) wake(accountIds, callId, appended);
      if (lostWakes === 'doubled' && wakes % 4 === 0) wake(accountIds, callId);
    };
    this.admitLosses = () => wake([...new Set(DEVICES.map(({ accountId }) => accountId))], null);
    this.phones = DEVICES.map((viewer) => new Phone(this.world, viewer));
  }

  async do(step: Step): Promise<void> {
    const phone = this.phones[step.who];
    if (!phone) throw new TypeError('no such device');
    try {
      await this.#do(step, phone);
    } catch (error) {
      if (!(error instanceof SignalingError) || !REFUSALS.includes(error.code)) throw error;
    }
  }

  async #do(step: Step, phone: Phone): Promise<void> {
    const { calls } = this.world;
    const { viewer } = phone;
    const callId = this.#latest || 'none';
    const other = viewer.accountId === 'alice' ? 'bob' : 'alice';
    switch (step.what) {
      case 'start':
      case 'replace': {
        const replacesCallId = step.what === 'replace' ? callId : null;
        const { call, offerId } = await calls.startCall(viewer, startInput(other, { replacesCallId }));
        this.callIds.add(call.id);
        [this.#latest, this.#offerId] = [call.id, offerId];
        return;
      }
      case 'ring':
        return void (await calls.reportRinging(viewer, callId));
      case 'answer': {
        await calls.answerCall(viewer, { callId, offerId: this.#offerId || 'none', answerSdp: ANSWER });
        const winners = this.winners.get(callId) ?? new Set();
        this.winners.set(callId, winners.add(`${viewer.accountId} ${viewer.deviceId}`));
        return;
      }
      case 'decline':
        return void (await calls.declineCall(viewer, callId, step.reason));
      case 'hangUp':
        return void (await calls.hangUpCall(viewer, callId, 'HUNG_UP'));
      case 'report':
        return void (await calls.reportConnection(viewer, callId, step.connection));
      case 'trickle':
      case 'offer': {
        const clientSeq = (await calls.call(viewer, callId))?.nextClientSeq ?? 1;
        const signal = { callId, clientSeq };
        const said = this.#said++;
        try {
          if (step.what === 'trickle')
            await calls.sendIceCandidates(viewer, { ...signal, candidates: [candidate(said)], endOfCandidates: false });
          else await calls.sendDescription(viewer, { ...signal, type: 'OFFER', sdp: `v=0 ${said}`, inReplyTo: null });
        } catch (error) {
          // The device raced itself for a number.
          if (!(error instanceof SignalingError) || error.code !== 'CALL_SIGNAL_CONFLICT') throw error;
        }
        return;
      }
      case 'leave':
        return phone.leave();
      case 'return':
        return phone.return();
      case 'pong':
        return phone.pong();
    }
  }
}
