import {
  execute,
  getOperationAST,
  GraphQLError,
  NoSchemaIntrospectionCustomRule,
  specifiedRules,
  validate,
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  type GraphQLFormattedError,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import { caught, type Soon } from '../soon.js';
import { tooManyCallsRead } from './calls-read.js';
import { createDocuments, type Caller, type Documents } from './documents.js';
import { coded, defect, type Masker } from './errors.js';
import { createPlans, type Execution } from './plans.js';
import { validationLimits } from './rules.js';
import type { TrustedDocuments } from './trusted-documents.js';
import { variablesOf, type Variables } from './variables.js';

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

/** What is sent to be run, beside the values of its variables. */
export interface OperationRequest {
  readonly query: string;
  readonly operationName?: string | null | undefined;
  /** Where the query is empty, `persistedQuery.sha256Hash` may name a trusted document. */
  readonly extensions?: Readonly<Record<string, unknown>> | null | undefined;
}

/** What Apollo Server does for HTTP, for every other transport: the same limits, and the same answers to the same errors. */
export interface Executor {
  readonly schema: GraphQLSchema;
  readonly masker: Masker;
  /** The documents that were read, also those that Apollo Server was asked to run. */
  readonly documents: Documents;
  /**
   * @param caller strangers have less: what they send is read within a smaller budget, and not kept
   * @returns the operation, or why it cannot be run, with the `extensions.code` that Apollo Server gives
   */
  prepare(request: OperationRequest, caller: Caller): PreparedOperation | readonly GraphQLError[];
  /**
   * Runs a prepared operation of any kind. A promise is given only where something has to be waited for. Neither throws
   * nor rejects: what is thrown becomes an error of the result.
   */
  run(args: ExecutionArgs): Soon<Execution>;
  /** Errors as they may be sent. */
  masked(errors: readonly GraphQLError[]): readonly GraphQLFormattedError[];
}

export function createExecutor({ schema, masker, introspection, trusted }: ExecutorOptions): Executor {
  const documents = createDocuments(schema);
  const plans = createPlans(schema);
  const rules = [...specifiedRules, ...(introspection ? [] : [NoSchemaIntrospectionCustomRule])];
  const limits = validationLimits(introspection);

  function documentOf(source: string, caller: Caller): DocumentNode | readonly GraphQLError[] {
    const known = documents.get(source);
    if (known) return known;
    const document = documents.read(source, caller);
    if (document instanceof GraphQLError) return [document];
    // Before it is validated: nothing is told of the schema by what is said of other documents.
    const refusal = trusted?.refusalOf(document);
    if (refusal) return [refusal];
    const errors = validate(schema, document, rules, limits);
    if (errors.length > 0) return errors.map((error) => coded(error, 'GRAPHQL_VALIDATION_FAILED'));
    documents.keep(source, document, caller);
    return document;
  }

  return {
    schema,
    masker,
    documents,
    prepare: ({ query, operationName, extensions }, caller) => {
      const id = query === '' ? persistedIdOf(extensions) : null;
      const text = id === null ? query : trusted?.textOf(id);
      // Registering documents spares nothing where a connection stays open: only those of a list are known by an id.
      if (text === undefined) return [trusted ? PERSISTED_QUERY_NOT_FOUND : PERSISTED_QUERY_NOT_SUPPORTED];
      const document = documentOf(text, caller);
      if (!('kind' in document)) return document;
      const operation = getOperationAST(document, operationName);
      if (operation) return { document, operation };
      // The engine has the words for this: it is asked to run what it cannot find.
      const { errors = [] } = execute({ schema, document, operationName: operationName ?? null }) as ExecutionResult;
      return errors.map((error) => coded(error, 'OPERATION_RESOLUTION_FAILURE'));
    },
    run: (args) =>
      caught<Execution>(
        () => {
          const operation = getOperationAST(args.document, args.operationName);
          if (!operation) return execute(args);
          const checked = checkedVariables(schema, args.document, operation, args.variableValues);
          return 'errors' in checked ? checked : plans.run(args, operation, checked.values);
        },
        (thrown) => ({ errors: [defect(thrown)] }),
      ),
    masked: (errors) => errors.map((error) => masker(error.toJSON(), error)),
  };
}

/**
 * What is found out of a valid operation and its variables before anything of it runs.
 *
 * @returns the values of its variables, or why it is not run
 */
export function checkedVariables(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  given: Readonly<Record<string, unknown>> | null | undefined,
): Variables {
  const variables = variablesOf(schema, operation, given ?? {});
  if ('errors' in variables) return variables;
  const refusal = tooManyCallsRead(schema, document, operation, variables.values);
  return refusal ? { errors: [refusal] } : variables;
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
