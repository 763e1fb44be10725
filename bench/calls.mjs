// Calls over WebSocket: this project beside a bare ws relay, PeerJS server, socket.io, and stock graphql-ws with the same
// contract and no rules. Whole calls a second, once with ten candidates one by one and
// once with all in one message, as our client gathers them; candidates a second with 50 pairs; and the time that one takes when
// nothing else happens. The CPU time of the server's process compares peers: on few cores the load generator bounds the
// rate of a peer whose process is far from busy.
import { fieldOf, interleaved, medianOf, ratioOf, report, shown, spread, table } from './support/harness.mjs';
import { makeLogin } from './support/login.mjs';
import { OURS, startLoad, startServer } from './support/processes.mjs';
import { topOf } from './support/profile.mjs';

const here = new URL('./calls/', import.meta.url);
const TASKS = ['calls', 'gathered', 'candidates', 'latency'];
const { settings, env: loginEnv } = await makeLogin();
const from =
  (file, env = {}) =>
  () =>
    startServer(new URL(file, here), env);
/** Name, server, and the devices that speak with it. */
const PEERS = [
  ['bare ws relay', from('bare.mjs'), 'bare'],
  ['PeerJS server', from('peerjs.mjs'), 'peerjs'],
  ['socket.io, acknowledged', from('socket-io.mjs'), 'socketIo'],
  ['stock graphql-ws, no rules', from('graphql-ws.mjs'), 'graphql'],
  ['voip-call-signaling', from(OURS, settings), 'graphql'],
];

const stops = [];
const peers = [];
for (const [name, begin, client] of PEERS) {
  const server = await begin();
  const load = await startLoad(
    new URL('./devices/load.mjs', import.meta.url),
    { CLIENT: client, PORTS: String(server.port), BENCH_QUICK: process.env.BENCH_QUICK, ...loginEnv },
    { usage: server.usage },
  );
  stops.push(load.stop, server.stop);
  peers.push({ name, server, load, results: Object.fromEntries(TASKS.map((task) => [task, []])) });
}
// Once for nothing, so that every process has compiled what it runs.
for (const { load } of peers) for (const task of TASKS) await load.ask(task);
await interleaved(peers, async ({ load, results }) => {
  for (const task of TASKS) results[task].push(await load.ask(task));
});
const ours = peers.find(({ name }) => name === 'voip-call-signaling');
const profile = await ours.server.profile(() => ours.load.ask('candidates'));
await Promise.all(stops.map((stop) => stop()));

const [bare, peerJs, socketIo] = peers;
const of = (peer, task, field) => fieldOf(peer.results[task], field);
const to = (peer, other, task, field) => ratioOf(of(peer, task, field), of(other, task, field));
const toBare = (peer, task, field) => shown(to(peer, bare, task, field));
const rates = (task, title) =>
  table(
    [title, 'a second', 'to bare', 'to PeerJS', 'server CPU µs each', 'to bare'],
    peers.map((peer) => [
      peer.name,
      spread(of(peer, task, 'rate')),
      toBare(peer, task, 'rate'),
      shown(to(peer, peerJs, task, 'rate')),
      spread(of(peer, task, 'cpuMicros')),
      toBare(peer, task, 'cpuMicros'),
    ]),
  );
report(
  'Calls over WebSocket (`calls`)',
  [
    rates('candidates', 'candidates, one a message'),
    rates('calls', 'whole calls, candidates one by one'),
    rates('gathered', 'whole calls, candidates gathered'),
    table(
      ['one candidate, nothing else under way', 'median ms', 'to bare', 'p99 ms'],
      peers.map((peer) => [
        peer.name,
        spread(of(peer, 'latency', 'median')),
        toBare(peer, 'latency', 'median'),
        spread(of(peer, 'latency', 'p99')),
      ]),
    ),
    `A CPU profile of this server in the candidates run; idle time left out.`,
    ...topOf(profile),
  ],
  {
    candidatesToBare: to(ours, bare, 'candidates', 'rate'),
    candidatesToSocketIo: to(ours, socketIo, 'candidates', 'rate'),
    callsToPeerJs: to(ours, peerJs, 'gathered', 'rate'),
    latencyToBare: to(ours, bare, 'latency', 'median'),
    candidateMicros: medianOf(of(ours, 'candidates', 'cpuMicros')),
  },
);
