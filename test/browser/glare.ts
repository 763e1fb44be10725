import { expect } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import { bothHear, bothSee } from './phone.js';
import type { BrowserWorld } from './world.js';

/**
 * Two accounts call each other, again and again: each time it is one call, and both are in it.
 *
 * @param laterMs for each round, how much later the second of them calls
 */
export async function glare(world: BrowserWorld, laterMs: readonly number[]): Promise<void> {
  const [a, b] = world.accounts();
  const phones = await Promise.all([world.phone(`${a}/phone`), world.phone(`${b}/phone`)]);
  const [alice, bob] = phones;
  for (const ms of laterMs) {
    await Promise.all([alice.start(b), delay(ms).then(() => bob.start(a))]);
    const looks = await Promise.all(phones.map((phone) => phone.reached('ACTIVE')));
    for (const look of looks) expect(look).toMatchObject({ calls: 1, rings: false });
    expect(looks[0]!.id).toBe(looks[1]!.id);
    await bothHear(...phones);
    await bothSee(...phones);
    await alice.hangUp();
    const over = { endReason: 'COMPLETED', calls: 0, rings: false, error: null };
    for (const phone of phones) expect(await phone.reached('ENDED')).toMatchObject(over);
  }
}
