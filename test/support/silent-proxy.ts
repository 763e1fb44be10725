import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A piece of network that can stop to forward anything without a word: connections stay open, and nothing comes through. */
export interface SilentProxy {
  readonly origin: string;
  /** How many connections were made to it. */
  readonly connections: number;
  /** The connections there are forward nothing any more; new ones do, unless they are to be silent too. */
  silence(newOnesToo?: boolean): void;
  /** New connections forward again. */
  speak(): void;
  close(): Promise<void>;
}

/** @param target where the server listens, for example http://127.0.0.1:4000 */
export async function startSilentProxy(target: string): Promise<SilentProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let connections = 0;
  let silent = false;
  let generation = 0;
  const server = createServer((client) => {
    connections += 1;
    const own = silent ? -1 : generation;
    const upstream = connect(Number(port), hostname);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.on('data', (chunk) => own === generation && to.write(chunk));
      from.on('error', () => {});
      // As on a network that is gone, the end of one side is not told to the other.
      from.on('close', () => {
        sockets.delete(from);
        if (own === generation) to.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get connections() {
      return connections;
    },
    silence: (newOnesToo = false) => {
      generation += 1;
      silent = newOnesToo;
    },
    speak: () => (silent = false),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
