/** Every function that a host can give, found by the types, and where it is shown that nothing is lost by what it does. */
import { beforeAll, expect, it } from '@jest/globals';
import { functionsGivenTo } from '../support/host-functions.js';

const MODULES = ['src/index.ts', 'src/redis/adapters.ts', 'src/server/index.ts'];

const MISBEHAVIOUR = 'test/host/misbehaviour.test.ts: may do anything';
const LISTENERS = 'test/host/listeners.test.ts: may do anything';
const TIME = 'time: systemClock and systemTimers, or those of a test';
const OURS = 'made by this package; given from one part of it to another';

/** By the path of the function, or the path of what it is part of. */
const KNOWN: Readonly<Record<string, string>> = {
  'createCallSignaling().withSchema.ownContext': MISBEHAVIOUR,
  'bodyErrors.next': 'called last, and only when the answer is not ours: its error is that of the app',
  'createCallSignaling.adapters': 'ports of createRedisAdapters, with promises of their own: test/contract',
  'createCallSignaling.authenticator': MISBEHAVIOUR,
  'createCallSignaling.callPolicy': MISBEHAVIOUR,
  'createCallSignaling.clock': TIME,
  'createCallSignaling.deviceDirectory': MISBEHAVIOUR,
  'createCallSignaling.events': MISBEHAVIOUR,
  'createCallSignaling.metrics': MISBEHAVIOUR,
  'createCallSignaling.onDefect': MISBEHAVIOUR,
  'createCallSignaling.onWarning': LISTENERS,
  'createCallSignaling.rateLimiter': MISBEHAVIOUR,
  'createCallSignaling.relay.providers': MISBEHAVIOUR,
  'createCallSignaling.relay.readSecret': LISTENERS,
  'createCallSignaling.relay.resolver': MISBEHAVIOUR,
  'createCallSignaling.relay.sharedCredentials': MISBEHAVIOUR,
  'createCallSignaling.sendWakeUp': MISBEHAVIOUR,
  'createCallSignaling.trustedDocuments': `${OURS}: readTrustedDocuments()`,
  'createHttpDirectory.cacheName': LISTENERS,
  'createHttpDirectory.clock': TIME,
  'createHttpDirectory.onFailure': LISTENERS,
  'createHttpPolicy.onFailure': LISTENERS,
  'createJwtAuthenticator.clock': TIME,
  'createJwtAuthenticator.onFailure': LISTENERS,
  'createJwtAuthenticator.onRefused': LISTENERS,
  'createJwtAuthenticator.timers': TIME,
  'createMetrics().watchDependency.isDegraded': LISTENERS,
  'createMetrics().watchSockets.open': LISTENERS,
  'createMetrics().watchStreams.open': LISTENERS,
  'createRedisAdapters.clock': TIME,
  'createRedisAdapters.onFailure': LISTENERS,
  'createRedisAdapters.onProblems': LISTENERS,
  'createWebhook.clock': TIME,
  'createWebhook.onFailure': LISTENERS,
  'createWebhook.timers': TIME,
  'readTrustedDocuments.onRefused': LISTENERS,
  'startServer.log': `${OURS}: createLog()`,
  ...Object.fromEntries(
    ['attachWebSocket', 'createWebSocket'].flatMap((door) => [
      [`${door}.allowsOrigin`, MISBEHAVIOUR],
      [`${door}.authenticate`, `${OURS}: signaling.websocket`],
      [`${door}.clock`, TIME],
      [`${door}.contextFor`, `${OURS}: signaling.websocket`],
      [`${door}.executor`, `${OURS}: signaling.websocket`],
      [`${door}.metrics`, MISBEHAVIOUR],
      [`${door}.nextEpoch`, `${OURS}: signaling.websocket`],
      [`${door}.onDefect`, MISBEHAVIOUR],
      [`${door}.onRefusedOrigin`, MISBEHAVIOUR],
      [`${door}.recheck`, `${OURS}: signaling.websocket`],
      [`${door}.strangers`, `${OURS}: createStrangers()`],
      [`${door}.connections`, `${OURS}: createConnections()`],
      [`${door}.shares`, `${OURS}: createShares()`],
    ]),
  ),
};

const isAt = (path: string, known: string): boolean => path === known || path.startsWith(`${known}.`);
let found: readonly string[] = [];
beforeAll(() => {
  found = functionsGivenTo(MODULES);
}, 120_000);

it('each function of a host is known, and so is what comes of it when it misbehaves', () => {
  // A new one goes through src/host (createCallback, quiet, textAtOnce), has a line in one of the two tests, and then one here.
  expect(found.filter((path) => !Object.keys(KNOWN).some((known) => isAt(path, known)))).toEqual([]);
});

it('none is listed that there is not', () => {
  expect(Object.keys(KNOWN).filter((known) => !found.some((path) => isAt(path, known)))).toEqual([]);
});
