/** Every operation that this package publishes fits into the budgets that are there for those who attack. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { getIntrospectionQuery, parse, print, separateOperations } from 'graphql';
import { readdirSync, readFileSync } from 'node:fs';
import { tooManyCallsRead } from '../../src/graphql/calls-read.js';
import { examples } from '../../src/server/playground-examples.js';
import { createCallSignaling } from '../../src/signaling.js';
import type { CallSignaling } from '../../src/signaling/parts.js';

const FOLDER = new URL('../../schema/operations/', import.meta.url);
const published = readdirSync(FOLDER)
  .map((file) => readFileSync(new URL(file, FOLDER), 'utf8'))
  .join('\n');
const OPERATIONS: readonly (readonly [name: string, text: string])[] = [
  ...Object.entries(separateOperations(parse(published))).map(([name, document]) => [name, print(document)] as const),
  ...examples().map(({ query }, at) => [`playground: tab ${at + 1}`, query] as const),
  ['playground: its introspection', getIntrospectionQuery({ inputValueDeprecation: true, specifiedByUrl: true })],
];

let signaling: CallSignaling;
beforeAll(() => {
  signaling = createCallSignaling({
    authenticator: () => null,
    relay: {
      config: {
        requestedTtlSeconds: 86_400,
        clientTtlSeconds: 43_200,
        rateLimit: { max: 20, windowSeconds: 600 },
        providers: [{ type: 'shared-secret', secret: 'of-the-test' }],
        relay: { urls: ['turn:127.0.0.1:3478?transport=udp'] },
      },
    },
  });
});
afterAll(() => signaling.close());

describe.each(OPERATIONS)('%s', (_name, query) => {
  it.each(['stranger', 'identified'] as const)(
    'is prepared for one who is %s, and reads few enough calls',
    (caller) => {
      const [operationName] = /(?<=^(?:query|mutation|subscription) )\w+/m.exec(query) ?? [null];
      const prepared = signaling.executor.prepare({ query, operationName }, caller);
      if (!('document' in prepared)) throw new Error(prepared.map(({ message }) => message).join());
      const { document, operation } = prepared;
      expect(tooManyCallsRead(signaling.schema, document, operation, { first: 50 })).toBeNull();
    },
  );
});
