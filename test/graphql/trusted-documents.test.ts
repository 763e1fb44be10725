import { describe, expect, it } from '@jest/globals';
import { parse } from 'graphql';
import { readTrustedDocuments, TrustedDocumentsError } from '../../src/graphql/trusted-documents.js';

const TEXT = 'query Hello($a: Int = 1) { hello(a: $a) { ...F } } fragment F on Thing { id }';
const manifest = (operations: unknown): unknown => ({
  format: 'apollo-persisted-query-manifest',
  version: 1,
  operations,
});

function problemsOf(list: unknown): readonly string[] {
  try {
    readTrustedDocuments(list);
    return [];
  } catch (error) {
    if (!(error instanceof TrustedDocumentsError)) throw error;
    expect(error.message).toContain(error.problems.join('\n  '));
    return error.problems;
  }
}

describe('a list of trusted documents', () => {
  it.each([
    ['a map from id to text', { one: TEXT }],
    ['a manifest', manifest([{ id: 'one', name: 'Hello', type: 'query', body: TEXT }])],
  ])('is read from %s', (_form, list) => {
    const trusted = readTrustedDocuments(list);
    expect([trusted.textOf('one'), trusted.textOf('two'), trusted.textOf('toString')]).toEqual([
      TEXT,
      undefined,
      undefined,
    ]);
    expect(trusted.texts).toEqual([{ name: 'Hello', text: TEXT }]);
    expect(trusted.refusalOf(parse(TEXT))).toBeNull();
  });

  it.each([
    ['nothing', null],
    ['an array', [TEXT]],
    ['a text', TEXT],
    ['another format', { format: 'mine', version: 1, operations: [] }],
    ['another version', { ...(manifest([]) as object), version: 2 }],
    ['a manifest without operations', manifest(undefined)],
  ])('is not read from %s', (_form, list) => {
    expect(problemsOf(list)).toEqual([
      'it is neither a map from id to text nor a manifest of persisted queries, version 1',
    ]);
  });

  it('that is empty trusts nobody, and is refused', () => {
    expect([problemsOf({}), problemsOf(manifest([]))]).toEqual([
      ['no operation is listed'],
      ['no operation is listed'],
    ]);
  });

  it('is refused with all that is wrong at once, by name and without a text', () => {
    const problems = problemsOf(
      manifest([
        { id: 'one', name: 'Hello', body: TEXT },
        { id: 'one', name: 'Again', body: TEXT },
        { id: '', name: 'NoId', body: TEXT },
        { id: 'two', name: 'NoText' },
        { id: 'three', name: 'not a name {', body: '{ canary' },
        { id: 'four', name: 'Long', body: `{ ${'a '.repeat(1_000)} }` },
        null,
      ]),
    );
    expect(problems).toEqual([
      'operation Again has the id of another one',
      'operation NoId has no id, or no text',
      'operation NoText has no id, or no text',
      'operation number 5 is not GraphQL, or has more than 1000 tokens',
      'operation Long is not GraphQL, or has more than 1000 tokens',
      'operation number 7 has no id, or no text',
    ]);
  });
});

describe('a document', () => {
  const refused: (string | null)[] = [];
  const trusted = readTrustedDocuments({ one: TEXT, two: '{ a { __typename } b: __typename }' }, (name) => {
    refused.push(name);
  });
  const isTrusted = (text: string): boolean => trusted.refusalOf(parse(text)) === null;

  it.each([
    [
      'printed otherwise',
      'query Hello(\n  $a: Int = 1 # one\n) { hello(a: $a), { ...F } }\n\nfragment F on Thing { id }',
    ],
    [
      'with __typename wherever there can be one',
      'query Hello($a: Int = 1) { __typename hello(a: $a) { ...F __typename } } fragment F on Thing { __typename id }',
    ],
    ['without the __typename of the list', '{ a b: __typename }'],
  ])('is trusted %s', (_how, text) => expect(isTrusted(text)).toBe(true));

  it.each([
    ['another field', TEXT.replace('id', 'id name')],
    ['another default', TEXT.replace('= 1', '= 2')],
    ['another argument', TEXT.replace('a: $a', 'a: 7')],
    ['another name', TEXT.replace('Hello', 'Hallo')],
    ['an alias', TEXT.replace('{ id', '{ id: name')],
    ['an alias of __typename', TEXT.replace('{ id', '{ x: __typename id')],
    ['a directive on __typename', TEXT.replace('{ id', '{ __typename @skip(if: $a) id')],
    ['another operation beside it', `${TEXT} query Other { other }`],
    ['another fragment beside it', `${TEXT} fragment G on Thing { name }`],
    ['its fragment first', TEXT.replace(/(.*) (fragment.*)/, '$2 $1')],
    ['introspection', '{ __schema { types { name } } }'],
  ])('is not trusted with %s', (_what, text) => expect(isTrusted(text)).toBe(false));

  it('that is refused is told of by its name, if it has one that is fit for a log', () => {
    refused.length = 0;
    const long = 'n'.repeat(65);
    for (const text of ['query Probe { x }', '{ x }', `query ${long} { x }`, TEXT]) isTrusted(text);
    expect(refused).toEqual(['Probe', null, null]);
  });
});
