/** Values of variables and arguments, compared with those of graphql-js: what fits, and what does not. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  coerceInputValue,
  execute,
  getOperationAST,
  getVariableValues,
  isInputType,
  parse,
  typeFromAST,
  validate,
  type GraphQLError,
  type OperationDefinitionNode,
} from 'graphql';
import { coercerOf } from '../../src/graphql/coercers.js';
import { planOf } from '../../src/graphql/plan.js';
import { runPlan } from '../../src/graphql/plan-run.js';
import { variablesOf } from '../../src/graphql/variables.js';
import { LIMITS } from '../../src/limits.js';
import { FULL } from '../support/full.js';
import { diceOf } from './any-document.js';
import { argumentsOf, definitionsOf, givenOf, inputSchema, valuesOf } from './any-input.js';

const RUNS = FULL ? 10_000 : 200;
const schema = inputSchema();

function operationIn(source: string): OperationDefinitionNode {
  const operation = getOperationAST(parse(source));
  if (!operation) throw new Error('no operation');
  return operation;
}

/** Which variable, where in it, and why: of the words of graphql-js those that are ours too. */
function placesOf(errors: readonly GraphQLError[]): readonly string[] {
  return errors.map(({ message, locations }) => {
    const name = /^Variable "\$(\w+)"/.exec(message)?.[1] ?? '';
    const at = / at "([\w.[\]]+)"/.exec(message)?.[1] ?? '';
    return JSON.stringify([name, at, locations]);
  });
}

describe('the values of variables', () => {
  it('are those of graphql-js, and so are the places and the order of what is wrong', () => {
    let [fitting, wrong, short] = [0, 0, 0];
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const dice = diceOf(seed);
        const definitions = definitionsOf(dice);
        const operation = operationIn(`query (${definitions}) { f }`);
        const given = givenOf(dice, definitions);
        const theirs = getVariableValues(schema, operation.variableDefinitions ?? [], given);
        // The second time by what was kept of the first.
        for (const ours of [variablesOf(schema, operation, given), variablesOf(schema, operation, given)]) {
          if (theirs.errors) {
            const all = placesOf(theirs.errors);
            expect('errors' in ours && placesOf(ours.errors)).toEqual(all.slice(0, LIMITS.errorsPerRequest));
          } else {
            expect('values' in ours && Object.entries(ours.values)).toEqual(Object.entries(theirs.coerced ?? {}));
          }
        }
        if (theirs.errors) wrong += 1;
        else fitting += 1;
        short += shortWayOf(operation, given);
      }),
      { numRuns: RUNS },
    );
    // Else the two agreed about nothing, or by the same code.
    for (const count of [fitting, wrong, short]) expect(count).toBeGreaterThan(RUNS / 10);
  });

  it('are refused in the same words whether the short way or graphql-js found that they do not fit', () => {
    const operation = operationIn('query ($t: Tree!, $n: Int!) { f(tree: $t, n: $n) }');
    const given = { t: { leaves: { id: [1], yes: null, secret: 'v=0' }, deep: [['x']] }, n: 1.5 };
    const { errors } = variablesOf(schema, operation, given) as { errors: readonly GraphQLError[] };
    expect(errors.map(({ message }) => message)).toEqual(
      [
        'Variable "$t" got an invalid value; Field "name" of required type "String!" was not provided.',
        'Variable "$t" got an invalid value at "t.leaves.id"; ID cannot represent it.',
        'Variable "$t" got an invalid value at "t.leaves.yes"; Expected non-nullable type "Boolean!" not to be null.',
        'Variable "$t" got an invalid value at "t.leaves"; Field "secret" is not defined by type "Leaves".',
        'Variable "$t" got an invalid value at "t.deep[0][0]"; Int cannot represent it.',
      ].slice(0, LIMITS.errorsPerRequest),
    );
  });
});

/** @returns how many of the values were coerced by the compiled way: those that it leaves to graphql-js prove nothing */
function shortWayOf({ variableDefinitions = [] }: OperationDefinitionNode, given: Readonly<Record<string, unknown>>) {
  return variableDefinitions.filter(({ variable, type: node }) => {
    const type = typeFromAST(schema, node);
    const name = variable.name.value;
    if (!isInputType(type) || !Object.hasOwn(given, name)) return false;
    let coerced: unknown;
    try {
      coerced = coercerOf(type)(given[name]);
    } catch {
      return false;
    }
    expect(coerced).toEqual(coerceInputValue(given[name], type));
    return true;
  }).length;
}

describe('the values of arguments', () => {
  it('are those of graphql-js, whether variables, constants or left out', async () => {
    let valid = 0;
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        const dice = diceOf(seed);
        const document = parse(argumentsOf(dice));
        if (validate(schema, document).some(({ message }) => !message.includes('is never used'))) return;
        const operation = getOperationAST(document) as OperationDefinitionNode;
        const plan = planOf(schema, document, operation);
        if (!plan) throw new Error('not planned');
        for (const variableValues of [valuesOf(dice), valuesOf(dice)]) {
          const variables = variablesOf(schema, operation, variableValues);
          if ('errors' in variables) throw new Error('variables');
          const values = { rootValue: undefined, contextValue: undefined, variableValues: variables.values };
          const told = (result: unknown): unknown => JSON.parse(JSON.stringify(result));
          expect(told(await runPlan(plan, values))).toEqual(told(await execute({ schema, document, variableValues })));
        }
        valid += 1;
      }),
      { numRuns: RUNS },
    );
    expect(valid).toBeGreaterThan(RUNS / 4);
  });
});
