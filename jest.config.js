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
  // Half of the suites wait for processes, browsers and timers.
  // Many suites wait for processes and timers. The long ones do less of that, and have two: setup/test.mjs.
  maxWorkers: 3,
  // A worker keeps what the suites before left in it, and each suite after is slower by that.
  workerIdleMemoryLimit: '400MB',
  testSequencer: './jest.sequencer.js',
  // Three suites share two cores, on machines that may have other work.
  testTimeout: 120_000,
};
