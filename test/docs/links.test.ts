/** Links of the documents lead somewhere: to files that there are, and to headings that they have. */
import { expect, it } from '@jest/globals';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { ROOT } from '../support/process.js';

const documents = [
  'README.md',
  'schema/PROTOCOL.md',
  ...['docs', 'decisions', 'bench'].flatMap((folder) =>
    readdirSync(join(ROOT, folder))
      .filter((name) => name.endsWith('.md'))
      .map((name) => `${folder}/${name}`),
  ),
];

const withoutCode = (text: string): string => text.replace(/^```[^]*?^```/gm, '');

/** As GitHub makes them from headings: small letters, no punctuation, a hyphen for each space. */
function anchorsOf(file: string): string[] {
  const headings = [...withoutCode(readFileSync(file, 'utf8')).matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    String(heading),
  );
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function linksOf(document: string): string[] {
  const text = withoutCode(readFileSync(join(ROOT, document), 'utf8'));
  return [...text.matchAll(/\]\((?!https?:|mailto:)([^)\s]+)\)/g)].map(([, link]) => String(link));
}

/** @returns null: it leads somewhere */
function problemOf(document: string, link: string): string | null {
  const [path = '', anchor] = link.split('#');
  const file = path === '' ? join(ROOT, document) : join(dirname(join(ROOT, document)), path);
  if (relative(ROOT, file).startsWith('..')) return 'leads out of the repository';
  if (!existsSync(file)) return 'no such file';
  if (anchor === undefined) return null;
  return statSync(file).isFile() && anchorsOf(file).includes(anchor) ? null : 'no such heading';
}

it.each(documents)('%s has no link that leads nowhere', (document) => {
  const problems = linksOf(document).map((link) => [link, problemOf(document, link)]);
  expect(problems.filter(([, problem]) => problem !== null)).toEqual([]);
});

it('what leads nowhere is found', () => {
  const wrong = ['docs/gone.md', 'docs/guide.md#gone', '#gone', '../elsewhere.md', 'docs#guide'];
  expect(wrong.filter((link) => problemOf('README.md', link) === null)).toEqual([]);
  expect(problemOf('docs/guide.md', '../schema/PROTOCOL.md#errors')).toBeNull();
  expect(linksOf('README.md').length).toBeGreaterThan(5);
});

it('the pages are found from the README, and troubleshooting from the protocol too', () => {
  const linked = linksOf('README.md');
  const pages = documents.filter((name) => name.startsWith('docs/'));
  expect(pages.filter((name) => !linked.includes(name))).toEqual([]);
  expect(linksOf('schema/PROTOCOL.md')).toContain('../docs/troubleshooting.md');
});
