/** The playground in a real browser, with the mouse and the keyboard, on a server with its development tokens. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page, WebSocket } from 'playwright-core';
import { createLog } from '../../src/server/log.js';
import { startServer, type RunningServer } from '../../src/server/server.js';
import { parseSettings } from '../../src/server/settings.js';
import { startBrowser } from '../support/browser.js';

const WITHIN = { timeout: 60_000 };

let browser: Browser;
let server: RunningServer;
let origin = '';
const folder = mkdtempSync(join(tmpdir(), 'playground-'));

beforeAll(async () => {
  const relay = {
    requestedTtlSeconds: 600,
    clientTtlSeconds: 300,
    rateLimit: { max: 20, windowSeconds: 600 },
    providers: [{ type: 'shared-secret', secret: 'of-the-test' }],
    relay: { urls: ['turn:127.0.0.1:3478?transport=udp'] },
  };
  const file = join(folder, 'relay.json');
  writeFileSync(file, JSON.stringify(relay));
  const settings = parseSettings({ PORT: '0', RELAY_CONFIG_FILE: file });
  [browser, server] = await Promise.all([startBrowser(), startServer(settings, createLog({ level: 'silent' }))]);
  ({ origin } = server);
});
afterAll(async () => {
  await browser.close();
  await server.close();
  rmSync(folder, { recursive: true });
});

const authorizationOf = (deviceId: string): string =>
  `Bearer ${server.tokens.find((token) => token.deviceId === deviceId)?.token}`;

interface Playground {
  readonly page: Page;
  /** What connection_init carried, one a socket. */
  readonly inits: unknown[];
  /** Addresses of other servers that it asked, and what the browser complained of. */
  readonly strays: string[];
  tab(name: string): Promise<void>;
  run(): Promise<void>;
  shows(text: string | RegExp): Promise<void>;
  close(): Promise<void>;
}

async function open(colorScheme: 'light' | 'dark' = 'light'): Promise<Playground> {
  const context = await browser.newContext({ colorScheme });
  const [strays, inits]: [string[], unknown[]] = [[], []];
  await context.route('**', (route) => {
    const url = route.request().url();
    if (url.startsWith(`${origin}/`) || url.startsWith('data:')) return route.continue();
    strays.push(url);
    return route.abort();
  });
  const page = await context.newPage();
  page.on('console', (message) => message.type() === 'error' && strays.push(message.text()));
  page.on('pageerror', ({ message }) => strays.push(message));
  page.on('websocket', (socket: WebSocket) => {
    if (!socket.url().startsWith(`${origin.replace('http', 'ws')}/`)) strays.push(socket.url());
    socket.once('framesent', ({ payload }) =>
      inits.push((JSON.parse(String(payload)) as { payload: unknown }).payload),
    );
  });
  await page.goto(`${origin}/graphql`);
  const play = page.getByRole('button', { name: /^Execute query/ });
  await play.waitFor(WITHIN);
  return {
    page,
    inits,
    strays,
    tab: async (name) => {
      // It reads a document a moment after it has shown it, and keeps it in the same step. While its editors are still
      // being made, on a busy machine, a click may come to nothing.
      const isRead = (): Promise<boolean> =>
        page
          .waitForFunction((text) => localStorage.getItem('graphiql:query')?.includes(text), name, { timeout: 5_000 })
          .then(
            () => true,
            () => false,
          );
      for (let tries = 0; tries < 4; tries += 1) {
        await page.getByRole('tab', { name }).click();
        if (await isRead()) return;
      }
      throw new Error(`the tab ${name} is not read`);
    },
    run: () => play.click(),
    shows: (text) => page.locator('.result-window').filter({ hasText: text }).waitFor(WITHIN),
    close: () => context.close(),
  };
}

async function ask<Data>(deviceId: string, query: string, variables: object = {}): Promise<Data> {
  const response = await fetch(`${origin}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: authorizationOf(deviceId) },
    body: JSON.stringify({ query, variables }),
  });
  return ((await response.json()) as { data: Data }).data;
}

/** Calls an account, as a device of the other one. */
async function call(calleeAccountId: string, deviceId: string): Promise<void> {
  const input = { clientCallId: randomUUID(), calleeAccountId, media: 'AUDIO', offerSdp: 'v=0\r\n' };
  const start = 'mutation ($input: StartCallInput!) { startCall(input: $input) { outcome } }';
  expect(await ask(deviceId, start, { input })).toEqual({ startCall: { outcome: 'CREATED' } });
}

/** Only a caller can end a call that has not been answered. */
async function hangUp(deviceId: string): Promise<void> {
  const { openCalls } = await ask<{ openCalls: { id: string }[] }>(deviceId, '{ openCalls { id } }');
  for (const { id } of openCalls) {
    const end = 'mutation ($id: ID!) { hangUpCall(input: { callId: $id }) { state } }';
    expect(await ask(deviceId, end, { id })).toEqual({ hangUpCall: { state: 'ENDED' } });
  }
}
const times = (count: number, key: string): string[] => Array.from({ length: count }, () => key);

/** For people: SCREENSHOTS names a folder. */
async function picture({ page }: Playground, name: string): Promise<void> {
  const to = process.env['SCREENSHOTS'];
  if (to) await page.screenshot({ path: join(to, `playground-${name}.png`) });
}

it('runs the examples as they are, on files of this server alone', async () => {
  const playground = await open();
  try {
    const { page, shows } = playground;
    await page.locator('.graphiql-query-editor .view-line').first().click();
    await page.keyboard.press('Control+Enter');
    await shows('"turn:127.0.0.1:3478?transport=udp"');
    await picture(playground, 'query');
    await playground.tab('StartCall');
    await playground.run();
    await shows('"CREATED"');
    await hangUp('alice-phone');
    expect(playground.strays).toEqual([]);
  } finally {
    await playground.close();
  }
});

it('shows calls as they come in, to the device whose token is in the header editor', async () => {
  const playground = await open('dark');
  try {
    const { page, run, shows } = playground;
    await playground.tab('CallEvents');
    await run();
    await shows('"StreamReady"');
    await call('alice', 'bob-phone');
    await shows('"CallInvited"');
    await picture(playground, 'subscription-dark');
    await page.getByRole('button', { name: /^Stop query/ }).click();
    await hangUp('bob-phone');

    const headers = page.getByRole('region', { name: 'Headers' }).locator('.graphiql-editor:not(.hidden)');
    await headers.locator('.view-line').first().click();
    // The third line, with the first token, becomes a comment; the ninth, with the last one, is one no more.
    for (const key of ['Control+Home', ...times(2, 'ArrowDown'), 'Home', '/', '/']) await page.keyboard.press(key);
    for (const key of [...times(6, 'ArrowDown'), 'Home', ...times(3, 'Delete')]) await page.keyboard.press(key);
    await picture(playground, 'header');
    await run();
    await shows('"StreamReady"');
    await call('bob', 'alice-laptop');
    await shows('"CallInvited"');
    expect(playground.inits).toEqual(
      ['alice-phone', 'bob-laptop'].map((deviceId) => ({ authorization: authorizationOf(deviceId) })),
    );
    expect(playground.strays).toEqual([]);
  } finally {
    await playground.close();
  }
});

it('shows what the schema says of itself', async () => {
  const playground = await open();
  try {
    const { page } = playground;
    await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
    await page.getByRole('link', { name: 'Mutation', exact: true }).click(WITHIN);
    await page.getByRole('link', { name: 'startCall', exact: true }).click(WITHIN);
    await page.getByText("Rings the callee's devices.").waitFor(WITHIN);
    await picture(playground, 'documentation');
    expect(playground.strays).toEqual([]);
  } finally {
    await playground.close();
  }
});
