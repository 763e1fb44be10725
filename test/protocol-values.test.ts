/** What PROTOCOL.md says may be null, compared with what the operations of the text select. */
import { expect, it } from '@jest/globals';
import * as gql from 'graphql';
import { readFileSync } from 'node:fs';

const read = (name: string): string => readFileSync(new URL(`../schema/${name}`, import.meta.url), 'utf8');
const text = read('PROTOCOL.md');
const contract = gql.buildSchema(read('contract.graphql'), { assumeValidSDL: true });

it('names every field that may be null', () => {
  const documents = [...text.matchAll(/^```graphql\n([^]*?)^```/gm)].map(([, source = '']) => gql.parse(source));
  const types = new gql.TypeInfo(contract);
  const nullable = new Set<string>();
  const visitor = gql.visitWithTypeInfo(types, {
    Field: () => {
      const parent = types.getParentType()?.name ?? '';
      const field = types.getFieldDef();
      const isRoot = ['Query', 'Mutation', 'Subscription'].includes(parent);
      // Of a candidate the text speaks as a whole.
      if (!field || isRoot || parent === 'IceCandidate' || gql.isNonNullType(field.type)) return;
      nullable.add(field.name);
    },
  });
  for (const document of documents) gql.visit(document, visitor);
  const [, said = ''] = /^### Values$[^]*?is null: ([^]*?)\n\n/m.exec(text) ?? [];
  const names = [...said.matchAll(/`(\w+)`/g)].map(([, name]) => String(name)).filter((name) => name !== 'candidate');
  expect(names.sort()).toEqual([...nullable].sort());
});
