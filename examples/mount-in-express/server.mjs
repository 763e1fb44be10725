// Call signaling in an Express app with an Apollo Server of its own, and all that belongs to it.
// After `npm run build`:  PORT=4001 node examples/mount-in-express/server.mjs
import { ApolloServer } from '@apollo/server';
import { expressMiddleware } from '@as-integrations/express5';
import express from 'express';
import { attachWebSocket, bodyErrors, createCallSignaling, createWebhook } from 'voip-call-signaling';
import { createRedisAdapters } from 'voip-call-signaling/redis';

const { ADMIN_TOKEN, ENCRYPTION_KEY, NAME_KEY, PORT = '4001', REDIS_URL, WEBHOOK_SECRET, WEBHOOK_URL } = process.env;

// For many nodes, which have the same keys, each 32 bytes in base64. Left out, everything is in this process.
const adapters = REDIS_URL
  ? createRedisAdapters({
      url: REDIS_URL,
      encryptionKeys: [{ id: 'k1', key: Buffer.from(ENCRYPTION_KEY, 'base64') }],
      nameKey: Buffer.from(NAME_KEY, 'base64'),
    })
  : undefined;
// Wakes devices that have no stream, and tells of calls. Left out, no device is woken.
const webhook = WEBHOOK_URL ? createWebhook({ url: WEBHOOK_URL, secret: WEBHOOK_SECRET }) : undefined;

const signaling = createCallSignaling({
  adapters,
  // Yours: whose token is this? null for nobody's. Or createJwtAuthenticator({ keys: { jwksUrl }, issuer, audience, … }).
  authenticator: (token) => sessions[token] ?? null,
  // Yours: which devices does an account have? Left out, the device that the authenticator names is believed.
  deviceDirectory: async (accountIds) => accountIds.map((id) => [{ id: `${id}-phone`, name: 'Phone', active: true }]),
  relay: {
    config: {
      requestedTtlSeconds: 86_400,
      clientTtlSeconds: 43_200,
      rateLimit: { max: 20, windowSeconds: 600 },
      providers: [{ type: 'shared-secret', secret: 'the static-auth-secret of your coturn' }],
      relay: { urls: ['turn:turn.example.com:3478?transport=udp'] },
    },
  },
  events: webhook ?? { emit: (event) => console.log(JSON.stringify(event)) },
  sendWakeUp: webhook?.wakeUp,
});

const sessionOf = (account) => ({
  accountId: account,
  deviceId: `${account}-phone`,
  issuedAt: Date.now(),
  expiresAt: Date.now() + 3_600_000,
});
const sessions = { 'alice-token': sessionOf('alice'), 'bob-token': sessionOf('bob') };

const apollo = new ApolloServer({ ...signaling.apollo, stopOnTerminationSignals: false });
await apollo.start();

const app = express();
app.use(
  '/graphql',
  express.json({ limit: '256kb' }),
  expressMiddleware(apollo, { context: async ({ req }) => signaling.context(req) }),
  // Express itself would write a body that it cannot read to its log, and answer with a stack.
  bodyErrors,
);
const server = app.listen(Number(PORT), '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}/graphql`);
});

// The stream of a device, and every other operation, over WebSocket at /graphql.
const sockets = attachWebSocket(server, signaling.websocket);

app.get('/healthz', (_req, res) => res.json({ status: 'ok' }));
app.get('/readyz', (_req, res) => {
  const { httpStatus, body } = signaling.health();
  res.status(httpStatus).json({ ...body, problems: adapters?.problems() ?? [] });
});
// Yours to keep from the public.
app.get('/metrics', async (_req, res) => res.type(signaling.metrics.contentType).send(await signaling.metrics.text()));
// Yours to guard: a device was removed from its account.
app.delete('/devices/:account/:device', guard, async ({ params }, res) => {
  await signaling.revokeDevice(params.account, params.device);
  res.sendStatus(204);
});

function guard(req, res, next) {
  if (ADMIN_TOKEN && req.headers.authorization === `Bearer ${ADMIN_TOKEN}`) next();
  else res.sendStatus(401);
}

process.once('SIGTERM', async () => {
  const closed = new Promise((resolve) => server.close(resolve));
  await sockets.close();
  // A request that is never sent whole would keep the server open.
  setTimeout(() => server.closeAllConnections(), 5_000).unref();
  await closed;
  await apollo.stop();
  await signaling.close();
  await webhook?.close();
  await adapters?.close();
});
