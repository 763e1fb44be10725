// Calls over WebSocket: this project beside a bare ws relay, PeerJS server, socket.io, and stock graphql-ws with the same
// contract and no rules. Whole calls a second (26 steps: offer, ring, answer, ten candidates each way, connected both, hang
// up) and candidates a second with 50 pairs, and the time that one candidate takes when nothing else happens. One run,
// interleaved rounds. The CPU time of the server's process (Linux) is what compares peers: on few cores the load generator,
// not the server, bounds the rate of a peer whose process is far from busy.
import { makeLogin, medianOf, start, startPeer, table } from './support.mjs';

const [ROUNDS, STEPS_A_CALL, TASK_MS] = [3, 26, 60_000];
const here = new URL('./calls/', import.meta.url);
const { settings, env: loginEnv } = await makeLogin();
const ours = { ...settings, LOG_LEVEL: 'warn' };
/** Name, server, its environment, and the devices that speak with it. */
const PEERS = [
  ['bare ws relay', 'bare.mjs', {}, 'bare'],
  ['PeerJS server', 'peerjs.mjs', {}, 'peerjs'],
  ['socket.io, acknowledged', 'socket-io.mjs', {}, 'socketIo'],
  ['stock graphql-ws, no rules', 'graphql-ws.mjs', {}, 'graphql'],
  ['voip-call-signaling', '../../dist/server/main.js', ours, 'graphql'],
];

const stops = [];
const peers = [];
try {
  for (const [name, file, env, client] of PEERS) {
    const { port, pid, stop } = await startPeer(new URL(file, here), env);
    stops.push(stop);
    const load = start(
      new URL('load.mjs', here),
      {
        CLIENT: client,
        PORT: port,
        PID: pid,
        ...loginEnv,
      },
      ['ignore', 'inherit', 'inherit', 'ipc'],
    );
    stops.push(load.stop);
    peers.push({ name, load: load.child, calls: [], candidates: [], latency: [] });
  }
  // Once for nothing, so that every process has compiled what it runs.
  for (const peer of peers) for (const task of ['calls', 'candidates']) await measured(peer, task);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const peer of peers) {
      for (const task of ['calls', 'candidates', 'latency']) peer[task].push(await measured(peer, task));
    }
  }
} finally {
  await Promise.all(stops.map((stop) => stop()));
}

const median = (results, field) => medianOf(results.map((result) => result[field]));
/** The share of the time in which a server's process had a core. */
const busy = ({ candidates }) => (median(candidates, 'rate') * median(candidates, 'cpuMicros')) / 10_000;
const toBare = (peer, task, field) => (median(peer[task], field) / median(peers[0][task], field)).toFixed(2);
console.log(
  table(
    [
      ...['calls over WebSocket (medians)', 'calls/s', 'to bare', 'CPU µs a step', 'to bare'],
      ...['candidates/s', 'to bare', 'CPU busy', 'CPU µs each', 'to bare', 'one candidate ms', 'p99 ms'],
    ],
    peers.map((peer) => [
      peer.name,
      Math.round(median(peer.calls, 'rate')),
      toBare(peer, 'calls', 'rate'),
      Math.round(median(peer.calls, 'cpuMicros') / STEPS_A_CALL),
      toBare(peer, 'calls', 'cpuMicros'),
      Math.round(median(peer.candidates, 'rate')),
      toBare(peer, 'candidates', 'rate'),
      `${Math.round(busy(peer))} %`,
      Math.round(median(peer.candidates, 'cpuMicros')),
      toBare(peer, 'candidates', 'cpuMicros'),
      median(peer.latency, 'medianMs').toFixed(2),
      median(peer.latency, 'p99Ms').toFixed(2),
    ]),
  ),
);

/** One measurement of a peer. A message that never arrives would be waited for without end: that fails the run too. */
function measured({ name, load }, task) {
  return new Promise((resolve, reject) => {
    const fail = (why) => reject(new Error(`${name}: ${task} ${why}`));
    const timer = setTimeout(fail, TASK_MS, `were not done in ${TASK_MS} ms`);
    const onExit = (code) => fail(`ended the load generator with ${code}`);
    load.once('exit', onExit).once('message', (result) => {
      clearTimeout(timer);
      load.off('exit', onExit);
      resolve(result);
    });
    load.send(task);
  });
}
