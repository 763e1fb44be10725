import { readFileSync } from 'node:fs';
import type { Executor } from '../graphql/executor.js';
import { readTrustedDocuments, TrustedDocumentsError, type TrustedDocuments } from '../graphql/trusted-documents.js';
import type { Log } from './log.js';

/** Names of refused operations are written once each, and this many at most: a counter has them all. */
const NAMES = 100;

/** @throws TrustedDocumentsError */
export function openTrustedDocuments(file: string, log: Log, onRefused: () => void): TrustedDocuments {
  const known = new Set<string>();
  return readTrustedDocuments(jsonIn(file), (name) => {
    onRefused();
    const operation = name ?? '(unnamed)';
    if (known.has(operation) || known.size === NAMES) return;
    known.add(operation);
    log.warn('An operation that is not trusted was refused', { operation });
  });
}

/**
 * A text that is listed, and that the server would refuse all the same, is a mistake of whoever made the list.
 *
 * @throws TrustedDocumentsError
 */
export function checkTrustedDocuments({ texts }: TrustedDocuments, executor: Executor): void {
  const problems = texts.flatMap(({ name, text }) => {
    const prepared = executor.prepare({ query: text }, 'identified');
    if ('operation' in prepared) return [];
    const [error] = executor.masked(prepared);
    return [`operation ${name}: ${error?.message}`];
  });
  if (problems.length > 0) throw new TrustedDocumentsError(problems);
}

function jsonIn(file: string): unknown {
  const text = readFileSync(file, 'utf8');
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message quotes the text.
    throw new TrustedDocumentsError(['it is not valid JSON']);
  }
}
