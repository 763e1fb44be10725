/** Names that other programs put into environments and that are near a setting's. */
const NO_SETTINGS: ReadonlySet<string> = new Set(['HOME', 'HOSTS', 'POST', 'NODE_EXE']);

/**
 * The setting that a variable was probably meant to be, so that a misspelling is not taken for silence.
 * @returns null when the name is a setting's own, or near none
 */
export function misspelledSetting(name: string, known: readonly string[]): string | null {
  const upper = name.toUpperCase();
  if (known.includes(name) || NO_SETTINGS.has(upper)) return null;
  // In a short name two changes make any other word.
  const near = (setting: string): boolean => distance(upper, setting) <= (setting.length <= 4 ? 1 : 2);
  return known.find((setting) => setting[0] === upper[0] && near(setting)) ?? null;
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
