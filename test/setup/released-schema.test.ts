import { describe, expect, it } from '@jest/globals';
import { parse, print, visit } from 'graphql';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../support/process.js';

interface Script {
  changes(before: string, after: string): Promise<{ breaking: readonly string[]; dangerous: readonly string[] }>;
  lastReleased(files: readonly string[]): string | undefined;
}
const name = '../../setup/released-schema.mjs';
const { changes, lastReleased } = (await import(name)) as Script;

const folder = join(ROOT, 'schema/released');
const files = readdirSync(folder);
const released = readFileSync(join(folder, lastReleased(files)!), 'utf8');
const schema = print(
  visit(parse(released), {
    enter: (node) => ('description' in node ? { ...node, description: undefined } : undefined),
  }),
);

/** The released schema with one thing changed. */
function changed(from: string, to: string): string {
  expect([from, schema.split(from).length]).toEqual([from, 2]);
  return schema.replace(from, to);
}

describe('the released schema', () => {
  it('is that of the greatest version, and there is one of this version', () => {
    expect(lastReleased(['0.9.0.graphql', '0.10.0.graphql', '0.2.11.graphql', 'README.md'])).toBe('0.10.0.graphql');
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    expect(files).toContain(`${version}.graphql`);
  });

  it('is not changed by its descriptions', async () => {
    expect(await changes(released, schema)).toEqual({ breaking: [], dangerous: [] });
  });

  it.each([
    [
      'a field is taken away',
      '\n  remainingMs: Int\n',
      '\n',
      "Field 'remainingMs' was removed from object type 'Call'",
    ],
    ['a field may be null', 'nextClientSeq: Int!', 'nextClientSeq: Int', "Field 'Call.nextClientSeq' changed type"],
    ['an argument must be given', 'recentCalls(', 'recentCalls(of: ID!, ', "Argument 'of: ID!' added to field"],
    ['an input field must be given', 'input HangUpCallInput {', 'input HangUpCallInput { by: ID!', "Input field 'by'"],
    ['an enum value is taken away', '\n  NO_ANSWER\n', '\n', "Enum value 'NO_ANSWER' was removed"],
    ['a type leaves an interface', 'type CallInvited implements CallEvent', 'type CallInvited', 'CallEvent'],
  ])('is broken when %s', async (_what, from, to, message) => {
    const { breaking } = await changes(schema, changed(from, to));
    expect(breaking.join('\n')).toContain(message);
  });

  it('may get enum values, which are dangerous to clients that know all', async () => {
    const { breaking, dangerous } = await changes(schema, changed('\n  NO_ANSWER\n', '\n  NO_ANSWER\n  BORED\n'));
    expect([breaking, dangerous.join()]).toEqual([[], expect.stringContaining("'BORED'")]);
  });

  it.each([
    ['a field', '  nextClientSeq: Int!', '  nextClientSeq: Int!\n  colour: String'],
    ['an optional input field', 'input HangUpCallInput {', 'input HangUpCallInput { note: String'],
  ])('may get %s', async (_what, from, to) => {
    expect(await changes(schema, changed(from, to))).toEqual({ breaking: [], dangerous: [] });
  });
});
