// callRelay over HTTP, JWT checked, provider on loopback: this project beside a bare node:http proxy that does the same
// work, and beside stock GraphQL servers with the same resolver.
import autocannon from 'autocannon';
import { interleaved, QUICK, ratioOf, report, shown, spread, table } from './support/harness.mjs';
import { makeLogin, tokenOf } from './support/login.mjs';
import { OURS, startServer } from './support/processes.mjs';

const [SECONDS, CONNECTIONS] = [QUICK ? 1 : 3, 32];
const here = new URL('./relay/', import.meta.url);
const TURN_URLS = ['turn:turn.example.com:3478?transport=udp', 'turns:turn.example.com:443?transport=tcp'];
const QUERY = `query CallRelay { callRelay { turnUsername turnPassword turnTtlSeconds turnUrls turnUrlsWithIps turnHostname
  iceServers { urls username credential } expiresAt refreshAfter } }`;

const provider = await startServer(new URL('provider.mjs', here), {});
const providerUrl = `http://127.0.0.1:${provider.port}/v1/turn/keys/bench/credentials/generate`;
const { settings, peerSettings, login } = await makeLogin({
  requestedTtlSeconds: 86_400,
  clientTtlSeconds: 43_200,
  rateLimit: { max: 1_000_000_000, windowSeconds: 600 },
  providers: [{ type: 'cloudflare', endpoint: providerUrl, token: 'bench' }],
  relay: { urls: TURN_URLS },
});
// One device a connection: a device waits for its answer, so no two requests ever share a provider call.
const tokens = await Promise.all(
  Array.from({ length: CONNECTIONS }, (_, index) => tokenOf(`account-${index}`, login, `device-${index}`)),
);
const shared = { ...peerSettings, PROVIDER_URL: providerUrl, TURN_URLS: JSON.stringify(TURN_URLS) };
const PEERS = [
  ['bare node:http, signature checked each time', 'bare.mjs', shared],
  ['bare node:http, checked tokens remembered', 'bare.mjs', { ...shared, REMEMBER: '1' }],
  ['voip-call-signaling', OURS, settings],
  ['Mercurius', 'mercurius.mjs', shared],
  ['Apollo Server standalone', 'apollo.mjs', shared],
  ['GraphQL Yoga', 'yoga.mjs', shared],
];

const peers = [];
for (const [name, file, env] of PEERS) {
  const server = await startServer(new URL(file, here), env);
  peers.push({ name, server, rates: [], micros: [], latencies: [] });
  await load(peers.at(-1), 1);
}
await interleaved(peers, async (peer) => {
  const before = await peer.server.usage();
  const { requests, latency } = await load(peer, SECONDS);
  const { cpuMicros } = await peer.server.usage();
  peer.rates.push(requests.total / SECONDS);
  peer.micros.push((cpuMicros - before.cpuMicros) / requests.total);
  peer.latencies.push(latency.p99);
});
await Promise.all([...peers.map(({ server }) => server), provider].map(({ stop }) => stop()));

const [bare, remembering, ours, mercurius] = peers;
report(
  'callRelay over HTTP (`relay`)',
  [
    table(
      ['callRelay over HTTP', 'requests/s', 'to bare', 'to bare, remembering', 'server CPU µs each', 'p99 ms'],
      peers.map(({ name, rates, micros, latencies }) => [
        name,
        spread(rates),
        shown(ratioOf(rates, bare.rates)),
        shown(ratioOf(rates, remembering.rates)),
        spread(micros),
        spread(latencies),
      ]),
    ),
  ],
  { relayToBare: ratioOf(ours.rates, bare.rates), relayToMercurius: ratioOf(ours.rates, mercurius.rates) },
);

function load({ name, server }, duration) {
  return new Promise((resolve, reject) => {
    let next = 0;
    const run = autocannon(
      {
        url: `http://127.0.0.1:${server.port}/graphql`,
        connections: CONNECTIONS,
        duration,
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query: QUERY }),
        setupClient: (client) =>
          client.setHeaders({
            'content-type': 'application/json',
            authorization: `Bearer ${tokens[next++ % CONNECTIONS]}`,
          }),
      },
      (error, result) => (error ? reject(error) : resolve(result)),
    );
    let wrong = 0;
    run.on('response', (client, status) => (wrong += status === 200 ? 0 : 1));
    run.on('done', ({ errors, timeouts, non2xx }) => {
      if (errors + timeouts + non2xx + wrong > 0)
        reject(new Error(`${name}: ${non2xx + wrong} wrong answers, ${errors} errors`));
    });
  });
}
