import { accessSync, constants, statSync } from 'node:fs';
import { misspelledSetting } from './settings-names.js';
import { brokenRules, type ReadValues } from './settings-rules.js';
import { SETTINGS, settingRow, type SettingName, type SettingValues } from './settings-table.js';

/** `AUTH_JWKS_URL` as `authJwksUrl`. */
type CamelCase<S extends string> = S extends `${infer Head}_${infer Tail}`
  ? `${Lowercase<Head>}${Capitalize<CamelCase<Tail>>}`
  : Lowercase<S>;

/** The settings of the standalone server, checked and frozen; `null` where one is not set and has no default. */
export type Settings = { readonly [N in SettingName as CamelCase<N>]: SettingValues[N] };

/** The environment as a process has it. An empty value is the same as none. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** All that is wrong with the settings at once. Names variables and what they must be, never a value. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';

  constructor(readonly problems: readonly string[]) {
    super(['The settings are not valid:', ...problems].join('\n  '));
  }
}

/**
 * Reads the settings out of an environment. Nothing else in the program looks there.
 * @throws SettingsError with every problem: values that are no good, settings that do not go together, misspelled
 * names, files that cannot be read, and in production each development default
 */
export function parseSettings(environment: Environment): Settings {
  const names = Object.keys(SETTINGS) as SettingName[];
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  const production = environment['NODE_ENV'] === 'production';

  for (const name of names) {
    const text = environment[name];
    const row = settingRow(name);
    if (text === undefined || text === '') {
      values[name] =
        typeof row.value === 'function' ? (row.value as (production: boolean) => unknown)(production) : row.value;
    } else {
      const parsed = row.parse.safeParse(text);
      const problem = parsed.success ? row.file && unreadable(text) : `must be ${parsed.error.issues[0]?.message}`;
      if (problem) problems.push(`${name} ${problem}`);
      else values[name] = parsed.data;
    }
  }
  problems.push(...brokenRules(values as ReadValues), ...misspellings(environment, names));
  if (problems.length > 0) throw new SettingsError(problems);
  return Object.freeze(Object.fromEntries(names.map((name) => [camelCase(name), values[name]]))) as Settings;
}

/** A variable of another program is no problem; one that is almost a setting is. */
function misspellings(environment: Environment, names: readonly SettingName[]): readonly string[] {
  return Object.entries(environment).flatMap(([name, text]) => {
    const meant = text === undefined || text === '' ? null : misspelledSetting(name, names);
    return meant === null ? [] : [`${name} is not a setting; did you mean ${meant}?`];
  });
}

function unreadable(path: string): string | null {
  try {
    accessSync(path, constants.R_OK);
    return statSync(path).isFile() ? null : 'does not name a file';
  } catch (error) {
    return `names a file that cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`;
  }
}

function camelCase(name: string): string {
  return name.toLowerCase().replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}
