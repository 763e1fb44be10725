import type { CodegenConfig } from '@graphql-codegen/cli';
import { buildSchema, print, printSchema, stripIgnoredCharacters, visit, type DefinitionNode } from 'graphql';

const DOCUMENT = `/** The text of an operation, and the types of what goes in and what comes out, which are never there. */
export interface Document<Result, Variables> {
  readonly text: string;
  readonly types?: readonly [Result, Variables];
}`;

const constant = (fragment: string): string => `${fragment.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase()}`;

/** Each operation as the shortest text there is, typed by what goes in and what comes out; fragments are written once. */
function documentsModule(definitions: readonly DefinitionNode[]): string {
  const fragments = new Map<string, DefinitionNode>();
  for (const node of definitions) if (node.kind === 'FragmentDefinition') fragments.set(node.name.value, node);

  const spreadBy = (node: DefinitionNode, names = new Set<string>()): ReadonlySet<string> => {
    const FragmentSpread = ({ name }: { readonly name: { readonly value: string } }): void => {
      const fragment = fragments.get(name.value);
      if (fragment && !names.has(name.value)) spreadBy(fragment, names.add(name.value));
    };
    visit(node, { FragmentSpread });
    return names;
  };
  const text = (node: DefinitionNode): string => stripIgnoredCharacters(print(node));

  const types: string[] = [];
  const operations = definitions.flatMap((node) => {
    if (node.kind !== 'OperationDefinition') return [];
    const { name, operation } = node;
    const type = `${name!.value}${operation[0]!.toUpperCase()}${operation.slice(1)}`;
    types.push(`  ${type},`, `  ${type}Variables,`);
    const spread = [...spreadBy(node)].map((fragment) => `\${${constant(fragment)}}`).join('');
    return [
      `export const ${name!.value}Document: Document<${type}, ${type}Variables> = {`,
      `  text: \`${text(node)}${spread}\`,`,
      `};`,
    ];
  });
  const texts = [...fragments].map(([name, node]) => `const ${constant(name)} = '${text(node)}';`);
  const imports = ['import type {', ...types, "} from './types.js';"];
  return [...imports, '', DOCUMENT, '', ...texts, '', ...operations, ''].join('\n');
}

const config: CodegenConfig = {
  schema: 'schema/schema.graphql',
  documents: 'schema/operations/*.graphql',
  generates: {
    // Types and documents for the operations that clients send; the tests speak to the server through them.
    'test/generated/': {
      preset: 'client',
      presetConfig: { fragmentMasking: false },
      config: {
        useTypeImports: true,
        importExtension: '.js',
        emitLegacyCommonJSImports: false,
        documentMode: 'string',
        enumsAsTypes: true,
        scalars: { DateTime: 'string', Cursor: 'string' },
      },
    },
    // The same for the call client, as small as it can be. Committed, so that a build does not need it made.
    'src/client/generated/': {
      plugins: ['typescript-operations'],
      preset: {
        buildGeneratesSection: (options) => {
          // Printed without directives: those of federation are defined elsewhere.
          const section = { ...options, schemaAst: buildSchema(printSchema(options.schemaAst!)) };
          const documents = {
            plugin: () => documentsModule(options.documents.flatMap((file) => file.document!.definitions)),
          };
          return [
            { ...section, filename: `${options.baseOutputDir}types.ts` },
            {
              ...section,
              filename: `${options.baseOutputDir}documents.ts`,
              plugins: [{ documents: {} }],
              pluginMap: { documents },
            },
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
