// Which share of callRelay succeeds while a provider has a fault, and after it.
import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { FAULTS, startProvider } from './faults.mjs';

/**
 * @param makeRelay of the build, or of the sources: `createRelay` of src/providers/relay.ts
 * @param options.requests by devices that ask for the first time, for each kind of fault
 * @param options.perSecond how many of them begin in a second
 * @param options.atOnce all kinds side by side: for a test, which shows how often is tried and not in what time
 * @returns for each kind the share that was served: of new devices with one provider, of devices whose credentials are still
 *   good, of new devices with a second provider that is well; and of requests after the fault
 */
export async function measureSuccess(makeRelay, { requests, perSecond, faults = FAULTS, atOnce = false }) {
  const measure = async (fault) => {
    const provider = await startProvider();
    const second = await startProvider();
    const alone = makeRelay(configOf([provider]));
    const withSecond = makeRelay(configOf([provider, second]));
    const issue = (relay, who) => relay.service.issue({ accountId: who, deviceId: 'phone' });
    const share = async (relay, count, whoOf) => {
      const outcomes = await paced(count, perSecond, (i) => issue(relay, whoOf(i)));
      return outcomes.filter((isServed) => isServed).length / count;
    };
    const few = Math.ceil(requests / 10);
    try {
      await share(alone, few, (i) => `known-${i}`);
      provider.show(fault);
      const one = await share(alone, requests, (i) => `new-${i}`);
      const kept = await share(alone, few, (i) => `known-${i}`);
      const two = await share(withSecond, few, (i) => `second-${i}`);
      provider.show(null);
      // An open breaker lets a probe through twice a second.
      const recovered = await share(alone, few, (i) => `later-${i}`);
      return { fault, one, kept, two, recovered };
    } finally {
      await Promise.all([alone.close(), withSecond.close()]);
      await Promise.all([provider.close(), second.close()]);
    }
  };
  if (atOnce) return Promise.all(faults.map(measure));
  const results = [];
  for (const fault of faults) results.push(await measure(fault));
  return results;
}

function configOf(providers) {
  return {
    config: {
      requestedTtlSeconds: 86_400,
      clientTtlSeconds: 43_200,
      rateLimit: { max: 20, windowSeconds: 600 },
      providers: providers.map(({ url }) => ({ type: 'cloudflare', endpoint: url, token: 'token' })),
      relay: { urls: ['turn:turn.example.com:3478?transport=udp'] },
    },
    production: false,
    nameKey: randomBytes(32),
    readSecret: () => '',
  };
}

async function paced(count, perSecond, begin) {
  const startedAt = performance.now();
  const begun = [];
  for (let i = 0; i < count; i++) {
    const ahead = (i * 1_000) / perSecond - (performance.now() - startedAt);
    if (ahead > 5) await wait(ahead);
    const isServed = begin(i).then(
      () => true,
      () => false,
    );
    begun.push(isServed);
  }
  return Promise.all(begun);
}
