import { afterEach, beforeEach, describe, it, expect } from '@jest/globals';
import type { WakeBus } from '../../src/call/ports.js';

export interface WakeBusUnderTest {
  /** Where wake-ups are sent, and where they are heard: the same, or another node. */
  readonly sender: WakeBus;
  readonly listener: WakeBus;
  readonly stop: () => Promise<void>;
}

/** Collects wake-ups, so that a test can wait for as many as it expects. */
class Heard {
  readonly all: (string | null)[] = [];
  #until: { readonly count: number; readonly resolve: () => void } | null = null;

  readonly on = (callId: string | null): void => {
    this.all.push(callId);
    if (this.#until && this.all.length >= this.#until.count) this.#until.resolve();
  };

  async atLeast(count: number): Promise<readonly (string | null)[]> {
    if (this.all.length < count)
      await new Promise<void>((resolve) => {
        this.#until = { count, resolve };
      });
    return this.all;
  }
}

let made = 0;

/** What every bus of wake-ups promises. */
export function wakeBusContract(name: string, make: () => Promise<WakeBusUnderTest>): void {
  describe(`wake-ups over ${name}`, () => {
    let under: WakeBusUnderTest;
    let alice: string;
    let bob: string;
    beforeEach(async () => {
      under = await make();
      [alice, bob] = [`alice-${made}`, `bob-${made}`];
      made++;
    });
    afterEach(() => under.stop());

    it('reach a subscriber as soon as it is subscribed, in order, and whatever the call', async () => {
      const heard = new Heard();
      await under.listener.subscribe(alice, heard.on);
      const calls = Array.from({ length: 50 }, (_, n) => `tag.call-${n}`);
      for (const callId of calls) under.sender.wake([alice], callId);
      under.sender.wake([alice], null);
      expect(await heard.atLeast(51)).toEqual([...calls, null]);
    });

    it('reach every account that is named, every subscriber of it, and nobody else', async () => {
      const [first, second, theirs, other] = [new Heard(), new Heard(), new Heard(), new Heard()];
      await under.listener.subscribe(alice, first.on);
      await under.listener.subscribe(alice, second.on);
      await under.listener.subscribe(bob, theirs.on);
      await under.listener.subscribe(`${alice}*`, other.on);
      under.sender.wake([alice, bob], 'call');
      under.sender.wake([`${alice}*`], 'last');
      await Promise.all([first.atLeast(1), second.atLeast(1), theirs.atLeast(1), other.atLeast(1)]);
      expect([first.all, second.all, theirs.all, other.all]).toEqual([['call'], ['call'], ['call'], ['last']]);
    });

    it('stop when a subscription ends, and go on for the others', async () => {
      const [gone, kept] = [new Heard(), new Heard()];
      const unsubscribe = await under.listener.subscribe(alice, gone.on);
      await under.listener.subscribe(alice, kept.on);
      await unsubscribe();
      under.sender.wake([alice], 'call');
      expect(await kept.atLeast(1)).toEqual(['call']);
      expect(gone.all).toEqual([]);
    });

    it('can be subscribed to again after the last subscription ended', async () => {
      await (
        await under.listener.subscribe(alice, () => undefined)
      )();
      const heard = new Heard();
      await under.listener.subscribe(alice, heard.on);
      under.sender.wake([alice], 'call');
      expect(await heard.atLeast(1)).toEqual(['call']);
    });

    it('say which stream came, and nothing of calls', async () => {
      const heard = new Promise<unknown[]>((resolve) => {
        void under.listener
          .subscribe(alice, (...wake) => resolve(wake))
          .then(() => {
            under.sender.tellOf(alice, { deviceId: 'phone', streamId: 's1' });
          });
      });
      expect(await heard).toEqual([null, undefined, { deviceId: 'phone', streamId: 's1' }]);
    });

    it('take any name of an account', async () => {
      for (const account of ['error', '*', '{a}', 'a b', '__proto__', 'x'.repeat(256)]) {
        const heard = new Heard();
        const unsubscribe = await under.listener.subscribe(account, heard.on);
        under.sender.wake([account], 'call');
        expect(await heard.atLeast(1)).toEqual(['call']);
        await unsubscribe();
      }
    });

    it('go nowhere, without a fuss, when nobody listens or the bus is closed', async () => {
      under.sender.wake([alice], 'call');
      under.sender.wake([], null);
      await under.sender.close();
      expect(() => under.sender.wake([alice], 'call')).not.toThrow();
    });
  });
}
