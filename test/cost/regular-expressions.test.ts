/** Every regular expression of the source is linear: what outsiders send may be as long as a message can be. */
import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

// The checker in plain JavaScript: it needs neither Java nor a binary. Read when it is loaded.
process.env['RECHECK_BACKEND'] = 'pure';
const { checkSync } = (await import('recheck')).default;

const SOURCE = fileURLToPath(new URL('../../src', import.meta.url));

/** Files whose expressions see no outsider's text, or are put together: why that costs nothing. */
const BOUNDED: Readonly<Record<string, string>> = {
  'server/settings-parse.ts': 'the text is a setting: it comes from the operator, once',
};

interface Expression {
  readonly place: string;
  readonly source: string;
  readonly flags: string;
}

/** The regular expressions in a file: literals, and those that are put together while the program runs. */
function expressionsIn(place: string, text: string): readonly Expression[] {
  const found: Expression[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isRegularExpressionLiteral(node)) {
      const end = node.text.lastIndexOf('/');
      found.push({ place, source: node.text.slice(1, end), flags: node.text.slice(end + 1) });
    }
    const isMade = ts.isNewExpression(node) || ts.isCallExpression(node);
    if (isMade && node.expression.getText() === 'RegExp') found.push({ place, source: node.getText(), flags: 'made' });
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(place, text, ts.ScriptTarget.Latest, true));
  return found;
}

function problemOf({ source, flags }: Expression): string | null {
  if (flags === 'made') return 'is put together while the program runs';
  const found = checkSync(source, flags, { timeout: 20_000 });
  return found.status === 'safe' ? null : found.status;
}

const files = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' }).filter((name) => /\.tsx?$/.test(name));
const expressions = files.flatMap((name) =>
  expressionsIn(relative('.', name), readFileSync(`${SOURCE}/${name}`, 'utf8')),
);

describe('a regular expression of the source', () => {
  it('is found wherever it stands', () => {
    expect(expressions.length).toBeGreaterThan(40);
    const text = 'const a = /x+$/gm; f(b.replace(/ ?Did you mean(.+?)\\?$/, new RegExp("y")));';
    const found = expressionsIn('example.ts', text);
    expect(found.map(({ source }) => source)).toEqual(['x+$', ' ?Did you mean(.+?)\\?$', 'new RegExp("y")']);
    expect(found.map(problemOf)).not.toContain(null);
  });

  it.each(expressions.map((expression) => [`${expression.place} /${expression.source}/`, expression] as const))(
    'is linear: %s',
    (_name, expression) => {
      const problem = problemOf(expression);
      expect(expression.place in BOUNDED ? null : problem).toBeNull();
    },
  );

  it('may be of any kind only in files that exist', () => {
    expect(Object.keys(BOUNDED).filter((name) => !files.includes(name))).toEqual([]);
  });
});
