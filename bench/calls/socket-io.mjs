// Stock socket.io: each device is in a room of its own name, and what is sent to a room is passed on and acknowledged.
import { createServer } from 'node:http';
import { Server } from 'socket.io';

const server = createServer();
new Server(server, { transports: ['websocket'] }).on('connection', (socket) => {
  void socket.join(socket.handshake.auth.name);
  socket.on('send', (to, step, body, acknowledge) => {
    socket.to(to).emit('sent', step, body);
    acknowledge();
  });
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`listening ${server.address().port}\n`));
