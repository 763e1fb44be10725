import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

type Direction = 'up' | 'down';

/** A piece of network between a device and the server that breaks when it is told to. */
export interface CuttingProxy {
  readonly origin: string;
  /**
   * Cuts the newest connection when so many more bytes have passed in a direction, wherever in a message that is, and after
   * some time in any case. Waits for a connection where there is none. Resolves when it is cut.
   */
  cut(direction: Direction, bytes: number, withinMs: number): Promise<void>;
  close(): Promise<void>;
}

interface Link {
  readonly allowed: Record<Direction, number>;
  readonly severed: Promise<void>;
  sever(): void;
}

/** @param target where the server listens, for example http://127.0.0.1:4000 */
export async function startCuttingProxy(target: string): Promise<CuttingProxy> {
  const { hostname, port } = new URL(target);
  const links: Link[] = [];
  const arrivals = new Set<() => void>();

  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    const link = createLink(client, upstream);
    links.push(link);
    void link.severed.then(() => links.splice(links.indexOf(link), 1));
    for (const arrived of arrivals) arrived();
    arrivals.clear();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut: async (direction, bytes, withinMs) => {
      while (links.length === 0) await new Promise<void>((resolve) => arrivals.add(resolve));
      const link = links.at(-1)!;
      link.allowed[direction] = bytes;
      const timer = setTimeout(link.sever, withinMs);
      await link.severed;
      clearTimeout(timer);
    },
    close: async () => {
      for (const link of [...links]) link.sever();
      server.close();
      await once(server, 'close');
    },
  };
}

function createLink(client: Socket, upstream: Socket): Link {
  let resolve = (): void => {};
  const link: Link = {
    allowed: { up: Infinity, down: Infinity },
    severed: new Promise<void>((settle) => (resolve = settle)),
    sever: () => {
      client.destroy();
      upstream.destroy();
      resolve();
    },
  };
  const carry = (from: Socket, to: Socket, direction: Direction): void => {
    from.on('data', (chunk) => {
      const allowed = link.allowed[direction];
      to.write(chunk.subarray(0, allowed));
      link.allowed[direction] = allowed - chunk.length;
      if (chunk.length >= allowed) link.sever();
    });
    from.on('close', link.sever).on('error', link.sever);
  };
  carry(client, upstream, 'up');
  carry(upstream, client, 'down');
  return link;
}
