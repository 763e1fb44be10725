import {
  BREAK,
  isAbstractType,
  isObjectType,
  Kind,
  TypeNameMetaFieldDef,
  typeFromAST,
  visit,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLAbstractType,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { argumentsOf, type Arguments } from './plan-arguments.js';
import { plainOf, type Plain } from './plan-plain.js';

/** An operation made ready to be run many times: which fields of which type it selects is worked out once. */
export interface Plan {
  readonly schema: GraphQLSchema;
  readonly operation: OperationDefinitionNode;
  readonly fragments: Readonly<Record<string, FragmentDefinitionNode>>;
  readonly root: Selection;
}

/** What is selected of one object type, in the order of the answer. */
export interface Selection {
  readonly type: GraphQLObjectType;
  readonly fields: readonly SelectedField[];
}

/** One field of an answer, with all nodes of the document that ask for it. */
export interface SelectedField {
  readonly key: string;
  readonly nodes: readonly [FieldNode, ...FieldNode[]];
  readonly parent: GraphQLObjectType;
  readonly field: GraphQLField<unknown, unknown>;
  readonly argumentsIn: Arguments;
  /** What is selected of a value of this type. */
  selectionOf(type: GraphQLObjectType): Selection;
  /** @returns null: no object type of that name is one of those */
  typeNamed(name: unknown, abstract: GraphQLAbstractType): GraphQLObjectType | null;
  /** How its values are completed that are plain, made at the first one. Null: none can be. */
  plain(): Plain | null;
}

type Fragments = Plan['fragments'];

/**
 * @param document valid for the schema
 * @returns null: it has something that is left to graphql-js, as it is seldom asked for or depends on variables
 */
export function planOf(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode): Plan | null {
  const type = schema.getRootType(operation.operation);
  if (!type || !canBePlanned(document)) return null;
  const fragments: Record<string, FragmentDefinitionNode> = {};
  for (const definition of document.definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments[definition.name.value] = definition;
  return { schema, operation, fragments, root: select(schema, fragments, type, [operation.selectionSet]) };
}

/** Introspection, `@skip` and `@include` are graphql-js's; and a key that would set what an object inherits from. */
function canBePlanned(document: DocumentNode): boolean {
  let found = true;
  const stop = (): typeof BREAK => {
    found = false;
    return BREAK;
  };
  visit(document, {
    Directive: ({ name }) => (['skip', 'include'].includes(name.value) ? stop() : undefined),
    Field: ({ name, alias }) =>
      ['__schema', '__type'].includes(name.value) || alias?.value === '__proto__' ? stop() : undefined,
  });
  return found;
}

/** CollectFields (GraphQL, section 6.3.2) of a type, once for all values of it. */
function select(
  schema: GraphQLSchema,
  fragments: Fragments,
  type: GraphQLObjectType,
  sets: readonly SelectionSetNode[],
): Selection {
  const nodes = new Map<string, [FieldNode, ...FieldNode[]]>();
  const spread = new Set<string>();
  const applies = (condition: FragmentDefinitionNode['typeCondition'] | undefined): boolean => {
    const of = condition && typeFromAST(schema, condition);
    return !of || of === type || (isAbstractType(of) && schema.isSubType(of, type));
  };
  const collect = ({ selections }: SelectionSetNode): void => {
    for (const node of selections) {
      if (node.kind === Kind.FIELD) {
        const key = (node.alias ?? node.name).value;
        const known = nodes.get(key);
        if (known) known.push(node);
        else nodes.set(key, [node]);
        continue;
      }
      if (node.kind === Kind.FRAGMENT_SPREAD && spread.has(node.name.value)) continue;
      if (node.kind === Kind.FRAGMENT_SPREAD) spread.add(node.name.value);
      const fragment = node.kind === Kind.INLINE_FRAGMENT ? node : fragments[node.name.value];
      if (fragment && applies(fragment.typeCondition)) collect(fragment.selectionSet);
    }
  };
  sets.forEach(collect);
  const fields = [...nodes].flatMap(([key, ofKey]) => {
    const name = ofKey[0].name.value;
    const field = name === TypeNameMetaFieldDef.name ? TypeNameMetaFieldDef : type.getFields()[name];
    return field ? [selected(schema, fragments, type, field, key, ofKey)] : [];
  });
  return { type, fields };
}

function selected(
  schema: GraphQLSchema,
  fragments: Fragments,
  parent: GraphQLObjectType,
  field: GraphQLField<unknown, unknown>,
  key: string,
  nodes: SelectedField['nodes'],
): SelectedField {
  const sets = nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
  const known: Selection[] = [];
  const selectionOf = (type: GraphQLObjectType): Selection => {
    const found = known.find((selection) => selection.type === type);
    if (found) return found;
    const selection = select(schema, fragments, type, sets);
    known.push(selection);
    return selection;
  };
  const typeNamed: SelectedField['typeNamed'] = (name, abstract) => {
    const type = typeof name === 'string' ? schema.getType(name) : undefined;
    return isObjectType(type) && schema.isSubType(abstract, type) ? type : null;
  };
  let made: Plain | null | undefined;
  const plain = (): Plain | null => (made === undefined ? (made = plainOf({ field, selectionOf, typeNamed })) : made);
  return { key, nodes, parent, field, argumentsIn: argumentsOf(field, nodes[0]), selectionOf, typeNamed, plain };
}
