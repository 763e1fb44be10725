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

/** The values of an operation's variables, or what is wrong with those that were sent. */
export type Variables =
  { readonly values: Readonly<Record<string, unknown>> } | { readonly errors: readonly GraphQLError[] };

/**
 * Looks at the values of variables before the engine does (GraphQL, section 6.1.2). The engine goes on after an error
 * and prints the value in each one; this stops at the first few, and names only what is in the schema.
 */
export function variablesOf(
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
        if (definition.defaultValue) values[name] = valueFromAST(definition.defaultValue, type);
        else if (isNonNullType(type))
          report(definition, `of required type "${print(definition.type)}" was not provided`);
      } else if (given[name] === null && isNonNullType(type)) {
        report(definition, `of non-null type "${print(definition.type)}" must not be null`);
      } else {
        const onError = (path: readonly (string | number)[], _value: unknown, { message }: Error): void =>
          report(definition, `got an invalid value${placeIn(name, path)}${reasonIn(message)}`);
        values[name] = coerceInputValue(given[name], type, onError, true);
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
