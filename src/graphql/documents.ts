import { GraphQLError, parse, validate, type DocumentNode, type GraphQLSchema, type Token } from 'graphql';
import { SignalingError } from '../errors.js';
import { LIMITS } from '../limits.js';
import { workOf } from './document-work.js';
import { coded, defect, isTooLong } from './errors.js';
import { documentLimits } from './rules.js';

/** Who sends a document: a caller whose session was found valid, or anyone else. */
export type Caller = 'identified' | 'stranger';

/** The documents that were read: one store for every transport, bounded by what the trees take. */
export interface Documents {
  /** A document that was found valid before. */
  get(source: string): DocumentNode | undefined;
  /** Parses a document within the limits of its caller. What it costs grows with its length alone. */
  read(source: string, caller: Caller): DocumentNode | GraphQLError;
  /** Remembers a valid document. What strangers send is not remembered. */
  keep(source: string, document: DocumentNode, caller: Caller): void;
  /** About how many bytes the kept documents take. */
  readonly bytes: number;
}

/** A common document takes 50 to 100 KB, the largest that is valid 600 KB. */
const KEPT_BYTES = 16 * 1024 * 1024;

/** Of a document and its plan in memory, as measured (test/cost/flood.test.ts): for each token, and for each character. */
const TOKEN_BYTES = 900;
const CHARACTER_BYTES = 2;

const TOO_MUCH_WORK = new GraphQLError(
  `The document selects too much, or the same too often: more than ${LIMITS.documentWork} steps to validate.`,
  { extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } },
);

/** A line of nothing costs as much to read, and to quote, as ten times its length elsewhere. */
const TOO_MANY_LINES = new GraphQLError(`The document has more than ${LIMITS.documentLines} lines.`, {
  extensions: { code: 'GRAPHQL_VALIDATION_FAILED' },
});

/** What no stranger can need is not looked at any further: with a session it may be answered. */
const NO_SESSION = new GraphQLError('', { originalError: new SignalingError('CALL_UNAUTHORIZED') });

/** @param schema that of the documents; it does not matter to their limits */
export function createDocuments(schema: GraphQLSchema): Documents {
  /** A Map iterates in order of insertion, so its first key is the one that was not used for longest. */
  const kept = new Map<string, { readonly document: DocumentNode; readonly bytes: number }>();
  let bytes = 0;

  return {
    get: (source) => {
      const known = kept.get(source);
      if (!known) return undefined;
      kept.delete(source);
      kept.set(source, known);
      return known.document;
    },
    read: (source, caller) => {
      const stranger = caller === 'stranger';
      if (hasTooManyLines(source)) return TOO_MANY_LINES;
      const maxTokens = stranger ? LIMITS.documentTokensWithoutSession : LIMITS.documentTokens;
      try {
        const document = parse(source, { maxTokens });
        const limit = stranger ? LIMITS.documentWorkWithoutSession : LIMITS.documentWork;
        if (workOf(document, limit) > limit) return stranger ? NO_SESSION : TOO_MUCH_WORK;
        // By themselves: validation may stop at other errors before it comes to these.
        const [error] = validate(schema, document, documentLimits, { maxErrors: 1 });
        return error ? coded(error, 'GRAPHQL_VALIDATION_FAILED') : document;
      } catch (error) {
        if (!(error instanceof GraphQLError)) return defect(error);
        return stranger && isTooLong(error) ? NO_SESSION : coded(error, 'GRAPHQL_PARSE_FAILED');
      }
    },
    keep: (source, document, caller) => {
      if (caller === 'stranger' || kept.has(source)) return;
      const size = sizeOf(source, document);
      kept.set(source, { document, bytes: size });
      bytes += size;
      for (const [oldest, { bytes: freed }] of kept) {
        if (bytes <= KEPT_BYTES) return;
        kept.delete(oldest);
        bytes -= freed;
      }
    },
    get bytes() {
      return bytes;
    },
  };
}

function hasTooManyLines(source: string): boolean {
  if (source.length <= LIMITS.documentLines) return false;
  const ends = /\r\n|[\n\r]/g;
  for (let lines = 1; ends.test(source); lines += 1) if (lines === LIMITS.documentLines) return true;
  return false;
}

/** Comments are tokens too: they stay in the chain. */
function sizeOf(source: string, { loc }: DocumentNode): number {
  let size = source.length * CHARACTER_BYTES;
  for (let token: Token | null = loc?.startToken ?? null; token; token = token.next) size += TOKEN_BYTES;
  return size;
}
