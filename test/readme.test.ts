/** What the README says can be run as it stands, and is what the code says. */
import { describe, expect, it } from '@jest/globals';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseRelayConfig } from '../src/providers/config.js';
import { renderSettingsTable } from '../src/server/settings-table.js';
import { startCallWorld } from './support/call-world.js';
import { eventually, ROOT, startProcess } from './support/process.js';

const text = readFileSync(join(ROOT, 'README.md'), 'utf8');
const blocks = [...text.matchAll(/^```(\w+)\n([^]*?)^```/gm)].map(([, language, body]) => ({
  language,
  body: body ?? '',
}));
const blockWith = (language: string, part: string): string =>
  blocks.find((block) => block.language === language && block.body.includes(part))?.body ?? '';

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
    const config = JSON.parse(blockWith('json', 'requestedTtlSeconds')) as unknown;
    expect(parseRelayConfig(config, { production: true }).providers).toHaveLength(1);
  });

  it('shows a module that is mounted as it stands, and closes with nothing left open', async () => {
    const script = `${blockWith('js', 'createCallSignaling')}
      server.once('listening', () => console.log('port', server.address().port));`;
    const program = startProcess(process.execPath, {
      args: ['--input-type=module', '-e', script],
      env: { PORT: '0' },
    });
    const [, port] = await program.printed(/port (\d+)/);
    const metrics = await fetch(`http://127.0.0.1:${port}/metrics`);
    expect(await metrics.text()).toContain('call_relay_requests_total');
    const answer = await fetch(`http://127.0.0.1:${port}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json' },
      body: JSON.stringify({ query: '{ callRelay { turnTtlSeconds } }' }),
    });
    expect(answer.status).toBe(401);
    expect(await program.stop()).toEqual({ code: 0, signal: null });
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
        ${blockWith('js', 'createClient').replace('ws://127.0.0.1:4000', world.origin.replace('http', 'ws'))}`,
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
