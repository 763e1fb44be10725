/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true },
          keepClassNames: true,
        },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  // One more than the cores, for many suites wait for processes, browsers and timers. With two more, pages stand still.
  maxWorkers: 3,
  // A worker keeps what the suites before left in it, and each suite after is slower by that.
  workerIdleMemoryLimit: '400MB',
  testSequencer: './jest.sequencer.js',
  // Three suites share two cores, on machines that may have other work.
  testTimeout: 240_000,
};
