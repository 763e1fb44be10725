import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { buildSchema, getOperationAST, GraphQLError, parse, validate, type OperationDefinitionNode } from 'graphql';
import { ERRORS, SignalingError, type ErrorCode } from '../../src/errors.js';
import { createMasker, withoutValues } from '../../src/graphql/errors.js';
import { variablesOf } from '../../src/graphql/variables.js';

const defects: [unknown, string][] = [];
const mask = createMasker({ onDefect: (error, correlationId) => defects.push([error, correlationId]) });

describe('the masker', () => {
  it.each(Object.keys(ERRORS) as ErrorCode[])('sends %s in the words of the table', (code) => {
    const thrown = new GraphQLError('wrapped', { originalError: new SignalingError(code), path: ['callRelay'] });
    const { status, message, retryable } = ERRORS[code];
    expect(mask(thrown.toJSON(), thrown)).toEqual({
      message,
      path: ['callRelay'],
      extensions: { code, status, retryable },
    });
  });

  it('sends the details that help: whole seconds to wait, the call, the number expected', () => {
    const call = { id: 'c', state: 'ENDED', endReason: 'DECLINED' };
    const thrown = new SignalingError('CALL_ENDED', { retryAfterMs: 1_001, call, expectedClientSeq: 7 });
    expect(mask({ message: '' }, thrown).extensions).toMatchObject({
      retryAfterSeconds: 2,
      call,
      expectedClientSeq: 7,
    });
    const soon = new SignalingError('CALL_RATE_LIMITED', { retryAfterMs: 1 });
    expect(mask({ message: '' }, soon).extensions).toMatchObject({ retryAfterSeconds: 1 });
  });

  it('sends nothing of an unknown error but a correlation id that the log has too', () => {
    const secret = new Error('connect ECONNREFUSED 10.0.0.5:6379 password=hunter2');
    const thrown = new GraphQLError(secret.message, { originalError: secret, path: ['callRelay'] });
    const sent = mask(
      { ...thrown.toJSON(), extensions: { code: 'INTERNAL_SERVER_ERROR', stacktrace: ['at …'] } },
      thrown,
    );
    const [error, correlationId] = defects.at(-1) ?? [];
    expect(error).toBe(secret);
    expect(sent).toEqual({
      message: 'Internal server error',
      path: ['callRelay'],
      extensions: { code: 'INTERNAL_SERVER_ERROR', status: 500, retryable: false, correlationId },
    });
  });

  it('does not believe a code that a resolver put on an error', () => {
    const thrown = new GraphQLError('host db-7 is down', { extensions: { code: 'BAD_REQUEST' }, path: ['callRelay'] });
    expect(mask(thrown.toJSON(), thrown).message).toBe('Internal server error');
  });

  it.each([
    ['GRAPHQL_PARSE_FAILED', 'Syntax Error: Expected Name, found "}".'],
    ['GRAPHQL_VALIDATION_FAILED', 'Cannot query field "nope" on type "Query".'],
  ])('passes %s on with its text', (code, message) => {
    const thrown = new GraphQLError(message, { extensions: { code } });
    expect(mask(thrown.toJSON(), thrown)).toEqual({ message, extensions: { code, status: 400, retryable: false } });
  });

  it('names too many tokens as what it is: a limit on the document', () => {
    const limited = () => parse(`{ ${'a '.repeat(50)} }`, { maxTokens: 10 });
    let thrown = new GraphQLError('');
    try {
      limited();
    } catch (error) {
      thrown = error as GraphQLError;
    }
    expect(mask({ ...thrown.toJSON(), extensions: { code: 'GRAPHQL_PARSE_FAILED' } }, thrown).extensions).toMatchObject(
      {
        code: 'GRAPHQL_VALIDATION_FAILED',
        status: 400,
      },
    );
  });
});

const schema = buildSchema(`
  enum Media { AUDIO VIDEO }
  input Candidate { candidate: String! index: Int media: Media }
  input Input { callId: ID! sdp: String! seq: Int! media: Media candidates: [Candidate!] flag: Boolean rate: Float }
  type Query { send(input: Input!): String }
`);

/** What graphql-js says of a request, through every way in which it can speak of a value. */
function textsOf(value: unknown): string[] {
  const literal = JSON.stringify(value);
  const documents = [
    `{ send(input: { callId: ${literal}, sdp: ${literal}, seq: ${literal}, media: ${literal}, flag: ${literal} }) }`,
    `{ send(input: ${literal}) }`,
    `{ send(input: { rate: ${literal}, candidates: [{ candidate: ${literal}, index: ${literal} }] }) }`,
    `{ send ${literal} }`,
    `{ send(${literal}: 1) }`,
    `query ${literal} { send }`,
  ];
  const texts = documents.flatMap((source) => {
    try {
      return validate(schema, parse(source)).map(({ message }) => message);
    } catch (error) {
      return [(error as Error).message];
    }
  });
  const document = parse('query ($input: Input!) { send(input: $input) }');
  const variables = [
    value,
    { callId: 'c', sdp: value, seq: value, media: value, flag: value, rate: value },
    {
      callId: { value },
      sdp: [value],
      seq: 1,
      candidates: [{ candidate: value, index: value, media: value, value }],
    },
  ];
  const coerced = variables.flatMap((input) => {
    const variables = variablesOf(schema, getOperationAST(document) as OperationDefinitionNode, { input });
    return 'errors' in variables ? variables.errors.map(({ message }) => message) : [];
  });
  return [...texts, ...coerced];
}

describe('texts of graphql-js', () => {
  const canary = 'v=0 candidate:842163049 1 udp 10.11.12.13 4711 typ host';

  it('never quote a value', () => {
    const texts = textsOf(canary);
    // The texts do quote it before: otherwise this test would show nothing.
    expect(texts.filter((text) => text.includes('10.11.12.13')).length).toBeGreaterThan(8);
    for (const text of texts) expect(withoutValues(text)).not.toContain('10.11.12.13');
  });

  it('never quote a value, however it is made to look like the text around it', () => {
    const pieces = fc.constantFrom(
      ' at "x"; Expected ',
      '; Field "a" is not defined by type "B"',
      ', found ',
      ' value: ',
      '"',
      '\\',
      '\n',
      ' String "',
      '; Int cannot represent ',
      ' got invalid value ',
      '.',
      'Name',
      ' ',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 6 }), fc.array(pieces, { maxLength: 6 }), (before, after) => {
        const value = `${before.join('')}S3CR3T-10.11.12.13${after.join('')}`;
        for (const text of textsOf(value)) expect(withoutValues(text)).not.toContain('10.11.12.13');
      }),
      { numRuns: 500 },
    );
  });

  it('still say what is wrong and where', () => {
    const texts = textsOf(canary).map(withoutValues);
    expect(texts).toContain('Variable "$input" got an invalid value at "input.seq"; Int cannot represent it.');
    expect(texts).toContain(
      'Variable "$input" got an invalid value at "input.candidates[0]"; Field "value" is not defined by type "Candidate".',
    );
    expect(texts).toContain('Expected value of type "Input!".');
    expect(texts).toContain('Int cannot represent non-integer value.');
    expect(texts).toContain('Syntax Error: Expected Name, found String.');
    const names = 'Variable "$input" of required type "Input!" was not provided.';
    expect(withoutValues(names)).toBe(names);
  });
});
