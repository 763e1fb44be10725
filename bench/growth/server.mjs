// This project in a server of its own, with calls that were made and ended before, and accounts that have many devices.
import { createServer } from 'node:http';
import { randomBytes, randomUUID } from 'node:crypto';
import { callIdOf, pairTags } from '../../dist/call/ids.js';
import { CallService } from '../../dist/call/service.js';
import { attachWebSocket, createCallSignaling, createJwtAuthenticator } from '../../dist/index.js';
import { createMemoryAdapters } from '../../dist/memory/adapters.js';
import { createMemoryRateLimiter } from '../../dist/memory/rate-limiter.js';
import { systemClock, systemTimers } from '../../dist/ports.js';

const { PUBLIC_KEY, ISSUER, AUDIENCE, STORED, DEVICES } = process.env;
const DAY_MS = 24 * 60 * 60 * 1_000;
const NOTHING = { calleeDeviceId: null, replacesCallId: null, attachment: null };
const adapters = createMemoryAdapters(systemClock);
const { callStore, accountIndex } = adapters;
const nameKey = randomBytes(32);
const pairTag = pairTags(nameKey);
const devices = ['phone', ...Array.from({ length: Number(DEVICES) - 1 }, (_, i) => `device-${i}`)].map((id) => ({
  id,
  name: null,
  active: true,
}));
const devicesOf = async (accounts) => accounts.map(() => devices);

const filling = new CallService({
  store: adapters.callStore,
  index: adapters.accountIndex,
  presence: adapters.presence,
  bus: adapters.wakeBus,
  timers: systemTimers,
  limiter: createMemoryRateLimiter(systemClock),
  directory: { devicesOf },
  policy: { mayCall: async () => true },
  events: { emit() {} },
  sendWakeUp() {},
  clock: systemClock,
  pairTag,
  input: { opaqueSdp: false },
});
const offerSdp = `v=0\r\n${'a=rtpmap:96 VP8/90000\r\n'.repeat(100)}`;
/** One call that was made and ended, as it is kept from a minute after its end on. */
async function endedCall() {
  const viewer = { accountId: 'kept', deviceId: 'phone', issuedAt: 0, expiresAt: Number.MAX_SAFE_INTEGER };
  const input = { clientCallId: randomUUID(), calleeAccountId: 'callee', media: 'VIDEO', offerSdp, ...NOTHING };
  const { call } = await filling.startCall(viewer, input);
  await filling.hangUpCall(viewer, call.id, 'HUNG_UP');
  const { stored, time } = await callStore.read(call.id);
  return { ...stored.call, purged: true, expiresAt: time.now + DAY_MS };
}

/** The same of other accounts: to make each over again would take minutes. */
async function keep({ expiresAt, ...call }, i) {
  const [caller, callee, key] = [`kept-${i}`, `kept-callee-${i}`, `key-${i}`];
  const tag = pairTag(caller, callee);
  const id = callIdOf(tag, key);
  const kept = { ...structuredClone(call), id, startKeys: [key] };
  const record = { hash: key, outcome: 'CREATED', callId: id, offerId: key };
  await callStore.commit(tag, {
    writes: [{ call: kept, expectedVersion: 0, entries: [], dropped: [], dueAt: null, expiresAt }],
    start: { pairVersion: 0, starter: caller, key, record },
    notAfter: null,
  });
  await accountIndex.enter([caller, callee], id);
  await accountIndex.retire([caller, callee], id);
}

const ended = await endedCall();
for (let i = 0; i < Number(STORED); i += 1) await keep(ended, i);

const keys = { publicKeyPem: PUBLIC_KEY };
const signaling = createCallSignaling({
  adapters,
  nameKey,
  authenticator: createJwtAuthenticator({ keys, issuer: ISSUER, audience: AUDIENCE }),
  deviceDirectory: devicesOf,
  relay: {
    config: {
      requestedTtlSeconds: 86_400,
      clientTtlSeconds: 43_200,
      rateLimit: { max: 20, windowSeconds: 600 },
      providers: [{ type: 'shared-secret', secret: 'bench' }],
      relay: { urls: ['turn:turn.example.com:3478?transport=udp'] },
    },
  },
});
const server = createServer();
const door = attachWebSocket(server, signaling.websocket);
server.listen(0, '127.0.0.1', () => process.stdout.write(`listening ${server.address().port}\n`));
process.once('SIGTERM', async () => {
  await door.close();
  await signaling.close();
  process.exit(0);
});
