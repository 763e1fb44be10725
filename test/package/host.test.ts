/** The module in hosts of other kinds than this repository: strict TypeScript, CommonJS, and Jest without ES modules. */
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { join } from 'node:path';
import { blockOf, blocksOf } from '../docs/blocks.js';
import { longIt } from '../support/full.js';
import { ROOT } from '../support/process.js';
import { STRICT, TYPED } from './hosts.js';
import { manifest, pack, run, type Packed } from './packed.js';

jest.setTimeout(120_000);

const TYPES = ['@types/node', '@types/express', '@types/ws'];
const PACKAGES = ['@apollo/server', '@as-integrations/express5', 'express', '@keyv/redis', '@graphql-tools/schema'];
/** What an example leaves to its reader, declared. */
const LEFT_TO_READERS = `
  import type { Viewer } from '${manifest.name}';
  import type { Transport } from '${manifest.name}/client';
  declare global {
    const sessions: { find(token: string): Promise<{ account: string; device: string; createdAt: Date; expiresAt: Date } | null> };
    const viewerOfCookie: (cookie: string) => Promise<Viewer | null>;
    const transport: Transport;
    const report: (code: string, message: string) => void;
    const offer: (call: { account: string; goOn: () => Promise<unknown>; hangUp: () => Promise<unknown> }) => void;
    const onCallEvent: (event: unknown) => void;
    const getToken: () => Promise<string>;
  }`;
/** A package that examples import and nobody here has: of its types, what the client uses. */
const REACT_NATIVE = `declare module 'react-native-webrtc' {
  export const RTCPeerConnection: new (configuration?: RTCConfiguration) => globalThis.RTCPeerConnection;
  export const mediaDevices: { getUserMedia(constraints?: MediaStreamConstraints): Promise<MediaStream> };
}`;
const IMPORTED = "import { createCallClient } from 'voip-call-signaling/client';";
const CLIENT = 'const client = createCallClient({ transport });';
/** What an example of docs/client.md has from those before it. */
const before = (text: string): string => [IMPORTED, ...(text.includes('const client =') ? [] : [CLIENT])].join('\n');
/** Every one of two pages; those of the guide are compiled as a project: test/docs/guide.test.ts. */
const EXAMPLES: Readonly<Record<string, string>> = Object.fromEntries([
  ...blocksOf('docs/callbacks.md').map(({ text }, index) => [`callbacks-${index}.ts`, text] as const),
  ...blocksOf('docs/client.md').map(({ text }, index) => [`client-${index}.ts`, `${before(text)}\n${text}`] as const),
]);
const FILES = {
  ...EXAMPLES,
  'left.d.ts': LEFT_TO_READERS,
  'react-native.d.ts': REACT_NATIVE,
  'app.ts': blockOf('README.md', 'In your own server', 'js'),
  'typed.ts': TYPED,
  'host.cjs': `console.log(typeof require('${manifest.name}').createCallSignaling);`,
  'host.test.cjs': `test('is imported', async () => {
    const { createCallSignaling } = await import('${manifest.name}');
    expect(typeof createCallSignaling).toBe('function');
  });`,
};

let packed: Packed;
let project: string;
beforeAll(async () => {
  packed = await pack();
  project = await packed.project(FILES, [...PACKAGES, ...TYPES]);
});
afterAll(() => packed.remove());

// The oldest TypeScript, and other settings: oldest-typescript.full.ts.
it('the example of the README is TypeScript too: strict, with the declarations of packages checked', async () => {
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const args = [...STRICT, '--types', 'node', '--module', 'nodenext', 'app.ts', 'typed.ts'];
  expect(await run(project, process.execPath, tsc, ...args)).toBe('');
});

it('every example of the documents is TypeScript as it stands, in a host and in a page', async () => {
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const args = [
    ...STRICT,
    '--types',
    'node',
    '--module',
    'nodenext',
    '--lib',
    'es2022,dom',
    '--moduleDetection',
    'force',
  ];
  expect(
    await run(project, process.execPath, tsc, ...args, 'left.d.ts', 'react-native.d.ts', ...Object.keys(EXAMPLES)),
  ).toBe('');
});

it('a CommonJS host requires it', async () => {
  expect((await run(project, process.execPath, 'host.cjs')).trim()).toBe('function');
});

longIt('a host tested in Jest imports it with the option that the README names, and not without', async () => {
  const jestIn = (...options: readonly string[]): Promise<string> => {
    const args = [join(ROOT, 'node_modules/jest/bin/jest.js'), '--rootDir', project, '--testMatch', '**/*.test.cjs'];
    return run(project, process.execPath, ...options, ...args);
  };
  await jestIn('--experimental-vm-modules');
  await expect(jestIn()).rejects.toThrow(/experimental-vm-modules/);
});
