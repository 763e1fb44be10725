// Success of callRelay under 17 kinds of fault of its provider: npm run bench -- success
import { createMetrics } from '../dist/events/metrics.js';
import { systemClock } from '../dist/ports.js';
import { createRelay } from '../dist/providers/relay.js';
import { measureSuccess } from './success/measure.mjs';
import { report, table } from './support/harness.mjs';

const percent = (share) => `${(share * 100).toFixed(1)} %`;

const results = await measureSuccess(
  (options) => createRelay({ ...options, clock: systemClock, metrics: createMetrics(), events: { emit() {} } }),
  { requests: 1_000, perSecond: 250 },
);

report('callRelay under faults of its provider (`success`)', [
  'Served, of 1,000 requests of new devices and 100 others for each kind of fault:',
  table(
    ['fault of the provider', 'one provider', 'credentials still good', 'with a second provider', 'afterwards'],
    results.map(({ fault, one, kept, two, recovered }) => [fault.name, ...[one, kept, two, recovered].map(percent)]),
  ),
]);
