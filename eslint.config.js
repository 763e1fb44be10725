import tseslint from 'typescript-eslint';

const EXPORTS = [
  { selector: 'ExportAllDeclaration', message: 'Export by name.' },
  { selector: 'ExportDefaultDeclaration', message: 'Export by name.' },
];

/** Bundlers rename classes: two of one name became `Call` and `Call2`, in the schema too. */
const NAMELESS = {
  selector:
    'Decorator > CallExpression[callee.name=/^(ObjectType|InputType|InterfaceType)$/]:not([arguments.0.type="Literal"])',
  message: 'Name the type: a bundler renames the class.',
};

const CLOCK = 'Take a Clock: elapsed() for durations, now() for what people and tokens are told.';

export default tseslint.config(
  { ignores: ['dist*/', '.cache*/', 'node_modules/', 'examples/*/node_modules/', 'examples/*/dist/'] },
  ...tseslint.configs.recommended,
  {
    files: ['**/*.ts', '**/*.tsx'],
    // Not projectService, which is for editors: over everything it takes a third more CPU time.
    languageOptions: { parserOptions: { project: ['tsconfig.json', 'examples/web/tsconfig.json'] } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      'no-restricted-syntax': ['error', ...EXPORTS],
    },
  },
  // A clock that is set back would make a duration negative: time comes from a Clock, which src/ports.ts reads.
  {
    files: ['src/**/*.ts'],
    ignores: ['src/ports.ts', 'src/client/time.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: CLOCK },
        { object: 'performance', property: 'now', message: CLOCK },
        { object: 'performance', property: 'timeOrigin', message: CLOCK },
      ],
      'no-restricted-syntax': [
        'error',
        ...EXPORTS,
        NAMELESS,
        { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: CLOCK },
        { selector: "CallExpression[callee.name='Date']", message: CLOCK },
        { selector: "MemberExpression[property.name='performance']", message: CLOCK },
      ],
    },
  },
  // The environment is read, and the console written, in few places.
  { files: ['src/**/*.ts'], rules: { 'no-console': 'error', 'no-restricted-globals': ['error', 'process'] } },
  {
    files: [
      'src/server/bin.ts',
      'src/server/main.ts',
      'src/server/no-inspector.ts',
      'src/server/settings.ts',
      'src/signaling/node-env.ts',
    ],
    rules: { 'no-restricted-globals': 'off' },
  },
  { files: ['codegen.ts'], rules: { 'no-restricted-syntax': 'off' } },
);
