// Many devices that wait for calls, a process of its own: each with the token in connection_init, as browsers have it, and
// from addresses of their own. One that loses its server goes to the next, from its cursor, as a client of graphql-ws does.
import { WebSocket } from 'ws';
import { quantileOf } from '../support/harness.mjs';
import { givenLogin, tokenOf } from '../support/login.mjs';
import { serveLoad } from '../support/processes.mjs';

const login = await givenLogin();
const [DEVICES_AN_ADDRESS, SIGNED_AT_ONCE] = [20, 200];
const DOCUMENT = `subscription ($after: Cursor) { callEvents(after: $after) {
  __typename cursor ... on StreamReady { resumed } ... on CallInvited { call { id } } } }`;

const devices = [];
let ports = [];
/** Of the servers: how they closed sockets, by code, and how they refused to open one, by status. */
let [closed, refused, goodbyes] = [{}, {}, []];
const count = (of, key) => (of[key] = (of[key] ?? 0) + 1);
let onReady = () => {};

function open(device) {
  const socket = new WebSocket(`ws://127.0.0.1:${ports[device.place % ports.length]}/graphql`, 'graphql-transport-ws', {
    perMessageDeflate: false,
    localAddress: device.address,
  });
  device.socket = socket;
  socket.on('open', () =>
    socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${device.token}` } })),
  );
  socket.on('message', (data) => {
    const { type, payload } = JSON.parse(data);
    if (type === 'ping') return socket.send('{"type":"pong"}');
    if (type === 'connection_ack') {
      const query = { query: DOCUMENT, variables: { after: device.cursor } };
      return socket.send(JSON.stringify({ id: 's', type: 'subscribe', payload: query }));
    }
    const event = payload?.data?.callEvents;
    if (!event) return count(refused, `${type} ${JSON.stringify(payload)}`.slice(0, 120));
    if (event.cursor) device.cursor = event.cursor;
    if (event.__typename === 'StreamClosed') goodbyes.push(performance.now());
    if (event.__typename === 'CallInvited') device.invited.push(event.call.id);
    if (event.__typename !== 'StreamReady') return;
    device.tries = 0;
    device.resumed.push(event.resumed);
    onReady(device);
  });
  socket.on('unexpected-response', (request, { statusCode }) => {
    count(refused, statusCode);
    request.destroy();
    socket.emit('close', 1006);
  });
  socket.on('error', ({ code }) => code && count(refused, code));
  socket.on('close', (code) => {
    if (device.isLeaving) return;
    if (code !== 1006) count(closed, code);
    device.place += 1;
    // Exponential, with jitter, from 100 ms on.
    const pause = Math.min(2_000, 100 * 2 ** device.tries) * (0.5 + Math.random());
    device.tries += 1;
    setTimeout(() => device.isLeaving || open(device), pause);
  });
}

/** Resolves when each of them has a stream that it had not before, or when the time is up. */
async function allReady(these, withinMs) {
  const from = performance.now();
  const missing = new Set(these);
  const times = [];
  await new Promise((resolve) => {
    const timer = setTimeout(resolve, withinMs);
    onReady = (device) => {
      if (!missing.delete(device)) return;
      times.push(performance.now() - from);
      if (missing.size > 0) return;
      clearTimeout(timer);
      resolve();
    };
  });
  onReady = () => {};
  return { ready: times.length, ms: performance.now() - from, p50: quantileOf(times, 0.5), closed, refused };
}

const reset = () => ([closed, refused, goodbyes] = [{}, {}, []]);
const tasks = {
  /** So many more, all at once. */
  connect: async ({ devices: more, ports: to, withinMs = 100_000 }) => {
    ports = to;
    const first = devices.length;
    for (let made = 0; made < more; made += SIGNED_AT_ONCE) {
      const batch = Array.from({ length: Math.min(SIGNED_AT_ONCE, more - made) }, async (_, i) => {
        const number = first + made + i;
        const group = Math.floor(number / DEVICES_AN_ADDRESS);
        const address = `127.1.${Math.floor(group / 250)}.${1 + (group % 250)}`;
        const token = await tokenOf(`waiting-${number}`, login);
        return { token, address, place: 0, tries: 0, cursor: null, invited: [], resumed: [] };
      });
      devices.push(...(await Promise.all(batch)));
    }
    reset();
    const ready = allReady(devices.slice(first), withinMs);
    devices.slice(first).forEach(open);
    return ready;
  },
  /** Their server is about to go. */
  expect: async ({ withinMs }) => {
    reset();
    last = null;
    devices.forEach((device) => (device.resumed = []));
    void allReady(devices, withinMs).then((found) => (last = found));
    return 'expecting';
  },
  /** All that expect was told of. */
  back: async () => {
    while (!last) await new Promise((resolve) => setTimeout(resolve, 50));
    const fresh = devices.filter(({ resumed }) => resumed.includes(false)).length;
    const [from] = goodbyes;
    return { ...last, fresh, goodbyes: goodbyes.map((at) => Math.round(at - from)) };
  },
  invited: async () => devices.map(({ invited }) => invited),
  leave: async () => {
    for (const device of devices) {
      device.isLeaving = true;
      device.socket.terminate();
    }
    return 'left';
  },
};
let last = null;
serveLoad((message) => tasks[message.task](message));
