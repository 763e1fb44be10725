/** What is made of schema/operations, for those who use a GraphQL client of their own. */
import { ApolloLink, ApolloClient, InMemoryCache, Observable } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { describe, expect, it } from '@jest/globals';
import { Kind, parse, print, type DocumentNode } from 'graphql';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as client from '../../src/client/index.js';
import { ROOT } from '../support/process.js';

const folder = join(ROOT, 'schema/operations');
const written = parse(
  readdirSync(folder)
    .map((file) => readFileSync(join(folder, file), 'utf8'))
    .join('\n'),
);
const operations = written.definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
const names = operations.map(({ name }) => name!.value).sort();

interface Manifest {
  readonly operations: readonly { id: string; name: string; type: string; body: string }[];
}
const manifest = JSON.parse(readFileSync(join(ROOT, 'schema/trusted-documents.json'), 'utf8')) as Manifest;

const nodes = new Map(
  Object.entries(client)
    .filter(([name]) => name.endsWith('Document'))
    .map(([name, node]) => [name.replace(/Document$/, ''), node as DocumentNode]),
);

describe('the typed documents', () => {
  it('are one for each operation, as it is written', () => {
    expect([...nodes.keys()].sort()).toEqual(names);
    for (const [name, node] of nodes) {
      for (const definition of node.definitions) {
        expect([name, written.definitions.map(print)]).toEqual([name, expect.arrayContaining([print(definition)])]);
      }
    }
  });
});

describe('the manifest of trusted documents', () => {
  it('has each operation, by the hash of its text', () => {
    expect(manifest.operations.map(({ name }) => name)).toEqual(names);
    for (const { id, body } of manifest.operations) expect(createHash('sha256').update(body).digest('hex')).toBe(id);
  });

  it('has the ids that Apollo Client makes of the typed documents', async () => {
    const sent: unknown[] = [];
    const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
    const apollo = new ApolloClient({
      cache: new InMemoryCache(),
      link: new PersistedQueryLink({ sha256 }).concat(
        new ApolloLink(({ extensions }) => {
          sent.push((extensions['persistedQuery'] as { sha256Hash: string }).sha256Hash);
          return new Observable((observer) => {
            observer.next({ data: {} });
            observer.complete();
          });
        }),
      ),
    });
    for (const { name, type } of manifest.operations) {
      const document = nodes.get(name)!;
      const rest = { variables: {}, fetchPolicy: 'no-cache' } as const;
      if (type === 'query') await apollo.query({ query: document, ...rest });
      else if (type === 'mutation') await apollo.mutate({ mutation: document, ...rest });
      else
        await new Promise<void>((resolve) =>
          apollo.subscribe({ query: document, ...rest }).subscribe({ complete: resolve }),
        );
    }
    apollo.stop();
    expect(sent).toEqual(manifest.operations.map(({ id }) => id));
  });
});
