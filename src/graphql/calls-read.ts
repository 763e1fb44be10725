import {
  getArgumentValues,
  getNamedType,
  GraphQLError,
  Kind,
  OperationTypeNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import { MAX_RECENT_CALLS } from '../call/input.js';
import { LIMITS } from '../limits.js';

type Arguments = Readonly<Record<string, unknown>>;

/** How many calls a field reads, at most. A number that its resolver refuses reads none beyond its own limit. */
const READS: Readonly<Record<string, (args: Arguments) => number>> = {
  call: () => 1,
  openCalls: () => LIMITS.openCallsRead,
  recentCalls: ({ first }) => Math.max(0, Math.min(Number(first), MAX_RECENT_CALLS)),
  _entities: ({ representations }) =>
    Array.isArray(representations) ? Math.min(representations.length, LIMITS.entityRepresentations) : 0,
};

/**
 * Refuses an operation that would read more calls than one may, before it reads any. Aliases count each, fragments
 * wherever they are spread; fields under one name are read once.
 *
 * @param variables coerced
 */
export function tooManyCallsRead(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Arguments,
): GraphQLError | null {
  const fields = operation.operation === OperationTypeNode.QUERY ? schema.getQueryType()?.getFields() : undefined;
  if (!fields) return null;
  let reads = 0;
  for (const node of rootFieldsOf(document, operation)) {
    const field = fields[node.name.value];
    if (field && isOurs(field)) reads += readsOf(field, node, variables);
  }
  if (reads <= LIMITS.callsPerOperation) return null;
  return new GraphQLError(
    `The operation reads up to ${reads} calls, and one may read ${LIMITS.callsPerOperation}. Please ask in several.`,
    { nodes: operation, extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } },
  );
}

/** One node for each name in the answer: nodes of the same name have the same arguments. */
function rootFieldsOf(document: DocumentNode, operation: OperationDefinitionNode): Iterable<FieldNode> {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  const fields = new Map<string, FieldNode>();
  const sets = [operation.selectionSet];
  for (const { selections } of sets) {
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) fields.set((selection.alias ?? selection.name).value, selection);
      else if (selection.kind === Kind.INLINE_FRAGMENT) sets.push(selection.selectionSet);
      else {
        const fragment = fragments.get(selection.name.value);
        if (fragment) sets.push(fragment.selectionSet);
        fragments.delete(selection.name.value);
      }
    }
  }
  return fields.values();
}

/** A host's own query may have one of these names, and another type. */
function isOurs({ name, type }: GraphQLField<unknown, unknown>): boolean {
  const given = getNamedType(type).name;
  return given === 'Call' || (name === '_entities' && given === '_Entity');
}

function readsOf(field: GraphQLField<unknown, unknown>, node: FieldNode, variables: Arguments): number {
  try {
    return READS[field.name]?.(getArgumentValues(field, node, variables)) ?? 0;
  } catch {
    // Its arguments do not fit: the engine says so, and nothing is read.
    return 0;
  }
}
