/** A process that may open few files drops clients on top, says so, and goes on serving those that it has. */
import { afterEach, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { eventually, startProcess, type RunningProcess } from '../support/process.js';

let server: RunningProcess;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await server.stop();
});

const UPGRADE =
  'GET /graphql HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n';

it.each([
  ['WebSockets of five addresses, more than it may have open: those on top are dropped, which is told', UPGRADE, true],
  ['half requests of five addresses: the address with most makes room, and who comes is served', 'GET ', false],
])('%s', async (_what, text, areDropped) => {
  const line = `ulimit -n 400 && exec ${process.execPath} dist/server/main.js`;
  server = startProcess('sh', { args: ['-c', line], env: { PORT: '0', LOG_LEVEL: 'info' } });
  await server.printed(/"max_sockets":20000,"open_files":400,"msg":"MAX_SOCKETS is more than this process may open/);
  const [, port] = await server.printed(/:(\d+)\/graphql/);
  const [token = ''] = await server.printed(/^eyJ[\w-]+\.[\w-]+\.[\w-]+$/m);
  const url = `http://127.0.0.1:${port}/graphql`;
  const ask = async (connection: 'keep-alive' | 'close'): Promise<unknown> => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}`, connection };
    const body = JSON.stringify({ query: '{ openCalls { id } }' });
    return (await fetch(url, { method: 'POST', headers, body })).json();
  };
  const answer = { data: { openCalls: [] } };
  expect(await ask('keep-alive')).toEqual(answer);

  for (let n = 0; n < 250; n += 1) {
    const socket = connect({ port: Number(port), host: '127.0.0.1', localAddress: `127.0.0.${2 + (n % 5)}` });
    sockets.push(socket.on('error', () => undefined));
    await once(socket, 'connect');
    socket.write(text);
  }
  await server.printed(
    areDropped ? /"msg":"Connections were dropped: this process has as many open/ : /"msg":"Refused/,
  );
  await eventually(() => sockets.some(({ closed }) => closed));
  expect(sockets.filter(({ closed }) => !closed).length).toBeGreaterThan(150);
  // Over the connection that it has.
  expect(await ask('keep-alive')).toEqual(answer);
  if (!areDropped) for (let n = 0; n < 5; n += 1) expect(await ask('close')).toEqual(answer);
});
