/** What is wrong with the options of a host, all of it at once. Names options and what they must be, never a value. */
export class OptionsError extends TypeError {
  override readonly name: string = 'OptionsError';

  constructor(
    readonly problems: readonly string[],
    title = 'The options are not valid:',
  ) {
    super([title, ...problems].join('\n  '));
  }
}

/** @returns what the value must be; null: it is */
export type Check = (value: unknown) => string | null;

export const must =
  (be: string, is: (value: unknown) => boolean): Check =>
  (value) =>
    is(value) ? null : `must be ${be}`;

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;
export const isFunction = (value: unknown): boolean => typeof value === 'function';
export const has = (value: unknown, method: string): boolean => isRecord(value) && isFunction(value[method]);
const bytesOf = (value: unknown): number => (value instanceof Uint8Array ? value.length : -1);
export const isKey = (value: unknown): boolean => bytesOf(value) === 32;

export const callable = must('a function', isFunction);
export const object = must('an object', isRecord);
export const boolean = must('true or false', (value) => typeof value === 'boolean');
export const text = must('text that is not empty', (value) => typeof value === 'string' && value !== '');
export const url = must(
  'a URL with https or http',
  (value) => typeof value === 'string' && URL.canParse(value) && /^https?:$/.test(new URL(value).protocol),
);
/** What `read` takes. Its own words, in a TypeError, say what that is. */
export const readable =
  <Value>(read: (value: Value) => unknown): Check =>
  (value) => {
    try {
      read(value as Value);
      return null;
    } catch (error) {
      return `must be of use: ${error instanceof TypeError ? error.message : 'it is of another kind'}`;
    }
  };
export const seconds = must('seconds, 0 or more', (value) => Number.isFinite(value) && Number(value) >= 0);
export const milliseconds = must('milliseconds, more than 0', (value) => Number.isFinite(value) && Number(value) > 0);
export const nameKey = must('at least 32 bytes, as a Buffer or Uint8Array', (value) => bytesOf(value) >= 32);
export const objectWith = (what: string, ...methods: readonly string[]): Check =>
  must(`${what}: an object with ${methods.join(' and ')}`, (value) => methods.every((method) => has(value, method)));
export const clockCheck = objectWith('a clock', 'now', 'elapsed');
export const timers = objectWith('timers', 'every');

/** @returns every problem: missing, of the wrong kind, unknown */
export function problemsOf(
  given: object,
  checks: Readonly<Record<string, Check>>,
  required: readonly string[],
  prefix = '',
  mayHaveMore = false,
): readonly string[] {
  const values = given as Readonly<Record<string, unknown>>;
  const names = Object.keys(checks);
  const missing = required.filter((name) => values[name] === undefined);
  const unknown = Object.keys(values).filter((name) => !names.includes(name));
  return [
    ...missing.map((name) => `${prefix}${name} is missing: it ${checks[name]?.(undefined) ?? ''}`),
    ...names.flatMap((name) => {
      const problem = values[name] === undefined ? null : checks[name]?.(values[name]);
      return problem == null ? [] : [`${prefix}${name} ${problem}`];
    }),
    ...unknown.flatMap((name) => {
      const meant = nearest(name, names);
      if (meant === null) return mayHaveMore ? [] : [`${prefix}${name} is no option`];
      return [`${prefix}${name} is no option; did you mean ${prefix}${meant}?`];
    }),
  ];
}

/**
 * What one object gives to several functions is taken by each; a name that is nearly one of its own is not.
 *
 * @throws OptionsError with every problem of what a function was given
 */
export function checkGiven(
  of: string,
  given: unknown,
  checks: Readonly<Record<string, Check>>,
  required: readonly string[],
): void {
  const problems = isRecord(given)
    ? problemsOf(given, checks, required, '', true)
    : [`options must be an object with ${required.join(' and ')}, at least`];
  if (problems.length > 0) throw new OptionsError(problems, `The options of ${of} are not valid:`);
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
