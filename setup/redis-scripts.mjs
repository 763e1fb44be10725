// Writes src/redis/scripts.generated.ts from the .lua files beside it, so that a bundle of the code has them too; with --check,
// fails when the committed file does not hold what they say.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

const directory = new URL('../src/redis/', import.meta.url);
const file = new URL('scripts.generated.ts', directory);
const names = readdirSync(directory).filter((name) => name.endsWith('.lua'));
const rows = names.sort().map((name) => {
  const [key, text] = [name.slice(0, -'.lua'.length), readFileSync(new URL(name, directory), 'utf8')];
  return `  ${/^\w+$/.test(key) ? key : `'${key}'`}: ${JSON.stringify(text)},`;
});
const emitted = `// Written by \`npm run redis-scripts\` from the .lua files beside it: change those.

/** The text of each script, by the name of its file. */
export const SCRIPT_SOURCES = {
${rows.join('\n')}
} as const;
`;

if (!process.argv.includes('--check')) {
  writeFileSync(file, emitted);
} else if (readFileSync(file, 'utf8') !== emitted) {
  console.error('src/redis/scripts.generated.ts is not what the .lua files say. Run: npm run redis-scripts');
  process.exit(1);
}
