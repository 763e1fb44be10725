// Compares schema/schema.graphql with the schema that was released last: what breaks clients fails, what may surprise them is
// said. With --release, keeps it under the version of package.json: part of each release, and of nothing else.
import { CriticalityLevel, diff } from '@graphql-inspector/core';
import { buildASTSchema, parse } from 'graphql';
import { copyFileSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, whenStarted } from './run.mjs';

const SCHEMA = join(ROOT, 'schema/schema.graphql');
const RELEASED = join(ROOT, 'schema/released');

/** @returns what the second schema takes from the clients of the first, and what it may surprise them with */
export async function changes(before, after) {
  // The directives of federation are defined elsewhere.
  const [from, to] = [before, after].map((text) => buildASTSchema(parse(text), { assumeValidSDL: true }));
  const all = await diff(from, to);
  const of = (level) => all.filter(({ criticality }) => criticality.level === level).map(({ message }) => message);
  return { breaking: of(CriticalityLevel.Breaking), dangerous: of(CriticalityLevel.Dangerous) };
}

/** The file of the greatest version. */
export function lastReleased(files) {
  const byVersion = new Intl.Collator('en', { numeric: true });
  return files
    .filter((file) => file.endsWith('.graphql'))
    .sort(byVersion.compare)
    .at(-1);
}

async function main() {
  if (process.argv.includes('--release')) {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    copyFileSync(SCHEMA, join(RELEASED, `${version}.graphql`));
    return;
  }
  const last = lastReleased(readdirSync(RELEASED));
  const { breaking, dangerous } = await changes(
    readFileSync(join(RELEASED, last), 'utf8'),
    readFileSync(SCHEMA, 'utf8'),
  );
  for (const message of dangerous) console.log(`dangerous: ${message}`);
  if (breaking.length > 0)
    throw new Error([`schema/schema.graphql breaks clients of ${last}:`, ...breaking].join('\n  '));
}

await whenStarted(import.meta.url, main);
