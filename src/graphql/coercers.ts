import {
  GraphQLBoolean,
  GraphQLFloat,
  GraphQLID,
  GraphQLInt,
  GraphQLString,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  type GraphQLEnumType,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLScalarType,
} from 'graphql';

/**
 * Gives a value the form that resolvers get (GraphQL, section 3.12), as `coerceInputValue` of graphql-js does.
 *
 * @throws anything, where the value does not fit, or may not: what is wrong with it is for graphql-js to say
 */
export type Coercer = (value: unknown) => unknown;

/** Thrown as it is: an error of its own costs more than all the rest. */
export const UNFIT = new Error('the value does not fit its type');

const known = new WeakMap<GraphQLInputType, Coercer>();

/** Made once a type. */
export function coercerOf(type: GraphQLInputType): Coercer {
  const found = known.get(type);
  if (found) return found;
  const made = isNonNullType(type) ? present(type.ofType) : nullable(type);
  known.set(type, made);
  return made;
}

function present(type: GraphQLInputType): Coercer {
  const coerce = coercerOf(type);
  return (value) => {
    if (value === null || value === undefined) throw UNFIT;
    return coerce(value);
  };
}

function nullable(type: GraphQLInputType): Coercer {
  const coerce = valueCoercer(type);
  return (value) => (value === null || value === undefined ? null : coerce(value));
}

function valueCoercer(type: GraphQLInputType): Coercer {
  if (isListType(type)) return ofList(type.ofType);
  if (isInputObjectType(type)) return ofObject(type);
  return isEnumType(type) ? ofEnum(type) : ofScalar(type as GraphQLScalarType);
}

/** Other iterables are left to graphql-js: some can be read once only. */
function ofList(itemType: GraphQLInputType): Coercer {
  const coerce = coercerOf(itemType);
  return (value) => {
    if (!Array.isArray(value)) {
      if (typeof value === 'object') throw UNFIT;
      return [coerce(value)];
    }
    const items: unknown[] = [];
    for (let i = 0; i < value.length; i += 1) items.push(coerce(value[i]));
    return items;
  };
}

interface InputField {
  readonly name: string;
  readonly coerce: Coercer;
  readonly required: boolean;
  readonly defaultValue: unknown;
}

function ofObject(type: GraphQLInputObjectType): Coercer {
  // A key of that name would be what the object inherits from.
  if (type.isOneOf || '__proto__' in type.getFields()) return unfit;
  let fields: readonly InputField[] | null = null;
  let names: ReadonlySet<string>;
  return (value) => {
    // At its first value: a type may have fields of its own type.
    if (!fields) {
      fields = fieldsOf(type);
      names = new Set(fields.map(({ name }) => name));
    }
    if (typeof value !== 'object' || Array.isArray(value)) throw UNFIT;
    for (const key in value) if (!names.has(key)) throw UNFIT;
    const coerced: Record<string, unknown> = {};
    for (const { name, coerce, required, defaultValue } of fields) {
      const given = (value as Readonly<Record<string, unknown>>)[name];
      if (given !== undefined) coerced[name] = coerce(given);
      else if (defaultValue !== undefined) coerced[name] = defaultValue;
      else if (required) throw UNFIT;
    }
    return coerced;
  };
}

function fieldsOf(type: GraphQLInputObjectType): readonly InputField[] {
  return Object.values(type.getFields()).map((field) => ({
    name: field.name,
    coerce: coercerOf(field.type),
    required: isNonNullType(field.type),
    defaultValue: field.defaultValue as unknown,
  }));
}

function ofEnum(type: GraphQLEnumType): Coercer {
  const values = new Map(type.getValues().map(({ name, value }): [string, unknown] => [name, value]));
  return (name) => {
    const value = values.get(name as string);
    if (value === undefined) throw UNFIT;
    return value;
  };
}

/** Of built-in scalars, what is taken as it is. A scalar that only has such a name has a function of its own. */
const AS_IT_IS = new Map<unknown, (value: unknown) => boolean>([
  [GraphQLString.parseValue, (value) => typeof value === 'string'],
  [GraphQLID.parseValue, (value) => typeof value === 'string'],
  [GraphQLBoolean.parseValue, (value) => typeof value === 'boolean'],
  [GraphQLInt.parseValue, (value) => typeof value === 'number' && (value | 0) === value],
  [GraphQLFloat.parseValue, (value) => typeof value === 'number' && Number.isFinite(value)],
]);

function ofScalar(type: GraphQLScalarType): Coercer {
  const fits = AS_IT_IS.get(type.parseValue);
  return (value) => {
    if (fits?.(value)) return value;
    const parsed: unknown = type.parseValue(value);
    if (parsed === undefined) throw UNFIT;
    return parsed;
  };
}

const unfit: Coercer = () => {
  throw UNFIT;
};
