import { expect } from '@jest/globals';
import { candidateLine, type TestDevice } from '../support/device.js';
import { eventually } from '../support/process.js';

interface Side {
  readonly device: TestDevice;
  /** Candidate lines in the order in which they were given to be sent. */
  readonly sent: string[];
  readonly sending: Promise<unknown>[];
}

const EVERY_MS = 100;
/** One description may have 200 candidates. */
const MOST = 180;

/** A call that was answered, and what its two devices send each other while something dies. */
export class Talk {
  readonly callId: string;
  readonly #sides: readonly [Side, Side];
  #flowing: NodeJS.Timeout | undefined;

  private constructor(callId: string, caller: TestDevice, callee: TestDevice) {
    this.callId = callId;
    this.#sides = [
      { device: caller, sent: [], sending: [] },
      { device: callee, sent: [], sending: [] },
    ];
  }

  /** @param account the callee's; both devices begin to listen */
  static async begin(caller: TestDevice, callee: TestDevice, account: string): Promise<Talk> {
    await Promise.all([caller.listen(), callee.listen()]);
    const { call, offerId } = await caller.start(account);
    await callee.next('CallInvited', (event) => event.call.id === call.id);
    await callee.answer(call.id, offerId);
    await caller.next('DescriptionReceived');
    await caller.report(call.id);
    await Promise.all([caller.state('ACTIVE'), callee.state('ACTIVE')]);
    return new Talk(call.id, caller, callee);
  }

  /** Each side sends one candidate more, without waiting for the one before it. */
  send(): void {
    for (const { device, sent, sending } of this.#sides) {
      const line = candidateLine(sent.length);
      sent.push(line);
      const receipt = device.candidates(this.callId, [line]);
      // Whoever awaits it hears of its failure; until then something else may have failed that tells more.
      receipt.catch(() => {});
      sending.push(receipt);
    }
  }

  /** Sends all the time, until it is asked what was told. */
  flow(): void {
    this.#flowing = setInterval(() => {
      if (this.#sides[0].sent.length < MOST) this.send();
    }, EVERY_MS);
  }

  /** Every candidate was acknowledged, and each has come to the other side once and in order. */
  async told(withinMs = 20_000): Promise<void> {
    clearInterval(this.#flowing);
    const [one, other] = this.#sides;
    await Promise.all([...one.sending, ...other.sending]);
    for (const [{ device }, { sent }] of [
      [one, other],
      [other, one],
    ] as const) {
      await eventually(() => device.received(this.callId).length >= sent.length, withinMs);
      expect(device.received(this.callId)).toEqual(sent);
    }
  }

  /** Hangs up, and looks back: no state was lost or doubled, and no stream had to start over. */
  async end(): Promise<void> {
    await this.told();
    const [{ device: caller }, { device: callee }] = this.#sides;
    await caller.hangUp(this.callId);
    await Promise.all([caller.state('ENDED'), callee.state('ENDED')]);
    await this.told();
    for (const { events, completed } of [caller, callee]) {
      const states = events.flatMap((event) =>
        event.__typename === 'CallStateChanged' && event.call.id === this.callId ? [event.state] : [],
      );
      expect(states).toEqual(['CONNECTING', 'ACTIVE', 'ENDED']);
      expect(readies(events).slice(1)).not.toContain(false);
      expect(completed).toBe(false);
    }
  }
}

/** Of each subscription, whether it took up where the one before had ended. */
export function readies(events: TestDevice['events']): readonly boolean[] {
  return events.flatMap((event) => (event.__typename === 'StreamReady' ? [event.resumed] : []));
}
