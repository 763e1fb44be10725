/** Where the long suites are: they begin first, so that none of them runs alone at the end. A fresh clone knows no durations. */
const FIRST = [
  ...['/call/model.full', '/browser/lasting', '/nodes/', '/cost/flood', '/package/', '/setup/'],
  ...['/e2e/', '/docs/', '/faults/', '/cost/', '/client/', '/host/', '/server/', '/redis/', '/blueprint'],
];

/** Suites with a browser. With several beside each other on two cores, pages stand still for half a minute. */
const BROWSERS = ['/browser/', '/e2e/web', '/e2e/playground', '/docs/guide'];
/** They are spread over so much of the others. */
const SPREAD = 0.8;

const rank = ({ path }) => {
  const at = FIRST.findIndex((part) => path.includes(part));
  return at < 0 ? FIRST.length : at;
};

const hasBrowser = ({ path }) => BROWSERS.some((part) => path.includes(part));

/** The order in which suites begin: https://jestjs.io/docs/configuration#testsequencer-string */
export default class LongestFirst {
  sort(tests) {
    const sorted = [...tests].sort((a, b) => rank(a) - rank(b) || a.path.localeCompare(b.path));
    const browsers = sorted.filter(hasBrowser);
    const others = sorted.filter((test) => !hasBrowser(test));
    const gap = Math.max(1, Math.floor((SPREAD * others.length) / browsers.length));
    const order = others.flatMap((test, i) => [...(i % gap === 0 ? browsers.splice(0, 1) : []), test]);
    return [...order, ...browsers];
  }

  allFailedTests(tests) {
    return tests;
  }

  cacheResults() {}
}
