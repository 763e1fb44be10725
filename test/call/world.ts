import type { CallEvent } from '../../src/call/event.js';
import { cursorSeal } from '../../src/call/cursor.js';
import { pairTags } from '../../src/call/ids.js';
import type { CallStore, WakeUp } from '../../src/call/ports.js';
import { CallService } from '../../src/call/service.js';
import type { CallParts } from '../../src/call/service.js';
import type { StartCallInput } from '../../src/call/start.js';
import type { EventStream } from '../../src/call/stream.js';
import { EventStreams } from '../../src/call/streams.js';
import type { KnownDevices, Viewer } from '../../src/identity/viewer.js';
import { MemoryAccountIndex } from '../../src/memory/account-index.js';
import { MemoryCallStore } from '../../src/memory/call-store.js';
import { MemoryPresence } from '../../src/memory/presence.js';
import { createMemoryRateLimiter } from '../../src/memory/rate-limiter.js';
import { MemoryWakeBus } from '../../src/memory/wake-bus.js';
import type { SignalingEvent } from '../../src/ports.js';
import { SetClock, settled } from '../support/clock.js';

export const OFFER = 'v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\n';
export const ANSWER = 'v=0\r\no=- 2 2 IN IP4 192.0.2.2\r\n';

export function device(accountId: string, deviceId: string, expiresAt = Number.MAX_SAFE_INTEGER): Viewer {
  return { accountId, deviceId, issuedAt: 0, expiresAt };
}

/** Alice calls from her phone; Bob has a phone and a laptop; Carol has nothing to do with it. */
export const ALICE = device('alice', 'phone');
export const ALICE_TABLET = device('alice', 'tablet');
export const BOB = device('bob', 'phone');
export const BOB_LAPTOP = device('bob', 'laptop');
export const CAROL = device('carol', 'phone');

export function candidate(n: number): {
  candidate: string;
  sdpMid: string;
  sdpMLineIndex: number;
  usernameFragment: string;
} {
  const line = `candidate:${n} 1 udp 2122260223 192.0.2.${n % 250} 50000 typ host`;
  return { candidate: line, sdpMid: '0', sdpMLineIndex: 0, usernameFragment: 'ufrag' };
}

let starts = 0;

export function startInput(calleeAccountId: string, changes: Partial<StartCallInput> = {}): StartCallInput {
  return {
    clientCallId: `client-call-id-${starts++}`,
    calleeAccountId,
    calleeDeviceId: null,
    media: 'AUDIO',
    offerSdp: OFFER,
    replacesCallId: null,
    attachment: null,
    ...changes,
  };
}

/** One process with everything in memory, its devices known to a directory, and a clock to set. */
export class World {
  readonly clock = new SetClock();
  readonly store: CallStore;
  readonly index = new MemoryAccountIndex(this.clock);
  readonly presence = new MemoryPresence(this.clock);
  readonly bus = new MemoryWakeBus();
  readonly limiter = createMemoryRateLimiter(this.clock);
  readonly pairTag = pairTags(Buffer.alloc(32, 7));
  readonly calls: CallService;
  readonly streams: EventStreams;
  readonly events: SignalingEvent[] = [];
  readonly wakeUps: WakeUp[] = [];
  /** What the directory says; an account that is not here is unknown to it. Null: there is no directory. */
  devices: Record<string, readonly string[]> | null = {
    alice: ['phone', 'tablet'],
    bob: ['phone', 'laptop'],
    carol: ['phone'],
    dave: ['phone'],
    erin: ['phone'],
    frank: ['phone'],
  };
  /** Pairs of caller and callee that policy refuses. */
  readonly refused: (readonly [string, string])[] = [];

  constructor(changes: Partial<CallParts> & { wrapStore?: (store: CallStore) => CallStore } = {}) {
    const { wrapStore = (store) => store, ...parts } = changes;
    this.store = wrapStore(new MemoryCallStore(this.clock));
    this.calls = new CallService({
      store: this.store,
      index: this.index,
      presence: this.presence,
      bus: this.bus,
      timers: this.clock,
      limiter: this.limiter,
      directory: { devicesOf: (accounts) => Promise.resolve(accounts.map((account) => this.#known(account))) },
      policy: {
        mayCall: ({ accountId }, callee) =>
          Promise.resolve(!this.refused.some(([from, to]) => from === accountId && to === callee)),
      },
      events: { emit: (event) => this.events.push(event) },
      sendWakeUp: (wakeUp) => this.wakeUps.push(wakeUp),
      clock: this.clock,
      pairTag: this.pairTag,
      input: { opaqueSdp: false },
      ...parts,
    });
    let streams = 0;
    this.streams = new EventStreams({
      ledger: this.calls.ledger,
      store: this.store,
      index: this.index,
      cursors: cursorSeal([Buffer.alloc(32, 9)]),
      clock: this.clock,
      presence: this.presence,
      bus: this.bus,
      openCalls: (viewer, over) => this.calls.openCalls(viewer, over),
      timers: this.clock,
      newId: () => `stream-${streams++}`,
    });
  }

  #known(accountId: string): KnownDevices {
    return this.devices && (this.devices[accountId] ?? []).map((id) => ({ id, name: null, active: true }));
  }

  /** A device that listens. */
  async listen(viewer: Viewer, after: string | null = null, epoch?: number): Promise<Listener> {
    const stream = await this.streams.subscribe(viewer, epoch ?? (await this.presence.nextEpoch()), after);
    return new Listener(stream);
  }

  /** Alice's call to Bob, as far as asked for, its stages a second apart. */
  async callUpTo(
    state: 'INITIATED' | 'RINGING' | 'CONNECTING' | 'ACTIVE' | 'RECONNECTING' | 'ENDED',
    changes: Partial<StartCallInput> = {},
  ): Promise<{ readonly callId: string; readonly offerId: string }> {
    const { call, offerId } = await this.calls.startCall(ALICE, startInput('bob', changes));
    const callId = call.id;
    const steps = [
      () => this.calls.reportRinging(BOB, callId),
      () => this.calls.answerCall(BOB, { callId, offerId, answerSdp: ANSWER }),
      () => this.calls.reportConnection(ALICE, callId, 'CONNECTED'),
      () => this.calls.reportConnection(ALICE, callId, 'DISCONNECTED'),
      () => this.calls.hangUpCall(ALICE, callId, 'HUNG_UP'),
    ];
    const states = ['INITIATED', 'RINGING', 'CONNECTING', 'ACTIVE', 'RECONNECTING', 'ENDED'];
    for (const step of steps.slice(0, states.indexOf(state))) {
      this.clock.jump(1_000);
      await step();
    }
    return { callId, offerId };
  }

  async stop(): Promise<void> {
    await this.streams.stop();
    await this.bus.close();
    await this.store.close();
    await this.limiter.close();
  }
}

/** Collects what a stream says, as fast as it says it. */
export class Listener {
  readonly events: CallEvent[] = [];
  done = false;
  error: unknown = null;
  readonly #finished: Promise<void>;

  constructor(readonly stream: EventStream) {
    this.#finished = this.#read();
  }

  async #read(): Promise<void> {
    try {
      for await (const event of this.stream) this.events.push(event);
      this.done = true;
    } catch (error) {
      this.error = error;
    }
  }

  get cursor(): string {
    const last = this.events.at(-1);
    if (!last) throw new TypeError('no event yet');
    return last.cursor;
  }

  /** What was said of calls so far, in short words. */
  get said(): readonly string[] {
    return this.events.map((event) => inShort(event));
  }

  async leave(): Promise<string> {
    await settled();
    const { cursor } = this;
    await this.stream.return();
    await this.#finished;
    return cursor;
  }
}

export function inShort(event: CallEvent): string {
  switch (event.type) {
    case 'StreamReady':
      return `ready resumed=${event.resumed} open=${event.openCalls.length}`;
    case 'StreamClosed':
      return `closed ${event.reason}`;
    case 'CallInvited':
      return `invited`;
    case 'CallStateChanged':
      return `${event.state}${event.endReason ? ` ${event.endReason}` : ''}`;
    case 'DescriptionReceived':
      return `${event.description.type.toLowerCase()}${event.collision ? ' collision' : ''}`;
    case 'IceCandidatesReceived':
      return `candidates ${event.candidates.map(({ candidate: line }) => line.split(/[ :]/)[1] ?? '').join()}`;
  }
}
