import { describe, it, expect } from '@jest/globals';
import { MemoryWakeBus } from '../../src/memory/wake-bus.js';
import { wakeBusContract } from '../contract/wake-bus.js';
import { settled } from '../support/clock.js';

wakeBusContract('memory', () => {
  const bus = new MemoryWakeBus();
  return Promise.resolve({ sender: bus, listener: bus, stop: () => bus.close() });
});

describe('wake-ups in memory', () => {
  it('run after whoever sent them has gone on', async () => {
    const bus = new MemoryWakeBus();
    const order: string[] = [];
    await bus.subscribe('alice', () => order.push('woken'));
    bus.wake(['alice'], null);
    order.push('gone on');
    await settled();
    expect(order).toEqual(['gone on', 'woken']);
    await bus.close();
  });
});
