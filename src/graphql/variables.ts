import {
  coerceInputValue,
  GraphQLError,
  isInputType,
  isNonNullType,
  print,
  typeFromAST,
  valueFromAST,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type VariableDefinitionNode,
} from 'graphql';
import { SignalingError } from '../errors.js';
import { LIMITS } from '../limits.js';
import { coercerOf, UNFIT, type Coercer } from './coercers.js';

/** The values of an operation's variables, or what is wrong with those that were sent. */
export type Variables =
  { readonly values: Readonly<Record<string, unknown>> } | { readonly errors: readonly GraphQLError[] };

/**
 * Coerces the values of variables (GraphQL, section 6.1.2). What fits is coerced at once; where something does not, all
 * are looked at again, to say what is wrong.
 */
export function variablesOf(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  given: Readonly<Record<string, unknown>>,
): Variables {
  try {
    return { values: fitting(variablesOfOperation(schema, operation), given) };
  } catch {
    return checked(schema, operation, given);
  }
}

/** A variable of an operation, made ready. */
interface Variable {
  readonly name: string;
  readonly coerce: Coercer;
  readonly required: boolean;
  /** Null: it has none. */
  readonly makeDefault: (() => unknown) | null;
}
interface OfSchema {
  readonly schema: GraphQLSchema;
  readonly variables: readonly Variable[];
}

/** Goes with its document. */
const prepared = new WeakMap<OperationDefinitionNode, OfSchema>();

function variablesOfOperation(schema: GraphQLSchema, operation: OperationDefinitionNode): readonly Variable[] {
  const known = prepared.get(operation);
  if (known?.schema === schema) return known.variables;
  const variables = (operation.variableDefinitions ?? []).flatMap(({ variable, type: node, defaultValue }) => {
    const type = typeFromAST(schema, node);
    // Any other type was refused when the document was validated.
    if (!isInputType(type)) return [];
    const makeDefault = defaultValue ? (): unknown => valueFromAST(defaultValue, type) : null;
    return [{ name: variable.name.value, coerce: coercerOf(type), required: isNonNullType(type), makeDefault }];
  });
  prepared.set(operation, { schema, variables });
  return variables;
}

/** @throws anything, where one does not fit */
function fitting(variables: readonly Variable[], given: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const { name, coerce, required, makeDefault } of variables) {
    if (Object.hasOwn(given, name)) put(values, name, coerce(given[name]));
    else if (makeDefault) put(values, name, makeDefault());
    else if (required) throw UNFIT;
  }
  return values;
}

/** A variable may be called `__proto__`, which as a key of its own changes nothing that is inherited. */
function put(values: Record<string, unknown>, name: string, value: unknown): void {
  if (name === '__proto__') Object.defineProperty(values, name, { value, enumerable: true });
  else values[name] = value;
}

/**
 * The engine goes on after an error and prints the value in each one; this stops at the first few, and names only what
 * is in the schema.
 */
function checked(
  schema: GraphQLSchema,
  { variableDefinitions = [] }: OperationDefinitionNode,
  given: Readonly<Record<string, unknown>>,
): Variables {
  const values: Record<string, unknown> = {};
  const errors: GraphQLError[] = [];
  const report = (definition: VariableDefinitionNode, problem: string): void => {
    const message = `Variable "$${definition.variable.name.value}" ${problem}.`;
    errors.push(
      new GraphQLError(message, {
        nodes: definition,
        originalError: new SignalingError('CALL_INPUT_INVALID', { message }),
      }),
    );
    if (errors.length === LIMITS.errorsPerRequest) throw ENOUGH;
  };

  try {
    for (const definition of variableDefinitions) {
      const name = definition.variable.name.value;
      const type = typeFromAST(schema, definition.type);
      // Any other type was refused when the document was validated.
      if (!isInputType(type)) continue;
      if (!Object.hasOwn(given, name)) {
        if (definition.defaultValue) put(values, name, valueFromAST(definition.defaultValue, type));
        else if (isNonNullType(type))
          report(definition, `of required type "${print(definition.type)}" was not provided`);
      } else if (given[name] === null && isNonNullType(type)) {
        report(definition, `of non-null type "${print(definition.type)}" must not be null`);
      } else {
        const onError = (path: readonly (string | number)[], _value: unknown, { message }: Error): void =>
          report(definition, `got an invalid value${placeIn(name, path)}${reasonIn(message)}`);
        put(values, name, coerceInputValue(given[name], type, onError, true));
      }
    }
  } catch (error) {
    if (error !== ENOUGH) throw error;
  }
  return errors.length > 0 ? { errors } : { values };
}

const ENOUGH = new Error('enough errors were found');

function placeIn(name: string, path: readonly (string | number)[]): string {
  if (path.length === 0) return '';
  return ` at "${name}${path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`)).join('')}"`;
}

/** Longer than any reason that is made of names of the schema. */
const LONGEST_REASON = 200;

/** Why a value does not fit, as far as that does not quote it. */
function reasonIn(message: string): string {
  const type = message.slice(0, message.indexOf(' '));
  if (NAME.test(type) && message.startsWith(`${type} cannot represent`)) return `; ${type} cannot represent it`;
  return message.length <= LONGEST_REASON && OF_NAMES.test(message) ? `; ${message.slice(0, -1)}` : '';
}

const NAME = /^[A-Za-z]\w{0,63}$/;
/** A field that must be there, or must not, or is null. */
const OF_NAMES =
  /^(?:Field "\w{1,64}" (?:of required type "[\w![\]]{1,64}" was not provided|is not defined by type "\w{1,64}")|Expected non-nullable type "[\w![\]]{1,64}" not to be null)\.$/;
