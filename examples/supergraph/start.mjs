// npm start: two subgraphs, their supergraph, and two gateways before it. Ports by HIVE_PORT, APOLLO_PORT, CALLS_PORT and
// ACCOUNTS_PORT; 0 picks a free one. Settings of the call server are those of the environment.
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from '../../setup/build.mjs';
import { install } from '../../setup/install.mjs';
import { endWithNpm } from '../../setup/run.mjs';
import { answering, keepRunning, portOf, stopAll } from './processes.mjs';

endWithNpm();
const folder = mkdtempSync(join(tmpdir(), 'supergraph-'));
const HIVE = ['node_modules/@graphql-hive/gateway/dist/bin.js', 'supergraph', '--config-path', 'hive-gateway.mjs'];
const SUPERGRAPH_FILE = join(folder, 'supergraph.graphql');

async function stop(code) {
  await stopAll();
  rmSync(folder, { recursive: true, force: true });
  process.exit(code);
}
for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => void stop(0));

try {
  await install();
  await install(fileURLToPath(new URL('.', import.meta.url)));
  await build();
  await start();
} catch (error) {
  console.error(error.message);
  await stop(1);
}

async function start() {
  const ports = [
    await portOf('HIVE_PORT', 4100),
    await portOf('APOLLO_PORT', 4110),
    await portOf('CALLS_PORT', 4101),
    await portOf('ACCOUNTS_PORT', 4102),
  ];
  const [hive, apollo, calls, accounts] = ports.map((port) => ({ PORT: String(port), url: urlOf(port) }));
  // Only the gateways know it, so that nobody gets around them.
  const GATEWAY_SECRET = process.env.GATEWAY_SECRET ?? randomBytes(24).toString('base64url');

  let welcome = '';
  const { composeSupergraph } = await import('./compose.mjs');
  writeFileSync(SUPERGRAPH_FILE, composeSupergraph({ callsUrl: calls.url, accountsUrl: accounts.url }));
  keepRunning(
    'Calls',
    ['../../dist/server/main.js'],
    { PORT: calls.PORT, GATEWAY_SECRET },
    (text) => (welcome += text),
  );
  keepRunning('Accounts', ['accounts/server.mjs'], { PORT: accounts.PORT, GATEWAY_SECRET }, () => {});
  const gateway = { SUPERGRAPH_FILE, GATEWAY_SECRET };
  keepRunning('Hive Gateway', HIVE, { ...gateway, PORT: hive.PORT });
  // Its telemetry would ask the network which cloud this is.
  const alone = { METADATA_SERVER_DETECTION: 'none' };
  keepRunning('Apollo Gateway', ['apollo-gateway.mjs'], { ...gateway, ...alone, PORT: apollo.PORT }, () => {});
  await Promise.all([hive, apollo, calls, accounts].map(({ url }) => answering(url)));

  console.log(`
Hive Gateway     ${hive.url}  queries, mutations and subscriptions (WebSocket, SSE)
Apollo Gateway   ${apollo.url}  queries and mutations
Calls            ${calls.url}  for the gateways only
Accounts         ${accounts.url}  for the gateways only
Supergraph       ${SUPERGRAPH_FILE}
`);
  // Without a login service the call server makes tokens, and prints them.
  const [, token] = /^alice on .*\n(\S+)$/m.exec(welcome) ?? [];
  if (token) console.log(`Alice calls Bob, whose name is known to another subgraph:\n\n${request(hive.url, token)}\n`);
}

function urlOf(port) {
  return `http://127.0.0.1:${port}/graphql`;
}

function request(url, token) {
  const query = `mutation ($input: StartCallInput!) {
    startCall(input: $input) { call { state caller { account { displayName } } callee { account { displayName avatarUrl } } } }
  }`;
  const input = {
    clientCallId: randomUUID(),
    calleeAccountId: 'bob',
    media: 'AUDIO',
    offerSdp: 'v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\n',
  };
  const body = JSON.stringify({ query: query.replace(/\s+/g, ' '), variables: { input } });
  return `curl -s '${url}' -H 'content-type: application/json' -H 'authorization: Bearer ${token}' -d '${body}'`;
}
