/** The client as a package of its own: what `npm pack ./dist/client` gives needs nothing that it does not bring or name. */
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { ERRORS } from '../../src/errors.js';
import { importsOf } from '../support/architecture.js';
import { ROOT } from '../support/process.js';
import { STRICT } from './hosts.js';
import { manifest, pack, run, type Packed } from './packed.js';

jest.setTimeout(120_000);

const NAME = `${manifest.name}-client`;
/** Every name that a page can import, with its types looked into. */
const PAGE = `
import { callSocket, createCallClient, graphqlWsTransport, CallError } from '${NAME}';
import * as all from '${NAME}';
export const client = createCallClient({ transport: graphqlWsTransport(callSocket({ url: '/graphql', token: () => 'x' })) });
export const everything: typeof all = all;
declare const code: CallError['code'];
// @ts-expect-error The codes are known, and others are text.
export const number: number = code;
`;

let packed: Packed;
let project: string;
beforeAll(async () => {
  packed = await pack(join(ROOT, 'dist/client'));
  project = await packed.project({ 'page.ts': PAGE });
});
afterAll(() => packed.remove());

it('imports its own files and its peers, in its code and in its declarations', () => {
  const { peerDependencies } = JSON.parse(readFileSync(join(ROOT, 'dist/client/package.json'), 'utf8')) as {
    peerDependencies: Record<string, string>;
  };
  const files = packed.files.filter((file) => /\.(js|d\.ts)$/.test(file));
  expect(files.length).toBeGreaterThan(50);
  const unknown = files.flatMap((file) => {
    const imports = importsOf(readFileSync(join(project, 'node_modules', NAME, file), 'utf8'));
    const isOwn = (specifier: string): boolean => files.includes(posix.join(posix.dirname(file), specifier));
    const isPeer = (specifier: string): boolean => (specifier.split('/')[0] ?? '') in peerDependencies;
    return imports
      .filter(({ specifier }) => !(specifier.startsWith('.') ? isOwn(specifier) : isPeer(specifier)))
      .map(({ specifier }) => `${file}: ${specifier}`);
  });
  expect(unknown).toEqual([]);
});

it.each([
  ['nodenext', 'nodenext'],
  ['bundler', 'esnext'],
])('is strict TypeScript by itself, declarations checked, with moduleResolution %s', async (resolution, module) => {
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const settings = ['--module', module, '--moduleResolution', resolution, '--lib', 'es2022,dom', '--typeRoots', 'none'];
  expect(await run(project, process.execPath, tsc, ...STRICT, ...settings, 'page.ts')).toBe('');
});

it('knows the codes of the service, which it writes out for itself', () => {
  const source = readFileSync(join(ROOT, 'src/client/service-errors.ts'), 'utf8');
  const codes = [...source.matchAll(/'([A-Z_]+)'/g)].map(([, code]) => code);
  expect(codes).toEqual(Object.keys(ERRORS));
});
