import { afterEach, beforeEach, describe, it, expect } from '@jest/globals';
import type { Presence } from '../../src/call/presence.js';

export interface PresenceUnderTest {
  readonly presence: Presence;
  readonly stop: () => Promise<void>;
}

let made = 0;

/** What every record of who has a stream promises. */
export function presenceContract(name: string, make: () => Promise<PresenceUnderTest>): void {
  describe(`presence in ${name}`, () => {
    let under: PresenceUnderTest;
    let presence: Presence;
    let accountId: string;
    beforeEach(async () => {
      under = await make();
      ({ presence } = under);
      accountId = `account-${made++}`;
    });
    afterEach(() => under.stop());

    const phone = (): { accountId: string; deviceId: string } => ({ accountId, deviceId: 'phone' });

    it('draws epochs that only grow, also when drawn at once', async () => {
      const drawn = await Promise.all(Array.from({ length: 10 }, () => presence.nextEpoch()));
      expect(new Set(drawn).size).toBe(10);
      expect(await presence.nextEpoch()).toBeGreaterThan(Math.max(...drawn));
    });

    it('knows which devices have a stream, and which had one', async () => {
      expect(await presence.enter(phone(), 's1', 1)).toBe('CURRENT');
      await presence.enter({ accountId, deviceId: '__proto__' }, 's2', 1);
      await presence.leave(phone(), 's1');
      const devices = await presence.devicesOf(accountId);
      expect(devices.map(({ deviceId, streaming }) => [deviceId, streaming]).sort()).toEqual([
        ['__proto__', true],
        ['phone', false],
      ]);
      expect(await presence.devicesOf(`${accountId}x`)).toEqual([]);
    });

    it('lets the greater epoch have the device, and of one epoch the later stream', async () => {
      await presence.enter(phone(), 's1', 5);
      expect(await presence.enter(phone(), 's2', 5)).toBe('REPLACED');
      expect(await presence.enter(phone(), 's3', 4)).toBe('TAKEN_OVER');
      expect(await presence.touch(phone(), 's1')).toBe('TAKEN_OVER');
      expect(await presence.touch(phone(), 's3')).toBe('TAKEN_OVER');
      expect(await presence.touch(phone(), 's2')).toBe('CURRENT');
    });

    it('does not let a stream that was taken over take its successor along when it leaves', async () => {
      await presence.enter(phone(), 's1', 1);
      await presence.enter(phone(), 's2', 2);
      await presence.leave(phone(), 's1');
      expect(await presence.devicesOf(accountId)).toMatchObject([{ deviceId: 'phone', streaming: true }]);
    });

    it('tells the stream of a device that was revoked, and only that', async () => {
      await presence.enter(phone(), 's1', 1);
      await presence.enter({ accountId, deviceId: 'laptop' }, 's2', 1);
      await presence.revoke(phone());
      await presence.revoke({ accountId, deviceId: 'none' });
      expect(await presence.touch(phone(), 's1')).toBe('REVOKED');
      expect(await presence.touch({ accountId, deviceId: 'laptop' }, 's2')).toBe('CURRENT');
      expect(await presence.enter(phone(), 's3', 2)).toBe('REPLACED');
    });

    it('says which stream took the place of another that is there, and which came to a free place', async () => {
      expect(await presence.enter(phone(), 's1', 1)).toBe('CURRENT');
      expect(await presence.enter({ accountId, deviceId: 'laptop' }, 's2', 1)).toBe('CURRENT');
      await presence.leave(phone(), 's1');
      expect(await presence.enter(phone(), 's3', 2)).toBe('CURRENT');
      expect(await presence.enter(phone(), 's4', 3)).toBe('REPLACED');
    });
  });
}
