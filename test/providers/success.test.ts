import { describe, expect, it } from '@jest/globals';
import { measureSuccess } from '../../bench/success/measure.mjs';
import { systemClock } from '../../src/ports.js';
import { createRelay } from '../../src/providers/relay.js';
import { recordingEvents, recordingMetrics } from '../relay/recorders.js';

// The command that counts to a thousand for each kind: npm run bench -- success
describe('callRelay, while its provider has a fault', () => {
  it('is served wherever one of six tries would be, and always when anything else can serve', async () => {
    const results = await measureSuccess(
      (options) =>
        createRelay({ ...options, clock: systemClock, metrics: recordingMetrics(), events: recordingEvents() }),
      { requests: 200, perSecond: 100 },
    );
    expect(results).toHaveLength(17);
    // Six tries at every second answer fail in 1.6 %: of 100, that more than 10 do is out of the question.
    const served = results.map(({ fault, one }) => ({
      fault: fault.name,
      well: one >= (fault.half ? 0.9 : (fault.floor ?? 0) - 0.03),
    }));
    expect(served.filter(({ well }) => !well)).toEqual([]);
    expect(results.filter(({ kept, two, recovered }) => Math.min(kept, two, recovered) < 1)).toEqual([]);
  }, 180_000);
});
