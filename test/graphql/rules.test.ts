import { describe, expect, it } from '@jest/globals';
import { buildSchema, getIntrospectionQuery, parse, validate } from 'graphql';
import { documentLimits, parseLimits } from '../../src/graphql/rules.js';

const schema = buildSchema('directive @d repeatable on FIELD  type Query { a: Query b: String }');
const problems = (source: string): string[] =>
  validate(schema, parse(source, parseLimits), documentLimits).map(({ message }) => message);

const nested = (depth: number): string => `${'{ a '.repeat(depth - 1)}{ b }${' }'.repeat(depth - 1)}`;
const aliases = (count: number): string => `{ ${Array.from({ length: count }, (_, i) => `x${i}: b`).join(' ')} }`;
const named = (name: string, length: number): string => `query ${name.repeat(length)} { b }`;
const directives = (count: number): string => `{ b ${'@d '.repeat(count)} }`;

describe('limits on a document', () => {
  it('a long text is asked for under two names, its own among them, wherever they stand', () => {
    const calls = buildSchema('type Query { calls: [Call] }  type Call { attachment: String id: ID }');
    const asked = (source: string): string[] =>
      validate(calls, parse(source), documentLimits).map(({ message }) => message);
    const within = '{ calls { attachment } c: calls { attachment a: attachment } }';
    expect(asked(within)).toEqual([]);
    expect(asked('{ calls { a: id b: id c: id attachment } }')).toEqual([]);
    const over = '{ calls { attachment ...F } } fragment F on Call { a: attachment b: attachment }';
    expect(asked(over)).toEqual(['The document asks for Call.attachment under more than 2 names.']);
  });

  it.each([
    ['depth', nested(10), nested(11), 'The document is nested deeper than 10.'],
    ['aliases', aliases(15), aliases(16), 'The document has more than 15 aliases.'],
    ['names', named('n', 256), named('n', 257), 'A name in the document is longer than 256 characters.'],
    ['directives', directives(20), directives(21), 'The document has more than 20 directives.'],
  ])('%s: the limit passes, one more does not', (_name, within, over, message) => {
    expect(problems(within)).toEqual([]);
    expect(problems(over)).toEqual([message]);
  });

  it('tokens: 1,000 pass, one more does not', () => {
    expect(problems(`{ ${'b '.repeat(998)} }`)).toEqual([]);
    expect(() => problems(`{ ${'b '.repeat(999)} }`)).toThrow('Parsing aborted');
  });

  it('looks into fragments, and does not fall into a cycle of them', () => {
    const tail = `fragment F on Query ${nested(6)}`;
    expect(problems(`{ a { a { a { a { ...F } } } } } ${tail}`)).toEqual([]);
    expect(problems(`{ a { a { a { a { a { ... on Query { ...F } } } } } } } ${tail}`)).toHaveLength(1);
    expect(problems('{ ...F } fragment F on Query { a { ...G } } fragment G on Query { a { ...F } }')).toEqual([]);
  });

  it('measures a fragment once, however often it is spread', () => {
    const chain = Array.from({ length: 60 }, (_, i) => `fragment F${i} on Query { ...F${i + 1} ...F${i + 1} }`).join(
      ' ',
    );
    expect(problems(`{ ...F0 } ${chain} fragment F60 on Query { b }`)).toEqual([]);
  });

  it('leaves introspection alone', () => {
    expect(problems(getIntrospectionQuery({ descriptions: true, inputValueDeprecation: true }))).toEqual([]);
  });

  it.each(['{ NAME }', 'query NAME { b }', '{ b @NAME }', '{ ...NAME }', '{ b(NAME: NAME) }', '{ NAME: b }'])(
    'bounds a name wherever it stands, before it is compared with others: %s',
    (document) => {
      const [first] = problems(document.replaceAll('NAME', 'a'.repeat(250_000)));
      expect(first).toBe('A name in the document is longer than 256 characters.');
    },
  );

  it('reports once, not once for each alias over the limit', () => {
    expect(problems(aliases(200))).toHaveLength(1);
  });
});
