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

it('more connections than it may have open are dropped, and what it opens itself is not', async () => {
  const line = `ulimit -n 400 && exec ${process.execPath} dist/server/main.js`;
  server = startProcess('sh', { args: ['-c', line], env: { PORT: '0', LOG_LEVEL: 'info' } });
  await server.printed(/"max_sockets":20000,"open_files":400,"msg":"MAX_SOCKETS is more than this process may open/);
  const [, port] = await server.printed(/:(\d+)\/graphql/);
  const [token = ''] = await server.printed(/^eyJ[\w-]+\.[\w-]+\.[\w-]+$/m);
  const url = `http://127.0.0.1:${port}/graphql`;
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
  const ask = async (): Promise<unknown> => {
    const body = JSON.stringify({ query: '{ openCalls { id } }' });
    return (await fetch(url, { method: 'POST', headers, body })).json();
  };
  expect(await ask()).toEqual({ data: { openCalls: [] } });

  for (let n = 0; n < 250; n += 1) {
    const socket = connect({ port: Number(port), host: '127.0.0.1', localAddress: `127.0.0.${2 + (n % 5)}` });
    sockets.push(socket.on('error', () => undefined));
    await once(socket, 'connect');
  }
  await server.printed(/"msg":"Connections were dropped: this process has as many open as it may/);
  await eventually(() => sockets.some(({ closed }) => closed));
  expect(sockets.filter(({ closed }) => !closed).length).toBeGreaterThan(150);
  // Over the connection that it has.
  expect(await ask()).toEqual({ data: { openCalls: [] } });
});
