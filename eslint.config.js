import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['dist*/', 'node_modules/', 'examples/*/node_modules/', 'examples/*/dist/'] },
  ...tseslint.configs.recommended,
  {
    files: ['**/*.ts', '**/*.tsx'],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportAllDeclaration', message: 'Export by name.' },
        { selector: 'ExportDefaultDeclaration', message: 'Export by name.' },
      ],
    },
  },
  // The environment is read, and the console written, in one place each.
  { files: ['src/**/*.ts'], rules: { 'no-console': 'error', 'no-restricted-globals': ['error', 'process'] } },
  {
    files: ['src/server/main.ts', 'src/server/no-inspector.ts', 'src/server/settings.ts'],
    rules: { 'no-restricted-globals': 'off' },
  },
  { files: ['codegen.ts'], rules: { 'no-restricted-syntax': 'off' } },
);
