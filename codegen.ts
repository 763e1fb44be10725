import type { CodegenConfig } from '@graphql-codegen/cli';

/** Types and documents for the operations that clients send; the tests speak to the server through them. */
const config: CodegenConfig = {
  schema: 'schema/schema.graphql',
  documents: 'schema/operations/*.graphql',
  generates: {
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
  },
};

export default config;
