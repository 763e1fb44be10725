/** What npm would publish: complete, without more, and of use to whoever installs it. */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { ROOT } from '../support/process.js';
import { manifest, pack, run, type Packed } from './packed.js';

// Programs are started, on machines that may have little to spare.
jest.setTimeout(120_000);

let packed: Packed;
let project: string;
const installed = (file: string): string => join(project, 'node_modules', manifest.name, file);
beforeAll(async () => {
  packed = await pack();
  project = await packed.project({ 'app.mjs': APP }, Object.keys(manifest.peerDependencies));
});
afterAll(() => packed.remove());

describe('the package', () => {
  it('has what was built, the schema and the README, and nothing else', () => {
    const expected = /^(dist\/.+\.(js|d\.ts|js\.map)|dist\/web\/.+|schema\/.+|package\.json|README\.md|LICENSE)$/;
    expect(packed.files.filter((file) => !expected.test(file))).toEqual([]);
    expect(packed.files.filter((file) => /\btest\b|released|\.env|\.pem|canar/i.test(file))).toEqual([]);
    const schema = ['PROTOCOL.md', 'schema.graphql', 'trusted-documents.json', 'operations/calls.graphql'];
    for (const file of schema) expect(packed.files).toContain(`schema/${file}`);
  });

  it('has no source map that points at what is not there', () => {
    const maps = packed.files.filter((file) => file.endsWith('.map'));
    expect(maps.length).toBeGreaterThan(100);
    for (const file of maps) {
      const { sources, sourcesContent = [] } = JSON.parse(readFileSync(installed(file), 'utf8')) as {
        sources: unknown[];
        sourcesContent?: unknown[];
      };
      expect([file, sourcesContent.length]).toEqual([file, sources.length]);
    }
  });

  it('has no key, no token and no path of this machine', () => {
    const secret = /-----BEGIN [A-Z ]*PRIVATE KEY|\beyJ[\w-]{20,}\.eyJ/;
    const telling = packed.files.filter((file) => {
      const text = readFileSync(installed(file), 'utf8');
      return secret.test(text) || text.includes(ROOT);
    });
    expect(telling).toEqual([]);
  });

  it('has declarations that TypeScript before 5.7 knows, to which Buffer and the like are not generic', () => {
    const entries = Object.values(manifest.exports).flatMap((entry) =>
      typeof entry === 'object' ? [posix.normalize((entry as { types: string }).types)] : [],
    );
    const reached = new Set(entries);
    // A set is read on while it grows.
    for (const file of reached) {
      const text = readFileSync(installed(file), 'utf8');
      const named = [...text.matchAll(/(?:from |import\()['"](\.[^'"]+)\.js['"]/g)];
      for (const [, path] of named) reached.add(posix.join(posix.dirname(file), `${path}.d.ts`));
    }
    expect(reached.size).toBeGreaterThan(100);
    const generic = /\b(?:Buffer|\w*Array|DataView|ArrayBufferView)<Array(?:Buffer|BufferLike)>/;
    expect([...reached].filter((file) => generic.test(readFileSync(installed(file), 'utf8')))).toEqual([]);
  });

  it('is as publint wants it', async () => {
    const { messages } = await publint({ pkgDir: installed(''), pack: false, strict: true });
    const pkg = JSON.parse(readFileSync(installed('package.json'), 'utf8')) as Record<string, unknown>;
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
  });

  it('has types that resolve wherever there are ES modules', async () => {
    const attw = join(ROOT, 'node_modules/.bin/attw');
    const output = await run(project, process.execPath, attw, packed.tarball, '--profile', 'esm-only', '--no-color');
    const found = output.match(/^(node16 \(from ESM\)|bundler): .*$/gm) ?? [];
    expect(found).toHaveLength(2 * Object.keys(manifest.exports).length);
    expect(found.filter((line) => !/: 🟢( \((ESM|JSON)\))? *$/.test(line))).toEqual([]);
  });
});

/** A host of its own: every entry is loaded, the module is mounted, and a query is answered. */
const APP = `
import { ApolloServer } from '@apollo/server';
import { readFileSync } from 'node:fs';
import * as main from '${manifest.name}';
import * as client from '${manifest.name}/client';
import * as redis from '${manifest.name}/redis';
import * as server from '${manifest.name}/server';

const manifest = new URL('./schema/trusted-documents.json', import.meta.resolve('${manifest.name}/package.json'));
const signaling = main.createCallSignaling({
  authenticator: async (token) => token && { accountId: token, deviceId: 'phone', issuedAt: 0, expiresAt: Number.MAX_SAFE_INTEGER },
  trustedDocuments: main.readTrustedDocuments(JSON.parse(readFileSync(manifest, 'utf8'))),
  relay: {
    config: {
      requestedTtlSeconds: 86400,
      clientTtlSeconds: 43200,
      rateLimit: { max: 20, windowSeconds: 600 },
      providers: [{ type: 'shared-secret', secret: 'of-the-app' }],
      relay: { urls: ['turn:127.0.0.1:3478?transport=udp'] },
    },
  },
});
const apollo = new ApolloServer({ ...signaling.apollo, stopOnTerminationSignals: false });
const ask = async (query, authorization) => {
  const { body } = await apollo.executeOperation({ query }, { contextValue: signaling.context({ headers: { authorization } }) });
  const { data, errors } = body.singleResult;
  return { data, code: errors?.[0].extensions.code };
};
console.log(JSON.stringify({
  exports: Object.fromEntries(Object.entries({ main, client, redis, server }).map(([name, module]) => [name, Object.keys(module)])),
  signedIn: await ask('query OpenCalls { openCalls { ...CallFields } } ' + fragments(), 'Bearer alice'),
  signedOut: await ask('query OpenCalls { openCalls { ...CallFields } } ' + fragments()),
  untrusted: await ask('{ openCalls { id } }', 'Bearer alice'),
}));
await apollo.stop();
await signaling.close();

function fragments() {
  const text = readFileSync(new URL('./operations/calls.graphql', manifest), 'utf8');
  return text.slice(0, text.indexOf('query '));
}
`;

describe('an app that installed it', () => {
  it('loads every entry, mounts the module in its own Apollo Server and asks it', async () => {
    const output = await run(project, process.execPath, 'app.mjs');
    const { exports, ...answers } = JSON.parse(output) as { exports: Record<string, string[]> };
    expect(answers).toEqual({
      signedIn: { data: { openCalls: [] } },
      signedOut: { data: { openCalls: null }, code: 'CALL_UNAUTHORIZED' },
      untrusted: { code: 'QUERY_NOT_IN_SAFELIST' },
    });
    expect(exports['main']).toEqual(expect.arrayContaining(['createCallSignaling', 'createJwtAuthenticator']));
    expect(exports['client']).toEqual(expect.arrayContaining(['createCallClient', 'StartCallDocument']));
    expect(exports['redis']).toEqual(expect.arrayContaining(['createRedisAdapters']));
    expect(exports['server']).toEqual(expect.arrayContaining(['startServer', 'attachWebSocket']));
  });

  it('cannot load what is not an entry', async () => {
    await expect(
      run(project, process.execPath, '--input-type=module', '-e', `await import('${manifest.name}/dist/signaling.js')`),
    ).rejects.toThrow('ERR_PACKAGE_PATH_NOT_EXPORTED');
  });
});
