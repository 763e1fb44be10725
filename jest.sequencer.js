/** Where the long suites are: they begin first, so that none of them runs alone at the end. A fresh clone knows no durations. */
const FIRST = [
  ...[
    '/call/model.full',
    '/browser/lasting',
    '/nodes/',
    '/cost/flood',
    '/e2e/web',
    '/browser/',
    '/package/',
    '/setup/',
  ],
  ...['/e2e/', '/docs/', '/faults/', '/cost/', '/client/', '/host/', '/server/', '/redis/', '/blueprint'],
];

const rank = ({ path }) => {
  const at = FIRST.findIndex((part) => path.includes(part));
  return at < 0 ? FIRST.length : at;
};

/** The order in which suites begin: https://jestjs.io/docs/configuration#testsequencer-string */
export default class LongestFirst {
  sort(tests) {
    return [...tests].sort((a, b) => rank(a) - rank(b) || a.path.localeCompare(b.path));
  }

  allFailedTests(tests) {
    return tests;
  }

  cacheResults() {}
}
