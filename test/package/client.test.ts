/** The client as it comes into a page: what a bundler makes of it, and what it is typed as. */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../support/process.js';
import { manifest, pack, run, type Packed } from './packed.js';

jest.setTimeout(120_000);

const CLIENT = `${manifest.name}/client`;
const ENTRIES = {
  'graphql-ws.js': `export { createCallClient, graphqlWsTransport } from '${CLIENT}';`,
  'socket.js': `export { callSocket, createCallClient, graphqlWsTransport } from '${CLIENT}';`,
  'apollo.js': `export { createCallClient, apolloTransport } from '${CLIENT}';`,
  'one-document.js': `export { StartCallDocument } from '${CLIENT}';`,
  'everything.js': `export * from '${CLIENT}';`,
};

interface Bundle {
  readonly chunks: number;
  readonly modules: readonly string[];
  readonly imports: readonly string[];
  readonly bytes: number;
  readonly gzipBytes: number;
}

let packed: Packed;
let project: string;
let bundles: Record<string, { readonly whole: Bundle; readonly withoutPeer: Bundle }>;
const bundleOf = (entry: keyof typeof ENTRIES) => bundles[join(project, entry)]!;
beforeAll(async () => {
  packed = await pack();
  project = await packed.project({ ...ENTRIES, 'app.ts': APP, 'tsconfig.json': TSCONFIG }, ['@apollo/client', 'rxjs']);
  // By a process of its own: the native parts of the bundler know nothing of the realms that tests run in.
  const entries = Object.keys(ENTRIES).map((entry) => join(project, entry));
  bundles = JSON.parse(await run(project, process.execPath, join(ROOT, 'test/package/bundle.mjs'), ...entries));
});
afterAll(() => packed.remove());

const ofPackages = ({ modules }: Bundle): string[] =>
  modules.filter((id) => !id.includes(`/${manifest.name}/dist/client/`) && id.includes('/node_modules/'));

describe('in a bundle', () => {
  it('the client is its own modules and nothing else: no parser, no part of Node.js', () => {
    const made = bundleOf('graphql-ws.js').whole;
    expect([made.chunks, made.imports, ofPackages(made)]).toEqual([1, [], []]);
    expect(made.modules.some((id) => /apollo-transport|generated\/nodes/.test(id))).toBe(false);
  });

  it('callSocket brings the client of graphql-ws along, and nothing of its server', () => {
    const made = bundleOf('socket.js').whole;
    expect([made.chunks, made.imports]).toEqual([1, []]);
    expect(ofPackages(made).length).toBeGreaterThan(0);
    expect(ofPackages(made).filter((id) => !/\/graphql-ws\/dist\/(client|common-)/.test(id))).toEqual([]);
  });

  it.each(['apollo.js', 'one-document.js'] as const)('%s brings the parser of graphql along', (entry) => {
    const made = bundleOf(entry).whole;
    expect([made.chunks, made.imports]).toEqual([1, []]);
    expect(ofPackages(made).length).toBeGreaterThan(0);
    expect(ofPackages(made).filter((id) => !id.includes('/node_modules/graphql/'))).toEqual([]);
  });

  it('one typed document is one: the others are left out', () => {
    const [one, all] = [bundleOf('one-document.js').withoutPeer, bundleOf('everything.js').withoutPeer];
    // A package that is left out stays as an import, for all that the bundler knows; with it, nothing of it is taken along.
    expect([...one.imports].sort()).toEqual(['graphql', 'graphql-ws/client']);
    expect(ofPackages(bundleOf('one-document.js').whole).some((id) => id.includes('/graphql-ws/'))).toBe(false);
    expect(one.bytes).toBeLessThan(2_000);
    expect(all.bytes).toBeGreaterThan(10 * one.bytes);
  });

  it('is of the size that the README says', () => {
    const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
    const sizes: readonly (readonly [keyof typeof ENTRIES, string])[] = [
      ['graphql-ws.js', 'createCallClient with graphqlWsTransport'],
      ['socket.js', 'the same with callSocket'],
      ['everything.js', 'everything'],
    ];
    for (const [entry, what] of sizes) {
      const { gzipBytes } = bundleOf(entry).withoutPeer;
      const kilobytes = (gzipBytes / 1_000).toFixed(1);
      process.stdout.write(`${what}: ${kilobytes} kB gzipped\n`);
      expect(gzipBytes).toBeLessThan(15 * 1_024);
      const [, said] = new RegExp(`${what}[^|]*\\| (\\d+\\.\\d) kB`, 'i').exec(readme) ?? [];
      // A tenth more or less is no news.
      expect([what, Math.abs(Number(said) - gzipBytes / 1_000) < gzipBytes / 10_000]).toEqual([what, true]);
    }
  });
});

const TSCONFIG = JSON.stringify({
  compilerOptions: {
    strict: true,
    target: 'ES2022',
    module: 'ESNext',
    moduleResolution: 'bundler',
    lib: ['ES2022', 'DOM'],
    types: [],
    noEmit: true,
  },
  files: ['app.ts'],
});

/** What a user of the types may write, and what not. */
const APP = `
import { ApolloClient, type TypedDocumentNode } from '@apollo/client';
import {
  apolloTransport, createCallClient, OpenCallsDocument, StartCallDocument,
  type CallClient, type CallState, type StartCallMutation, type StartCallMutationVariables,
} from '${CLIENT}';

export function app(apollo: ApolloClient): CallClient {
  return createCallClient({ transport: apolloTransport(apollo) });
}
export async function states(apollo: ApolloClient): Promise<CallState[]> {
  const { data } = await apollo.query({ query: OpenCallsDocument });
  // @ts-expect-error There is no such field.
  void data?.openCalls?.[0]?.colour;
  return (data?.openCalls ?? []).map(({ state }) => state);
}
export async function start(apollo: ApolloClient, input: StartCallMutationVariables['input']): Promise<string> {
  // @ts-expect-error A variable is missing.
  void apollo.mutate({ mutation: StartCallDocument, variables: { input: { media: 'AUDIO' } } });
  const { data } = await apollo.mutate({ mutation: StartCallDocument, variables: { input } });
  return data!.startCall.call.id;
}
export const typed: TypedDocumentNode<StartCallMutation, StartCallMutationVariables> = StartCallDocument;
`;

describe('in TypeScript', () => {
  it('typed documents are what Apollo Client takes: results and variables are known', async () => {
    const tsc = join(ROOT, 'node_modules/.bin/tsc');
    expect(await run(project, process.execPath, tsc, '-p', '.')).toBe('');
  });
});
