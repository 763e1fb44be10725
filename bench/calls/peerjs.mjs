// Stock PeerJS server.
import { PeerServer } from 'peer';

PeerServer({ host: '127.0.0.1', port: 0 }, (server) => {
  process.stdout.write(`listening ${server.address().port}\n`);
});
