/** The standalone server as one file, as bundlers make it of the installed package: it starts in a folder with nothing else. */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT, startProcess } from '../support/process.js';
import { startRedis, type RedisServer } from '../support/redis.js';
import { blockOf } from '../docs/blocks.js';
import { manifest, pack, run, type Packed } from './packed.js';

jest.setTimeout(120_000);

const SERVER = blockOf('README.md', 'As one file', 'js');

let packed: Packed;
let project: string;
let folder: string;
let redis: RedisServer;
beforeAll(async () => {
  [packed, redis] = await Promise.all([pack(), startRedis()]);
  const peers = Object.keys(manifest.peerDependencies).filter((name) => name !== '@apollo/client');
  project = await packed.project({ 'server.mjs': SERVER }, peers);
  folder = mkdtempSync(join(tmpdir(), 'bundled-'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
});
afterAll(async () => {
  await redis.stop();
  packed.remove();
  rmSync(folder, { recursive: true });
});

const bin = (name: string): string => join(ROOT, 'node_modules/.bin', name);

/** A bundler as the README calls it. */
const bundler = (command: string, file: string, quietly: string) => async (): Promise<string> => {
  const line = command
    .replace(/^npx (\w+)/, (_npx, name: string) => bin(name))
    .replace(/(--outfile=|--file )\S+/, (_to, option: string) => option + join(folder, file));
  await run(project, 'sh', '-c', `${line} --log-level${quietly}`);
  return file;
};
const [asModule = '', asCommonJs = '', byRolldown = ''] = blockOf('README.md', 'As one file', 'sh').trim().split('\n');

/** Bundlers rename classes: types that had their names from them were once `Call2`. */
const PUBLISHED = [
  ...readFileSync(join(ROOT, 'schema/schema.graphql'), 'utf8').matchAll(/^(?:type|interface|input|enum) (\w+)/gm),
].map(([, name]) => name);
async function typesOf(origin: string): Promise<string[]> {
  const headers = { 'content-type': 'application/json', connection: 'close' };
  const body = JSON.stringify({ query: '{ __schema { types { name } } }' });
  const answer = await fetch(`${origin}/graphql`, { method: 'POST', headers, body });
  const { data } = (await answer.json()) as { data: { __schema: { types: { name: string }[] } } };
  return data.__schema.types.map(({ name }) => name);
}

describe('voip-call-signaling/server, bundled', () => {
  const ways: [string, () => Promise<string>][] = [
    ['by esbuild as CommonJS', bundler(asCommonJs, 'server.cjs', '=error')],
    ['by esbuild as ES module', bundler(asModule, 'server.mjs', '=error')],
    ['by rolldown', bundler(byRolldown, 'rolled.mjs', ' silent')],
  ];
  it.each(ways)('%s starts on Redis, answers, and ends', async (_how, bundle) => {
    const file = await bundle();
    const env = {
      PORT: '0',
      REDIS_URL: redis.url,
      ENCRYPTION_KEYS: `k1:${Buffer.alloc(32, 1).toString('base64')}`,
      NAME_KEY: Buffer.alloc(32, 2).toString('base64'),
    };
    const server = startProcess(process.execPath, { args: [file], cwd: folder, env });
    const [, origin = ''] = await server.printed(/listening on (\S+)/);
    const ready = await fetch(`${origin}/readyz`, { headers: { connection: 'close' } });
    expect(await ready.json()).toMatchObject({ dependencies: { redis: 'ready' } });
    const page = await fetch(`${origin}/`, { headers: { connection: 'close' } });
    expect(page.status).toBe(200);
    expect(await typesOf(origin)).toEqual(expect.arrayContaining(PUBLISHED));
    expect(await server.stop()).toEqual({ code: 0, signal: null });
  });
});

describe('without the packages of the standalone server', () => {
  it('its entry loads all the same, and says what to install', async () => {
    const script = `
      const { attachWebSocket, createLog, parseSettings, startServer } = await import('${manifest.name}/server');
      const failed = ({ message }) => message;
      console.log(JSON.stringify([
        typeof attachWebSocket,
        await createLog({ level: 'info' }).catch(failed),
        await startServer(parseSettings({}), {}).catch(failed),
      ]));`;
    const bare = await packed.project({});
    const output = await run(bare, process.execPath, '--input-type=module', '-e', script);
    const [kind, ...messages] = JSON.parse(output) as string[];
    expect(kind).toBe('function');
    for (const message of messages) expect(message).toMatch(/packages that are not installed: npm install .*\bpino$/);
  });

  it('the module loads none of them, nor their log', async () => {
    const bare = await packed.project({}, ['@apollo/server']);
    const script = `await import('${manifest.name}'); console.log('loaded');`;
    expect((await run(bare, process.execPath, '--input-type=module', '-e', script)).trim()).toBe('loaded');
  });
});
