/** What the README says can be run as it stands, and is what the code says. */
import { describe, expect, it } from '@jest/globals';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseRelayConfig } from '../src/providers/config.js';
import { renderSettingsTable } from '../src/server/settings-table.js';
import { blockOf } from './docs/blocks.js';
import { startCallWorld } from './support/call-world.js';
import { eventually, ROOT, startProcess } from './support/process.js';
import { startRedis } from './support/redis.js';

const text = readFileSync(join(ROOT, 'README.md'), 'utf8');

describe('the README', () => {
  it('has the two commands on its first screen', () => {
    const screen = text.split('\n').slice(0, 25).join('\n');
    expect(screen).toContain('npm start');
    expect(screen).toContain('npm test');
  });

  it('has the table of settings as the code has it', () => {
    expect(text).toContain(renderSettingsTable().trim());
  });

  it('names only scripts, files and links that there are', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: object };
    const commands = [...text.matchAll(/npm (?:run )?([\w:]+)/g)]
      .map(([, name]) => name)
      .filter((name) => !['ci', 'install', 'pack', 'ls', 'dedupe'].includes(String(name)));
    expect(commands.length).toBeGreaterThan(3);
    for (const command of commands) expect(Object.keys(scripts)).toContain(command);
    const files = [...text.matchAll(/\]\((?!https?:)([^)#]+)\)|node (examples\S+)/g)].map(
      ([, link, file]) => link ?? file,
    );
    expect(files.length).toBeGreaterThan(3);
    for (const file of files) expect([file, existsSync(join(ROOT, file ?? ''))]).toEqual([file, true]);
  });

  it('shows a relay configuration that is valid, in production too', () => {
    const config = JSON.parse(blockOf('README.md', 'Settings of the standalone server', 'json')) as unknown;
    expect(parseRelayConfig(config, { production: true }).providers).toHaveLength(1);
  });

  it('shows how many nodes are started, with keys that openssl draws', async () => {
    const redis = await startRedis();
    const lines = blockOf('README.md', 'Many nodes', 'sh')
      .replace('redis://127.0.0.1:6379', redis.url)
      .replace('PORT=4001 npm start', 'PORT=0 exec node dist/server/main.js');
    const node = startProcess('sh', { args: ['-ec', lines] });
    try {
      const [, origin = ''] = await node.printed(/GraphQL +(http:\/\/[^/]+)\/graphql/);
      expect(await (await fetch(`${origin}/readyz`)).json()).toMatchObject({ status: 'ready' });
      expect(await redis.command('EXISTS', 'voip:keys')).toBe(1);
    } finally {
      expect(await node.stop()).toEqual({ code: 0, signal: null });
      await redis.stop();
    }
  });

  it('shows a client that is called and goes on after a restart of the server', async () => {
    const world = await startCallWorld();
    // Beside the packages, so that they are found.
    const folder = mkdtempSync(join(dirname(join(ROOT, 'test')), '.cache-readme-'));
    try {
      writeFileSync(
        join(folder, 'client.mjs'),
        `import { WebSocket } from 'ws';
        globalThis.WebSocket = WebSocket;
        const getToken = () => process.env.TOKEN;
        const onCallEvent = (event) => console.log(event.__typename, event.call?.id ?? '');
        ${blockOf('README.md', 'A call, from a client', 'js').replace('ws://127.0.0.1:4000', world.origin.replace('http', 'ws'))}`,
      );
      const client = startProcess(process.execPath, {
        args: [join(folder, 'client.mjs')],
        env: { TOKEN: await world.token('bob/phone') },
      });
      await client.printed(/StreamReady/);
      const caller = world.device('alice/phone');
      const { call } = await caller.start('bob');
      await client.printed(new RegExp(`CallInvited ${call.id}`));
      await world.startAgain();
      await eventually(() => (client.output().match(/StreamReady/g) ?? []).length >= 2, 20_000);
      await client.stop();
    } finally {
      rmSync(folder, { recursive: true });
      await world.close();
    }
  });
});
