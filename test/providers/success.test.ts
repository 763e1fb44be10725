import { describe, expect, it } from '@jest/globals';
import { FAULTS } from '../../bench/success/faults.mjs';
import { measureSuccess } from '../../bench/success/measure.mjs';
import { systemClock } from '../../src/ports.js';
import { createRelay } from '../../src/providers/relay.js';
import { recordingEvents, recordingMetrics } from '../relay/recorders.js';

// The command that counts to a thousand for each kind: npm run bench -- success
describe('callRelay, while its provider has a fault', () => {
  it('is served wherever one of six tries would be, and always when anything else can serve', async () => {
    // Where no try ever succeeds, only kept credentials and other providers help: see kept-credentials.test.ts.
    const faults = FAULTS.filter(({ floor }) => floor !== 0);
    const results = await measureSuccess(
      (options) =>
        createRelay({
          ...options,
          clock: systemClock,
          metrics: recordingMetrics(),
          events: recordingEvents(),
          // The machine may be busy: how often it is tried is shown here, and in what time by the command.
          times: { deadlineMs: 30_000 },
        }),
      { requests: 40, perSecond: 10, faults, atOnce: true },
    );
    expect(results).toHaveLength(15);
    // Six tries at every second answer fail in 1.6 %: of 40, that more than 4 do is out of the question.
    const served = results.map(({ fault, one }) => ({
      fault: fault.name,
      well: one >= (fault.half ? 0.9 : (fault.floor ?? 0) - 0.03),
    }));
    expect(served.filter(({ well }) => !well)).toEqual([]);
    expect(results.filter(({ kept, two, recovered }) => Math.min(kept, two, recovered) < 1)).toEqual([]);
  }, 180_000);
});
