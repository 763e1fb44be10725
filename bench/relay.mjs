// callRelay over HTTP, JWT checked, provider on loopback: this project beside a bare node:http proxy that does the same
// work, and beside stock GraphQL servers with the same resolver. One run, interleaved rounds, ratios to the bare proxy.
import autocannon from 'autocannon';
import { exportSPKI, generateKeyPair, SignJWT } from 'jose';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { medianOf, startPeer, table } from './support.mjs';

const [ROUNDS, SECONDS, CONNECTIONS] = [3, 5, 32];
const here = new URL('./relay/', import.meta.url);
const [issuer, audience] = ['https://login.example', 'calls'];
const TURN_URLS = ['turn:turn.example.com:3478?transport=udp', 'turns:turn.example.com:443?transport=tcp'];
const QUERY = `query CallRelay { callRelay { turnUsername turnPassword turnTtlSeconds turnUrls turnUrlsWithIps turnHostname
  iceServers { urls username credential } expiresAt refreshAfter } }`;

const { publicKey, privateKey } = await generateKeyPair('ES256');
const publicPem = await exportSPKI(publicKey);
// One device a connection: a device waits for its answer, so no two requests ever share a provider call.
const tokens = await Promise.all(
  Array.from({ length: CONNECTIONS }, (_, index) =>
    new SignJWT({ device_id: `device-${index}` })
      .setProtectedHeader({ alg: 'ES256' })
      .setSubject(`account-${index}`)
      .setIssuer(issuer)
      .setAudience(audience)
      .setIssuedAt()
      .setExpirationTime('2h')
      .sign(privateKey),
  ),
);

const folder = mkdtempSync(join(tmpdir(), 'bench-relay-'));
const provider = await startPeer(new URL('provider.mjs', here), {});
const providerUrl = `http://127.0.0.1:${provider.port}/v1/turn/keys/bench/credentials/generate`;
writeFileSync(join(folder, 'key.pem'), publicPem);
writeFileSync(
  join(folder, 'relay.json'),
  JSON.stringify({
    requestedTtlSeconds: 86_400,
    clientTtlSeconds: 43_200,
    rateLimit: { max: 1_000_000_000, windowSeconds: 600 },
    providers: [{ type: 'cloudflare', endpoint: providerUrl, token: 'bench' }],
    relay: { urls: TURN_URLS },
  }),
);

const shared = {
  PROVIDER_URL: providerUrl,
  PUBLIC_KEY: publicPem,
  ISSUER: issuer,
  AUDIENCE: audience,
  TURN_URLS: JSON.stringify(TURN_URLS),
};
const ours = {
  PORT: '0',
  AUTH_PUBLIC_KEY_FILE: join(folder, 'key.pem'),
  AUTH_ISSUER: issuer,
  AUTH_AUDIENCE: audience,
  RELAY_CONFIG_FILE: join(folder, 'relay.json'),
  LOG_LEVEL: 'warn',
};
const peers = [
  ['bare node:http, signature checked each time', 'bare.mjs', shared],
  ['bare node:http, checked tokens remembered', 'bare.mjs', { ...shared, REMEMBER: '1' }],
  ['voip-call-signaling', '../../dist/server/main.js', ours],
  ['Mercurius', 'mercurius.mjs', shared],
  ['Apollo Server standalone', 'apollo.mjs', shared],
  ['GraphQL Yoga', 'yoga.mjs', shared],
];

const running = [];
try {
  for (const [name, file, env] of peers) {
    running.push({ name, rates: [], latencies: [], ...(await startPeer(new URL(file, here), env)) });
  }
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const peer of running) {
      await load(peer, 1);
      const { requests, latency } = await load(peer, SECONDS);
      peer.rates.push(requests.average);
      peer.latencies.push(latency.p99);
    }
  }
} finally {
  await Promise.all([...running, provider].map((peer) => peer.stop()));
  rmSync(folder, { recursive: true });
}

const bare = medianOf(running[0].rates);
const remembering = medianOf(running[1].rates);
console.log(
  table(
    ['callRelay over HTTP', 'requests/s (median)', 'to bare', 'to bare, remembering', 'p99 ms (median)'],
    running.map(({ name, rates, latencies }) => [
      name,
      Math.round(medianOf(rates)),
      (medianOf(rates) / bare).toFixed(2),
      (medianOf(rates) / remembering).toFixed(2),
      medianOf(latencies),
    ]),
  ),
);

function load(peer, duration) {
  return new Promise((resolve, reject) => {
    let next = 0;
    const run = autocannon(
      {
        url: `http://127.0.0.1:${peer.port}/graphql`,
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
        reject(new Error(`${peer.name}: ${non2xx + wrong} wrong answers, ${errors} errors`));
    });
  });
}
