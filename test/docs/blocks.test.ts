/** Every block of code that users read is run by a test, or it is said here why it cannot be: a new one fails until it is. */
import { expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../support/process.js';
import { blocksOf, DOCUMENTS } from './blocks.js';

/** The test that runs a block, and how it takes the block up: words of that test. */
interface RunBy {
  readonly test: string;
  readonly words: string;
}

const GUIDE: RunBy = { test: 'test/docs/guide.test.ts', words: 'has no block and no command that is not run here' };
const WEBHOOKS: RunBy = { test: 'test/docs/webhooks.test.ts', words: "blocksOf('docs/webhooks.md')" };
const CLIENT: RunBy = { test: 'test/docs/client.test.ts', words: 'expect(blocks).toHaveLength(3)' };

/** By document, heading, language, and its place among those. */
const BLOCKS: Readonly<Record<string, RunBy | { readonly because: string }>> = {
  'README.md | voip-call-signaling | sh | 0': {
    test: 'test/e2e/start.test.ts',
    words: "startProcess('npm', { args: ['start']",
  },
  'README.md | A call, from a client | js | 0': { test: 'test/readme.test.ts', words: "'A call, from a client'" },
  'README.md | In your own server | sh | 0': {
    test: 'test/package/registry.ts',
    words: "'In your own server', 'sh'",
  },
  'README.md | In your own server | js | 0': {
    test: 'test/package/mounted.test.ts',
    words: "'In your own server', 'js'",
  },
  'README.md | In your own server | sh | 1': {
    test: 'test/e2e/examples.test.ts',
    words: 'examples/${name}/server.mjs',
  },
  'README.md | As one file | js | 0': { test: 'test/package/bundle-server.full.ts', words: "'As one file', 'js'" },
  'README.md | As one file | sh | 0': { test: 'test/package/bundle-server.full.ts', words: "'As one file', 'sh'" },
  'README.md | Settings of the standalone server | json | 0': {
    test: 'test/readme.test.ts',
    words: "'Settings of the standalone server'",
  },
  'README.md | In a supergraph | sh | 0': {
    test: 'test/gateways/graph-world.ts',
    words: "cwd: join(ROOT, 'examples/supergraph')",
  },
  'README.md | Many nodes | sh | 0': { test: 'test/readme.test.ts', words: "'Many nodes', 'sh'" },
  'README.md | Many nodes |  | 0': { test: 'test/redis/rights.test.ts', words: 'user voip on >PASSWORD ${aclRules()}' },
  'docs/callbacks.md | An authenticator | ts | 0': {
    test: 'test/host/documented-logins.test.ts',
    words: 'exampleOf(0)',
  },
  'docs/callbacks.md | An authenticator | ts | 1': {
    test: 'test/host/documented-logins.test.ts',
    words: 'exampleOf(1)',
  },
  'docs/client.md | Leaving the page | js | 0': CLIENT,
  'docs/client.md | Calls that no page leads | js | 0': CLIENT,
  'docs/client.md | React Native | js | 0': CLIENT,
  'docs/guide.md | 1. The server | sh | 0': GUIDE,
  'docs/guide.md | 2. A new project | sh | 0': GUIDE,
  'docs/guide.md | 2. A new project | js | 0': GUIDE,
  'docs/guide.md | 2. A new project | json | 0': GUIDE,
  'docs/guide.md | 3. The page | html | 0': GUIDE,
  'docs/guide.md | 4. Who is there: the token | ts | 0': GUIDE,
  'docs/guide.md | 5. The client | ts | 0': GUIDE,
  'docs/guide.md | 6. The calls | ts | 0': GUIDE,
  'docs/guide.md | 7. Call | sh | 0': GUIDE,
  'docs/webhooks.md | call.wake | json | 0': WEBHOOKS,
  'docs/webhooks.md | call.started, call.answered, call.ended | json | 0': WEBHOOKS,
  'docs/webhooks.md | call.started, call.answered, call.ended | jsonl | 0': WEBHOOKS,
  'docs/webhooks.md | call_relay | jsonl | 0': WEBHOOKS,
};

function found(): readonly string[] {
  const counts = new Map<string, number>();
  return DOCUMENTS.flatMap(blocksOf).map(({ document, heading, language }) => {
    const kind = [document, heading, language].join(' | ');
    const index = counts.get(kind) ?? 0;
    counts.set(kind, index + 1);
    return `${kind} | ${index}`;
  });
}

it('has every block of the documents, and no other', () => {
  expect([...found()].sort()).toEqual(Object.keys(BLOCKS).sort());
});

it.each(Object.entries(BLOCKS))('%s is run', (_block, how) => {
  if ('because' in how) expect(how.because).not.toBe('');
  else expect(readFileSync(join(ROOT, how.test), 'utf8')).toContain(how.words);
});
