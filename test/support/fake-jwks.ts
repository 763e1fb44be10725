import type { JSONWebKeySet } from 'jose';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How the login service answers when it is asked for its keys. `drip` never stops sending. */
export type JwksMode = 'ok' | 'error' | 'hang' | 'drip' | 'garbage' | 'empty' | 'redirect' | 'huge';

export interface FakeJwks {
  readonly url: string;
  mode: JwksMode;
  jwks: JSONWebKeySet;
  /** Where `redirect` points to. */
  redirectTo: string;
  /** How long `ok` takes. */
  delayMs: number;
  /** How many requests came, on whatever path. */
  requests: number;
  close(): Promise<void>;
}

/** A login service's key set over real HTTP on a free port. */
export async function startFakeJwks(jwks: JSONWebKeySet): Promise<FakeJwks> {
  const drips = new Set<NodeJS.Timeout>();
  const server = createServer((_request, response) => {
    fake.requests += 1;
    switch (fake.mode) {
      case 'ok':
        return void setTimeout(
          () => response.setHeader('content-type', 'application/json').end(JSON.stringify(fake.jwks)),
          fake.delayMs,
        );
      case 'error':
        return response.writeHead(500).end(JSON.stringify(fake.jwks));
      case 'hang':
        return;
      case 'drip': {
        response.writeHead(200).write('{"keys":[');
        const drip = setInterval(() => response.write(' '), 100);
        drips.add(drip);
        return response.once('close', () => clearInterval(drip));
      }
      case 'garbage':
        return response.end('<html>it works</html>');
      case 'empty':
        return response.end('{"keys":[]}');
      case 'redirect':
        return response.writeHead(302, { location: fake.redirectTo }).end();
      case 'huge':
        return response.end(JSON.stringify({ ...fake.jwks, padding: 'x'.repeat(64 * 1024) }));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  const fake: FakeJwks = {
    url: `http://127.0.0.1:${port}/.well-known/jwks.json`,
    mode: 'ok',
    jwks,
    redirectTo: '',
    delayMs: 0,
    requests: 0,
    close: () =>
      new Promise((resolve) => {
        for (const drip of drips) clearInterval(drip);
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return fake;
}
