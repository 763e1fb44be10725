// Stands for the external provider: answers every request with 201 and the same credentials.
import { createServer } from 'node:http';

const answer = JSON.stringify({ iceServers: { urls: [], username: 'bench-user', credential: 'bench-password' } });
const server = createServer((request, response) => {
  request.resume();
  request.on('end', () => {
    response.writeHead(201, { 'content-type': 'application/json', 'content-length': answer.length });
    response.end(answer);
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => process.stdout.write(`listening ${server.address().port}\n`));
