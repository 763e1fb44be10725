import {
  execute,
  getOperationAST,
  GraphQLError,
  Kind,
  OperationTypeNode,
  parse,
  specifiedRules,
  subscribe,
  validate,
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  type GraphQLFormattedError,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import type { Masker } from './errors.js';
import { documentRules, parseLimits } from './rules.js';
import type { TrustedDocuments } from './trusted-documents.js';

export interface ExecutorOptions {
  readonly schema: GraphQLSchema;
  readonly masker: Masker;
  /** Whether introspection and "did you mean" are answered. */
  readonly introspection: boolean;
  /** When there are any, no other documents are run. */
  readonly trusted?: TrustedDocuments | undefined;
}

/** A document within the limits, valid for the schema, and the operation of it that was asked for. */
export interface PreparedOperation {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
}

/** A stream of results, or one result: also where a subscription was refused. */
export type Execution = ExecutionResult | AsyncIterable<ExecutionResult>;

/** What Apollo Server does for HTTP, for every other transport: the same limits, and the same answers to the same errors. */
export interface Executor {
  readonly schema: GraphQLSchema;
  /**
   * @param extensions of the request: where the source is empty, `persistedQuery.sha256Hash` may name a trusted document
   * @returns the operation, or why it cannot be run, with the `extensions.code` that Apollo Server gives
   */
  prepare(
    source: string,
    operationName?: string | null,
    extensions?: Readonly<Record<string, unknown>> | null,
  ): PreparedOperation | readonly GraphQLError[];
  /** Runs a prepared operation of any kind. Never rejects: what is thrown becomes an error of the result. */
  run(args: ExecutionArgs): Promise<Execution>;
  /** Errors as they may be sent. */
  masked(errors: readonly GraphQLError[]): readonly GraphQLFormattedError[];
}

/** Valid documents are kept up to both bounds: 500 of the usual size, fewer where someone sends long ones. */
const KEPT = { documents: 500, characters: 1_000_000 };

export function createExecutor({ schema, masker, introspection, trusted }: ExecutorOptions): Executor {
  const kept = new KeptDocuments();
  const rules = [...specifiedRules, ...documentRules(introspection)];

  function documentOf(source: string): DocumentNode | readonly GraphQLError[] {
    const known = kept.get(source);
    if (known) return known;
    let document: DocumentNode;
    try {
      document = parse(source, parseLimits);
    } catch (error) {
      return [error instanceof GraphQLError ? coded(error, 'GRAPHQL_PARSE_FAILED') : wrapped(error)];
    }
    // Before it is validated: nobody learns of the schema from what is said of other documents.
    const refusal = trusted?.refusalOf(document);
    if (refusal) return [refusal];
    const errors = validate(schema, document, rules);
    if (errors.length > 0) {
      return errors.map((error) => coded(error, 'GRAPHQL_VALIDATION_FAILED', introspection ? same : withoutSuggestion));
    }
    kept.set(source, document);
    return document;
  }

  return {
    schema,
    prepare: (source, operationName, extensions) => {
      const id = source === '' ? persistedIdOf(extensions) : null;
      const text = id === null ? source : trusted?.textOf(id);
      // Registering documents spares nothing where a connection stays open: only those of a list are known by an id.
      if (text === undefined) return [trusted ? PERSISTED_QUERY_NOT_FOUND : PERSISTED_QUERY_NOT_SUPPORTED];
      const document = documentOf(text);
      if (!('kind' in document)) return document;
      const operation = getOperationAST(document, operationName);
      if (operation) return { document, operation };
      // The engine has the words for this: it is asked to run what it cannot find.
      const { errors = [] } = execute({ schema, document, operationName: operationName ?? null }) as ExecutionResult;
      return errors.map((error) => coded(error, 'OPERATION_RESOLUTION_FAILURE'));
    },
    run: async (args) => {
      try {
        const operation = getOperationAST(args.document, args.operationName)?.operation;
        const result = await (operation === OperationTypeNode.SUBSCRIPTION ? subscribe(args) : execute(args));
        if (Symbol.asyncIterator in result || !result.errors) return result;
        return {
          ...result,
          errors: result.errors.map((error) => (isOfVariable(error) ? coded(error, 'BAD_USER_INPUT') : error)),
        };
      } catch (error) {
        return { errors: [wrapped(error)] };
      }
    },
    masked: (errors) => errors.map((error) => masker(error.toJSON(), error)),
  };
}

const PERSISTED_QUERY_NOT_FOUND = new GraphQLError('PersistedQueryNotFound', {
  extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' },
});
const PERSISTED_QUERY_NOT_SUPPORTED = new GraphQLError('PersistedQueryNotSupported', {
  extensions: { code: 'PERSISTED_QUERY_NOT_SUPPORTED' },
});

function persistedIdOf(extensions: Readonly<Record<string, unknown>> | null | undefined): string | null {
  const { sha256Hash } = Object(extensions?.['persistedQuery']) as { readonly sha256Hash?: unknown };
  return typeof sha256Hash === 'string' ? sha256Hash : null;
}

/** A value of a variable does not fit its type: the one kind of error that execution makes of a request. */
function isOfVariable({ nodes, extensions }: GraphQLError): boolean {
  return nodes?.length === 1 && nodes[0]?.kind === Kind.VARIABLE_DEFINITION && extensions['code'] === undefined;
}

function coded(error: GraphQLError, code: string, wording: (message: string) => string = same): GraphQLError {
  const { nodes, source, positions } = error;
  return new GraphQLError(wording(error.message), {
    nodes: nodes ?? null,
    source: source ?? null,
    positions: positions ?? null,
    extensions: { ...error.extensions, code },
  });
}

function same(message: string): string {
  return message;
}

function withoutSuggestion(message: string): string {
  return message.replace(/ ?Did you mean(.+?)\?$/, '');
}

/** A defect, as the masker takes it. */
function wrapped(thrown: unknown): GraphQLError {
  return new GraphQLError('', { originalError: thrown instanceof Error ? thrown : new Error(typeof thrown) });
}

/** Documents by their source text; when either bound is passed, those that were not used for longest go. */
class KeptDocuments {
  /** A Map iterates in order of insertion, so its first key is the one that was not used for longest. */
  readonly #documents = new Map<string, DocumentNode>();
  #characters = 0;

  get(source: string): DocumentNode | undefined {
    const document = this.#documents.get(source);
    if (document) {
      this.#documents.delete(source);
      this.#documents.set(source, document);
    }
    return document;
  }

  set(source: string, document: DocumentNode): void {
    this.#documents.set(source, document);
    this.#characters += source.length;
    for (const oldest of this.#documents.keys()) {
      if (this.#documents.size <= KEPT.documents && this.#characters <= KEPT.characters) return;
      this.#documents.delete(oldest);
      this.#characters -= oldest.length;
    }
  }
}
