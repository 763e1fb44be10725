/** What is wrong with the options of a host, all of it at once. Names options and what they must be, never a value. */
export class OptionsError extends Error {
  override readonly name: string = 'OptionsError';

  constructor(
    readonly problems: readonly string[],
    title = 'The options are not valid:',
  ) {
    super([title, ...problems].join('\n  '));
  }
}

/** The name that was probably meant; null when none is near. Capitals do not count. */
export function nearest(name: string, known: readonly string[]): string | null {
  const given = name.toLowerCase();
  // In a short name two changes make any other word.
  const isNear = (other: string): boolean => distance(given, other) <= (other.length <= 4 ? 1 : 2);
  return known.find((other) => other[0]?.toLowerCase() === given[0] && isNear(other.toLowerCase())) ?? null;
}

/** Damerau-Levenshtein (optimal string alignment): insertions, deletions, substitutions, swaps of neighbours. */
export function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = at(last, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swap = i > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(beforeLast, j - 2) + 1 : Infinity;
      row.push(Math.min(at(last, j) + 1, at(row, j - 1) + 1, change, swap));
    }
    [beforeLast, last] = [last, row];
  }
  return at(last, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Infinity;
}
