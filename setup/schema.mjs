// Writes schema/schema.graphql from the built code; with --check, fails when the committed file is not what it serves.
import { readFileSync, writeFileSync } from 'node:fs';

const file = new URL('../schema/schema.graphql', import.meta.url);
const { printSchemaFile } = await import('../dist/graphql/print.js');
const emitted = printSchemaFile();

if (!process.argv.includes('--check')) {
  writeFileSync(file, emitted);
} else if (readFileSync(file, 'utf8') !== emitted) {
  console.error('schema/schema.graphql is not what the code serves. Run: npm run schema');
  process.exit(1);
}
