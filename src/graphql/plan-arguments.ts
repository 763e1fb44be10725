import {
  getArgumentValues,
  getNamedType,
  isEnumType,
  isNonNullType,
  isSpecifiedScalarType,
  Kind,
  valueFromAST,
  type FieldNode,
  type GraphQLArgument,
  type GraphQLField,
} from 'graphql';

type Values = Readonly<Record<string, unknown>>;

/** The values of a field's arguments. @throws GraphQLError where one has none that fits */
export type Arguments = (variables: Values) => Record<string, unknown>;

/** Where the value of one argument comes from; with neither, it has none. */
interface Source {
  readonly name: string;
  /** The variable that is its value. */
  readonly variable: string | null;
  readonly required: boolean;
  /** Where there is no variable, or it has no value. Undefined: the argument is absent then. */
  readonly constant: unknown;
}

/** CoerceArgumentValues (GraphQL, section 6.4.1), as far as it can be done once for all runs. */
export function argumentsOf(field: GraphQLField<unknown, unknown>, node: FieldNode): Arguments {
  const byEngine: Arguments = (variables) => getArgumentValues(field, node, variables);
  const sources: Source[] = [];
  for (const argument of field.args) {
    const source = sourceOf(argument, node);
    if (source === null) return byEngine;
    sources.push(source);
  }
  return (variables) => {
    const values: Record<string, unknown> = {};
    for (const { name, variable, required, constant } of sources) {
      let value = constant;
      if (variable !== null && Object.hasOwn(variables, variable)) {
        value = variables[variable];
        // What is wrong then is for graphql-js to say.
        if (value === undefined || (value === null && required)) return byEngine(variables);
      } else if (value === undefined && required) return byEngine(variables);
      if (value !== undefined) values[name] = value;
    }
    return values;
  };
}

/** @returns null: it has to be made anew for each run, by graphql-js */
function sourceOf({ name, type, defaultValue }: GraphQLArgument, node: FieldNode): Source | null {
  const given = node.arguments?.find((argument) => argument.name.value === name)?.value;
  const source = { name, variable: null, required: isNonNullType(type), constant: defaultValue as unknown };
  if (!given) return source;
  if (given.kind === Kind.VARIABLE) return { ...source, variable: given.name.value };
  // What a resolver might change, and what a scalar of a host makes, is not shared by two runs.
  const of = getNamedType(type);
  if (!isEnumType(of) && !isSpecifiedScalarType(of)) return null;
  const constant: unknown = valueFromAST(given, type);
  return constant === undefined || (typeof constant === 'object' && constant !== null) ? null : { ...source, constant };
}
