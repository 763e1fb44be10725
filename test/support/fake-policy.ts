import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How the policy service answers. */
export type PolicyMode = 'ok' | 'error' | 'hang' | 'reset' | 'garbage' | 'not-boolean' | 'redirect' | 'huge';

export interface FakePolicy {
  readonly url: string;
  mode: PolicyMode;
  /** Callee accounts that refuse to be called. */
  readonly refusing: Set<string>;
  /** The body of each request. */
  readonly requests: unknown[];
  close(): Promise<void>;
}

/** A service that says who may call whom, over real HTTP on a free port. */
export async function startFakePolicy(): Promise<FakePolicy> {
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      if (request.method !== 'POST' || request.headers['content-type'] !== 'application/json') {
        return response.writeHead(400).end();
      }
      const question = JSON.parse(body) as { calleeAccountId: string };
      fake.requests.push(question);
      const allowed = !fake.refusing.has(question.calleeAccountId);
      switch (fake.mode) {
        case 'ok':
          return response.setHeader('content-type', 'application/json').end(JSON.stringify({ allowed }));
        case 'error':
          return response.writeHead(500).end(JSON.stringify({ allowed }));
        case 'hang':
          return;
        case 'reset':
          return request.socket.resetAndDestroy();
        case 'garbage':
          return response.end('<html>it works</html>');
        case 'not-boolean':
          return response.end('{"allowed":"yes"}');
        case 'redirect':
          return response.writeHead(307, { location: fake.url }).end();
        case 'huge':
          return response.end(JSON.stringify({ allowed, padding: 'x'.repeat(64 * 1024) }));
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  const fake: FakePolicy = {
    url: `http://127.0.0.1:${port}/may-call`,
    mode: 'ok',
    refusing: new Set(),
    requests: [],
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
  return fake;
}
