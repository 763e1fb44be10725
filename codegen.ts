// npm run codegen: what is made of schema/operations for those who send them. Committed, so that no build needs it made;
// npm test compares.
import type { CodegenConfig } from '@graphql-codegen/cli';
import {
  buildSchema,
  Kind,
  print,
  printSchema,
  stripIgnoredCharacters,
  visit,
  type ASTNode,
  type DefinitionNode,
  type FragmentDefinitionNode,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { createHash } from 'node:crypto';

const DOCUMENT = `/** The text of an operation, and the types of what goes in and what comes out, which are never there. */
export interface Document<Result, Variables> {
  readonly text: string;
  readonly types?: readonly [Result, Variables];
}`;

const NODES = `import { parse, type DocumentNode } from 'graphql';
import * as texts from './documents.js';

/** What GraphQL clients take for a typed document; the types are never there. */
export interface TypedDocument<Result, Variables> extends DocumentNode {
  __apiType?: (variables: Variables) => Result;
}

function node<Result, Variables>({ text }: texts.Document<Result, Variables>): TypedDocument<Result, Variables> {
  return parse(text, { noLocation: true });
}

// Bundlers leave out the calls whose results nobody uses, and with the last of them the parser.`;

interface Operation {
  readonly name: string;
  readonly definition: OperationDefinitionNode;
  /** Those that it spreads, itself or by way of others. */
  readonly fragments: readonly FragmentDefinitionNode[];
}

function operationsOf(definitions: readonly DefinitionNode[]): readonly Operation[] {
  const spread = (node: ASTNode, names = new Set<string>()): ReadonlySet<string> => {
    visit(node, {
      FragmentSpread: ({ name: { value } }) => {
        const fragment = definitions.find(
          (each) => each.kind === Kind.FRAGMENT_DEFINITION && each.name.value === value,
        );
        if (fragment && !names.has(value)) spread(fragment, names.add(value));
      },
    });
    return names;
  };
  return definitions.flatMap((definition) => {
    if (definition.kind !== Kind.OPERATION_DEFINITION) return [];
    const names = [...spread(definition)];
    const fragments = names.map((name) => definitions.find((each) => 'name' in each && each.name?.value === name));
    return [{ name: definition.name!.value, definition, fragments: fragments as FragmentDefinitionNode[] }];
  });
}

const shortest = (node: ASTNode): string => stripIgnoredCharacters(print(node));

/** Each operation as the shortest text there is, typed by what goes in and what comes out; fragments are written once. */
function documentsModule(operations: readonly Operation[]): string {
  const constant = (fragment: string): string => fragment.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase();
  const types = operations.map(({ name, definition: { operation } }) => {
    return `${name}${operation[0]!.toUpperCase()}${operation.slice(1)}`;
  });
  const fragments = new Set(operations.flatMap((operation) => operation.fragments));
  return [
    'import type {',
    ...types.flatMap((type) => [`  ${type},`, `  ${type}Variables,`]),
    "} from './types.js';",
    '',
    DOCUMENT,
    '',
    ...[...fragments].map((fragment) => `const ${constant(fragment.name.value)} = '${shortest(fragment)}';`),
    '',
    ...operations.flatMap((operation, n) => [
      `export const ${operation.name}Document: Document<${types[n]}, ${types[n]}Variables> = {`,
      `  text: \`${shortest(operation.definition)}${operation.fragments.map(({ name }) => `\${${constant(name.value)}}`).join('')}\`,`,
      `};`,
    ]),
    '',
  ].join('\n');
}

/** The same as nodes, for those who use a GraphQL client of their own. */
function nodesModule(operations: readonly Operation[]): string {
  const nodes = operations.map(({ name }) => {
    return `export const ${name}Document = /*#__PURE__*/ node(texts.${name}Document);`;
  });
  return [NODES, ...nodes, ''].join('\n');
}

/**
 * The operations as a manifest of persisted queries. The texts are those that Apollo Client prints, with the `__typename` that
 * it adds, so that the hashes it sends are the ids.
 */
function manifest(operations: readonly Operation[]): string {
  const named = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: '__typename' } } as const;
  const isNamed = (set: SelectionSetNode): boolean =>
    set.selections.some((each) => each.kind === Kind.FIELD && each.name.value === '__typename');
  const listed = operations.map(({ name, definition, fragments }) => {
    const body = print(
      visit({ kind: Kind.DOCUMENT, definitions: [definition, ...fragments] } as const, {
        SelectionSet: (set, _key, parent) => {
          const isRoot = parent !== undefined && 'kind' in parent && parent.kind === Kind.OPERATION_DEFINITION;
          return isRoot || isNamed(set) ? undefined : { ...set, selections: [...set.selections, named] };
        },
      }),
    );
    return { id: createHash('sha256').update(body).digest('hex'), name, type: definition.operation, body };
  });
  const sorted = listed.sort((a, b) => (a.name < b.name ? -1 : 1));
  return `${JSON.stringify({ format: 'apollo-persisted-query-manifest', version: 1, operations: sorted }, null, 2)}\n`;
}

const config: CodegenConfig = {
  schema: 'schema/schema.graphql',
  documents: 'schema/operations/*.graphql',
  generates: {
    'src/client/generated/': {
      plugins: ['typescript-operations'],
      preset: {
        buildGeneratesSection: (options) => {
          const operations = operationsOf(options.documents.flatMap((file) => file.document!.definitions));
          const file = (filename: string, text: (operations: readonly Operation[]) => string) => ({
            ...options,
            filename,
            plugins: [{ text: {} }],
            pluginMap: { text: { plugin: () => text(operations) } },
          });
          return [
            {
              ...options,
              filename: `${options.baseOutputDir}types.ts`,
              // Printed without directives: those of federation are defined elsewhere.
              schemaAst: buildSchema(printSchema(options.schemaAst!)),
            },
            file(`${options.baseOutputDir}documents.ts`, documentsModule),
            file(`${options.baseOutputDir}nodes.ts`, nodesModule),
            file('schema/trusted-documents.json', manifest),
          ];
        },
      },
      config: {
        useTypeImports: true,
        enumsAsTypes: true,
        inlineFragmentTypes: 'combine',
        disableDescriptions: true,
        scalars: { DateTime: 'string', Cursor: 'string', ID: 'string' },
      },
    },
  },
};

export default config;
