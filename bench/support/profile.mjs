// What a CPU profile says: where the time went, by part of the program and by function.
import { table } from './harness.mjs';

/** Functions shown. */
const TOP = 20;
/** Left out: what is no work, and `dispatch`, in which the inspector begins and ends the profile. */
const IDLE = ['(idle)', '(program)', '(root)'];
const isWork = ({ functionName, url }) => !IDLE.includes(functionName) && !(functionName === 'dispatch' && url === '');

/** The part of the program: a package, a folder of ours, or what Node.js does itself. */
function partOf({ url, functionName }) {
  const own = /\/dist\/([^/]+)/.exec(url);
  const installed = /\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url);
  if (installed) return installed[1];
  if (own) return `ours: ${own[1].replace(/\.js$/, '')}`;
  if (functionName === '(garbage collector)') return 'garbage collection';
  return url.startsWith('node:') ? 'Node.js' : 'native code';
}

/** @returns two tables */
export function topOf({ nodes, samples, timeDeltas }) {
  const byId = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const [parts, functions] = [new Map(), new Map()];
  const add = (map, key, value) => map.set(key, (map.get(key) ?? 0) + value);
  let total = 0;
  samples.forEach((id, i) => {
    const frame = byId.get(id);
    if (!isWork(frame)) return;
    total += timeDeltas[i];
    add(parts, partOf(frame), timeDeltas[i]);
    const place = frame.url.split('/').slice(-2).join('/');
    const line = place === '' ? '' : ` (${place}:${frame.lineNumber + 1})`;
    add(functions, `${frame.functionName || 'anonymous'}${line}`, timeDeltas[i]);
  });
  const rows = (map) =>
    [...map]
      .sort(([, a], [, b]) => b - a)
      .slice(0, TOP)
      .map(([name, micros]) => [name.replaceAll('|', '\\|'), `${((micros / total) * 100).toFixed(1)} %`]);
  return [table(['part of the program', 'own time'], rows(parts)), table(['function', 'own time'], rows(functions))];
}
