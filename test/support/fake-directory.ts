import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FakeDevice {
  readonly id: string;
  readonly name?: string | null;
  readonly active: boolean;
}

/** How device-management answers. */
export type DirectoryMode = 'ok' | 'error' | 'hang' | 'garbage' | 'redirect' | 'huge';

export interface FakeDirectory {
  readonly url: string;
  mode: DirectoryMode;
  /** The answer by account: devices, or anything else that is to be sent in their place. Others have no devices. */
  readonly accounts: Map<string, readonly FakeDevice[] | object>;
  /** Accounts that the answer leaves out, against the protocol. */
  readonly omitted: Set<string>;
  /** The accounts of each request. */
  readonly requests: string[][];
  close(): Promise<void>;
}

/** A device-management service over real HTTP on a free port. */
export async function startFakeDirectory(): Promise<FakeDirectory> {
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      if (request.method !== 'POST' || request.headers['content-type'] !== 'application/json') {
        return response.writeHead(400).end();
      }
      const { accounts } = JSON.parse(body) as { accounts: string[] };
      fake.requests.push(accounts);
      const entries = accounts
        .filter((account) => !fake.omitted.has(account))
        .map((account) => `${JSON.stringify(account)}:${JSON.stringify(fake.accounts.get(account) ?? [])}`);
      const answer = `{"accounts":{${entries.join(',')}}}`;
      switch (fake.mode) {
        case 'ok':
          return response.setHeader('content-type', 'application/json').end(answer);
        case 'error':
          return response.writeHead(500).end(answer);
        case 'hang':
          return;
        case 'garbage':
          return response.end('<html>it works</html>');
        case 'redirect':
          return response.writeHead(307, { location: fake.url }).end();
        case 'huge':
          return response.end(`{"padding":"${'x'.repeat(64 * 1024)}",${answer.slice(1)}`);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  const fake: FakeDirectory = {
    url: `http://127.0.0.1:${port}/devices`,
    mode: 'ok',
    accounts: new Map(),
    omitted: new Set(),
    requests: [],
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return fake;
}
