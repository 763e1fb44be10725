// A bare ws relay: passes JSON messages on between sockets that have names, and knows no rules.
import { WebSocketServer } from 'ws';

const sockets = new Map();
const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
server.on('connection', (socket, { url }) => {
  const name = new URL(url, 'ws://relay').searchParams.get('name');
  sockets.set(name, socket);
  socket.on('close', () => sockets.delete(name));
  socket.on('message', (data) => {
    const { to, step, body } = JSON.parse(data);
    sockets.get(to)?.send(JSON.stringify({ from: name, step, body }));
  });
});
server.on('listening', () => process.stdout.write(`listening ${server.address().port}\n`));
