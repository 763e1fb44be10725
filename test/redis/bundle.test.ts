import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { startProcess } from '../support/process.js';
import { startRedis } from '../support/redis.js';
import type { RedisServer } from '../support/redis.js';

const SRC = resolve('src');
const KEYS = `{ encryptionKeys: [{ id: 'k', key: Buffer.alloc(32, 1) }], nameKey: Buffer.alloc(32, 2) }`;

describe('the Redis adapters, bundled into one file in an empty folder', () => {
  let directory: string;
  let server: RedisServer;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'bundle-'));
    server = await startRedis();
  });
  afterAll(async () => {
    await server.stop();
    rmSync(directory, { recursive: true });
  });

  /** In a process of its own: Jest's modules have other arrays than the bundler's native part. */
  async function bundle(entry: string, format: 'esm' | 'cjs', name: string): Promise<void> {
    const script = `
      const { rolldown } = await import('rolldown');
      const build = await rolldown({
        input: ${JSON.stringify(join(SRC, entry))},
        platform: 'node',
        logLevel: 'silent',
        resolve: { extensionAlias: { '.js': ['.ts', '.js'] } },
      });
      await build.write({ file: ${JSON.stringify(join(directory, name))}, format: '${format}', codeSplitting: false });
      await build.close();
      console.log('BUNDLED');`;
    const bundling = startProcess(process.execPath, { args: ['--input-type=module', '--eval', script] });
    await bundling.printed(/BUNDLED/);
    await bundling.ended;
  }

  const use = (take: string): string => `
    ${take}
    const adapters = createRedisAdapters({ url: '${server.url}', ...${KEYS} });
    (async () => {
      await adapters.presence.enter({ accountId: 'alice', deviceId: 'phone' }, 's', 1);
      console.log('DEVICES ' + (await adapters.presence.devicesOf('alice')).length);
      await adapters.close();
    })();`;

  it.each([
    ['esm', 'redis.mjs', "import { createRedisAdapters } from './redis.mjs';", 'use.mjs'],
    ['cjs', 'redis.cjs', "const { createRedisAdapters } = require('./redis.cjs');", 'use.cjs'],
  ] as const)(
    'run as %s',
    async (format, name, take, script) => {
      await bundle('redis/adapters.ts', format, name);
      writeFileSync(join(directory, script), use(take));
      const running = startProcess(process.execPath, { args: [join(directory, script)] });
      await running.printed(/DEVICES 1/);
      await running.ended;
      // Nothing lies beside the bundle.
      expect(readdirSync(directory).filter((file) => file.endsWith('.lua'))).toEqual([]);
    },
    60_000,
  );
});
