import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../support/process.js';

/** A block of code in a document. */
export interface Block {
  readonly document: string;
  /** The heading that it stands under. */
  readonly heading: string;
  readonly language: string;
  readonly text: string;
}

/** What users read. schema/PROTOCOL.md has a test of its own, test/protocol-alone.test.ts. */
export const DOCUMENTS = [
  'README.md',
  ...pagesIn('docs'),
  ...readdirSync(join(ROOT, 'examples')).flatMap((name) => pagesIn(`examples/${name}`)),
];

function pagesIn(folder: string): readonly string[] {
  const names = readdirSync(join(ROOT, folder)).filter((name) => name.endsWith('.md'));
  return names.map((name) => `${folder}/${name}`);
}

export function blocksOf(document: string): readonly Block[] {
  const blocks: Block[] = [];
  let heading = '';
  const parts = /^#+ (.+)$|^```(\w*)\n([^]*?)^```$/gm;
  for (const [, title, language = '', text = ''] of readFileSync(join(ROOT, document), 'utf8').matchAll(parts)) {
    if (title !== undefined) heading = title;
    else blocks.push({ document, heading, language, text });
  }
  return blocks;
}

/** @param index among the blocks of that language under that heading */
export function blockOf(document: string, heading: string, language: string, index = 0): string {
  const under = blocksOf(document).filter((block) => block.heading === heading && block.language === language);
  const text = under[index]?.text;
  if (text === undefined) throw new Error(`${document} has no ${language} block ${index} under "${heading}"`);
  return text;
}
