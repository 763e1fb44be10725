import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROOT, startProcess } from '../support/process.js';

const PAGE = fileURLToPath(new URL('page', import.meta.url));
const TYPES: Readonly<Record<string, string>> = { html: 'text/html', js: 'text/javascript' };

/** The page of the tests, bundled, on a loopback address: browsers give microphone and camera to no other without TLS. */
export interface Site {
  readonly origin: string;
  close(): Promise<void>;
}

export async function startSite(): Promise<Site> {
  const files = await bundle();
  const server = createServer(({ url = '/' }, response) => {
    const { pathname } = new URL(url, 'http://site');
    const name = pathname === '/' ? 'index.html' : pathname.slice(1);
    const content = files.get(name);
    response.writeHead(content === undefined ? 404 : 200, {
      'content-type': TYPES[name.split('.').at(-1)!] ?? 'application/octet-stream',
    });
    response.end(content);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** By a process of its own: the native parts of the bundler know nothing of the realms that tests run in. */
async function bundle(): Promise<ReadonlyMap<string, Buffer>> {
  const folder = mkdtempSync(join(tmpdir(), 'site-'));
  try {
    const program = join(ROOT, 'node_modules/vite/bin/vite.js');
    const args = [program, 'build', PAGE, '--outDir', folder, '--minify', 'false', '--logLevel', 'error'];
    const bundler = startProcess(process.execPath, { args });
    const { code } = await bundler.ended;
    if (code !== 0) throw new Error(`the page of the tests cannot be bundled:\n${bundler.output()}`);
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.includes('.'));
    return new Map(names.map((name) => [name, readFileSync(join(folder, name))]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
