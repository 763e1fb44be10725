// How all measurements are made and told: interleaved rounds, medians with their spread, tables, ratios.

/** `npm run bench -- --quick`: one round of less, to see where one stands while working. */
export const QUICK = process.env.BENCH_QUICK === '1';
export const ROUNDS = QUICK ? 1 : 5;

/** Peers take turns, each round from another one on, so that what the machine does besides hits none alone. */
export async function interleaved(peers, measure, rounds = ROUNDS) {
  for (let round = 0; round < rounds; round += 1) {
    for (let i = 0; i < peers.length; i += 1) await measure(peers[(i + round) % peers.length]);
  }
}

export function quantileOf(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) * share)];
}

export const medianOf = (values) => quantileOf(values, 0.5);

/** A number with as many digits as it tells something by. */
export function shown(value) {
  if (!Number.isFinite(value)) return '-';
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** The median, and the least and the most of all rounds. */
export function spread(values) {
  if (values.length < 2) return shown(medianOf(values));
  return `${shown(medianOf(values))} (${shown(Math.min(...values))} to ${shown(Math.max(...values))})`;
}

/** One field of many results. */
export const fieldOf = (results, field) => results.map((result) => result[field]);

/** A ratio of medians. */
export const ratioOf = (values, others) => medianOf(values) / medianOf(others);

/** A Markdown table. */
export function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/**
 * Prints what was measured, and hands it to the run of all.
 *
 * @param parts paragraphs and tables
 * @param ratios values of targets.mjs by their names
 */
export function report(title, parts, ratios = {}) {
  const markdown = [`## ${title}`, ...parts].join('\n\n');
  process.stdout.write(`${markdown}\n\n`);
  if (process.send) {
    process.send({ markdown, ratios });
    process.disconnect();
  }
}

/** A message that never arrives would be waited for without end: what fails ends this process and all that it started. */
export function endAfter(ms) {
  const timer = setTimeout(() => {
    throw new Error(`not done in ${ms} ms`);
  }, ms);
  return () => clearTimeout(timer);
}
