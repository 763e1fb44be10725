/** The app of docs/guide.md, put together from its blocks in an empty folder, built, and used by two people in a browser. */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { pack, run, type Packed } from '../package/packed.js';
import { startBrowser } from '../support/browser.js';
import { longIt } from '../support/full.js';
import { ROOT, startProcess, startOneFileServer, type RunningProcess } from '../support/process.js';
import { freePorts } from '../support/redis.js';

// A browser and a bundler are started, on machines that may have little to spare.
jest.setTimeout(180_000);
const WITHIN = { timeout: 45_000 };

const guide = readFileSync(join(ROOT, 'docs/guide.md'), 'utf8');
const blocks = [...guide.matchAll(/^```(\w+)\n([^]*?)^```/gm)].map(([, language = '', text = '']) => ({
  language,
  text,
}));
/** Each block that is a file, by the name that stands before it. */
const files = Object.fromEntries(
  [...guide.matchAll(/`([\w./-]+)`:\n\n```\w+\n([^]*?)^```/gm)].map(([, name = '', text = '']) => [name, text]),
);
const commands = blocks.filter(({ language }) => language === 'sh').flatMap(({ text }) => text.trim().split('\n'));

let packed: Packed;
let folder: string;
let project: string;
let server: RunningProcess;
let vite: RunningProcess;
let browser: Browser;
let page = '';
const faults: string[] = [];

beforeAll(async () => {
  packed = await pack();
  folder = mkdtempSync(join(tmpdir(), 'guide-'));
  // As by `npm start`, but for the port and a TURN server, which a call between two windows does without.
  const relay = {
    requestedTtlSeconds: 600,
    clientTtlSeconds: 300,
    rateLimit: { max: 100, windowSeconds: 600 },
    providers: [{ type: 'shared-secret', secret: 'of-the-guide' }],
    relay: { urls: ['turn:127.0.0.1:9?transport=udp'] },
  };
  writeFileSync(join(folder, 'relay.json'), JSON.stringify(relay));
  server = startOneFileServer({ RELAY_CONFIG_FILE: join(folder, 'relay.json') });
  const [, origin = ''] = await server.printed(/GraphQL +(http:\/\/[^/]+)\/graphql/);

  const packages = commands
    .filter((command) => command.startsWith('npm install'))
    .join(' ')
    .split(' ');
  const config = files['vite.config.js']!.replace('http://127.0.0.1:4000', origin);
  project = await packed.project(
    { ...files, 'vite.config.js': config },
    packages.filter((name) => !/^npm$|^install$|^--|\.tgz$/.test(name)),
  );
  rmSync(join(project, 'package.json'));
  mkdirSync(join(project, 'node_modules/.bin'));
  for (const name of ['tsc', 'vite']) {
    symlinkSync(join(ROOT, 'node_modules/.bin', name), join(project, 'node_modules/.bin', name));
  }
  await run(project, 'npm', 'init', '--yes');
  await run(project, 'npm', 'pkg', 'set', 'type=module');
  browser = await startBrowser();
});
afterAll(async () => {
  await browser?.close();
  await vite?.stop();
  await server?.stop();
  packed?.remove();
  rmSync(folder, { recursive: true, force: true });
});

/** Vite itself, as `npx` would find it: what npx starts does not end with it. */
const startVite = (...args: readonly string[]): RunningProcess =>
  startProcess(process.execPath, { args: ['node_modules/.bin/vite', ...args], cwd: project, env: { NO_COLOR: '1' } });

async function signIn(window: Page, account: string): Promise<void> {
  await window.getByLabel('Your account').fill(account);
  await window.getByRole('button', { name: 'Sign in' }).click();
}

async function open(account: string): Promise<Page> {
  const window = await (await browser.newContext()).newPage();
  window.on('pageerror', ({ message }) => faults.push(message));
  await window.goto(page);
  await signIn(window, account);
  await window.getByLabel('Account to call').waitFor(WITHIN);
  return window;
}

const says = (window: Page, text: RegExp): Promise<void> =>
  window.getByRole('status').filter({ hasText: text }).waitFor(WITHIN);
const sees = (window: Page): Promise<unknown> =>
  window.waitForFunction(
    () => {
      const { videoWidth, currentTime } = document.getElementById('remote') as HTMLVideoElement;
      return videoWidth > 0 && currentTime > 0;
    },
    undefined,
    WITHIN,
  );

describe('the guide', () => {
  it('has no block and no command that is not run here', () => {
    expect(Object.keys(files).sort()).toEqual(
      ['index.html', 'src/client.ts', 'src/main.ts', 'src/token.ts', 'tsconfig.json', 'vite.config.js'].sort(),
    );
    expect(blocks.filter(({ language, text }) => language !== 'sh' && !Object.values(files).includes(text))).toEqual(
      [],
    );
    expect(commands).toEqual([
      'npm start',
      'npm pack --pack-destination ..',
      'mkdir ../calls',
      'cd ../calls',
      'npm init --yes',
      'npm pkg set type=module',
      `npm install ../${basename(packed.tarball)} @apollo/client graphql graphql-ws rxjs`,
      'npm install --save-dev vite typescript',
      'npx tsc',
      'npx vite',
    ]);
  });

  it('makes an app whose types fit', async () => {
    expect(await run(project, 'npx', '--no', 'tsc')).toBe('');
  });

  longIt('makes an app that Vite serves while it is written', async () => {
    const [port] = await freePorts(1);
    const writing = startVite('--port', `${port}`);
    const [, address = ''] = await writing.printed(/(http:\/\/localhost:\d+)\//, 60_000);
    // What Vite says of a package that does not say how its files are to be read.
    expect(writing.output()).not.toMatch(/commonjs|warn/i);
    const main = await (await fetch(`${address}/src/main.ts`)).text();
    expect(main).toContain('/src/client.ts');
    await writing.stop();
  });

  it('makes an app that is built, and in which two people call each other', async () => {
    await run(project, 'npx', '--no', 'vite', 'build');
    const [port] = await freePorts(1);
    vite = startVite('preview', '--port', `${port}`);
    page = (await vite.printed(/http:\/\/localhost:\d+\//, 60_000))[0];

    const [alice, bob] = await Promise.all([open('alice'), open('bob')]);
    await alice!.getByLabel('Account to call').fill('bob');
    await alice!.getByRole('button', { name: 'Call' }).click();
    await says(alice!, /^RINGING with bob/);
    await bob!.getByRole('button', { name: 'Answer' }).click(WITHIN);
    for (const window of [alice!, bob!]) await says(window, /^ACTIVE with/);
    await Promise.all([sees(alice!), sees(bob!)]);

    await alice!.reload();
    await signIn(alice!, 'alice');
    await says(alice!, /^ACTIVE with bob/);
    await Promise.all([sees(alice!), sees(bob!)]);

    await bob!.getByRole('button', { name: 'Hang up' }).click();
    for (const window of [alice!, bob!]) await says(window, /^ENDED with \w+ COMPLETED/);
    expect(faults).toEqual([]);
  });
});
