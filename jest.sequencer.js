/** The folders of long suites: they begin first, so that none of them runs alone at the end. */
const FIRST = ['/browser/', '/nodes/', '/e2e/', '/docs/', '/package/', '/setup/', '/client/', '/redis/', '/server/'];

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
