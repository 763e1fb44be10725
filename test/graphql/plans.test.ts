import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  execute,
  getOperationAST,
  NoUnusedVariablesRule,
  parse,
  specifiedRules,
  subscribe,
  validate,
  type ExecutionArgs,
  type ExecutionResult,
  type OperationDefinitionNode,
} from 'graphql';
import { createPlans } from '../../src/graphql/plans.js';
import { runPlan } from '../../src/graphql/plan-run.js';
import { planOf, type Plan } from '../../src/graphql/plan.js';
import { variablesOf } from '../../src/graphql/variables.js';
import { isPromise } from '../../src/soon.js';
import { FULL } from '../support/full.js';
import { anySchema, diceOf, documentOf, valueOf } from './any-document.js';

const RUNS = FULL ? 10_000 : 300;
/** Variables need not be used. */
const RULES = specifiedRules.filter((rule) => rule !== NoUnusedVariablesRule);
const schema = anySchema();

function operationOf({ document, operationName }: ExecutionArgs): OperationDefinitionNode {
  const operation = getOperationAST(document, operationName);
  if (!operation) throw new Error('no operation');
  return operation;
}

function planFor(args: ExecutionArgs): Plan {
  const plan = planOf(args.schema, args.document, operationOf(args));
  if (!plan) throw new Error('not planned');
  return plan;
}

/**
 * Errors of fields side by side come in the order in which their promises settle, which GraphQL leaves open; and a resolver
 * that gives what is of no type at all is told so in words of our own.
 */
function told({ data, errors }: ExecutionResult, waits = false): unknown {
  const words = (text: string): string => text.replace(/Abstract type [^{}]*?\.",/, 'Abstract type",');
  const texts = errors?.map((error) => {
    const above = waits ? nulledAbove(data, error.path ?? []) : null;
    return above ?? words(JSON.stringify(error));
  });
  return JSON.parse(JSON.stringify({ data, errors: texts && [...new Set(texts)].sort() }));
}

/**
 * Where fields wait side by side and one of them makes their parent null, the others may be told of or not (GraphQL,
 * section 6.4.4): it depends on which settles first.
 *
 * @returns the position above the error that is null for it, or for one beside it; null: only its own is
 */
function nulledAbove(data: unknown, path: readonly (string | number)[]): string | null {
  let at = data;
  for (const [depth, key] of path.entries()) {
    if (at === null || at === undefined) return `null at ${path.slice(0, depth).join('.')}`;
    at = (at as Record<string | number, unknown>)[key];
  }
  return null;
}

/** What both say, with a world that is the same for both. */
async function both(source: string, rootOf: () => unknown, variableValues: Record<string, unknown> = {}) {
  const args = { schema, document: parse(source), variableValues };
  const variables = variablesOf(schema, operationOf(args), variableValues);
  if ('errors' in variables) throw new Error('variables');
  const values = { rootValue: rootOf(), contextValue: undefined, variableValues: variables.values };
  const [planned, executed] = [runPlan(planFor(args), values), execute({ ...args, rootValue: rootOf() })];
  const waits = isPromise(planned) || isPromise(executed);
  const [byPlan, byEngine] = [await planned, await executed];
  return { byPlan, byEngine, waits };
}

describe('an operation run by its plan', () => {
  it('is answered as by graphql-js, whatever it selects and whatever resolvers give', async () => {
    let [valid, withErrors, withData, atOnce] = [0, 0, 0, 0];
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        const source = documentOf(diceOf(seed));
        if (validate(schema, parse(source), RULES).length > 0) return;
        const rootOf = (): unknown => {
          const dice = diceOf(seed + 1);
          const roots = [
            ...['a', 'one', 'ticks'].map((key) => [key, 'A']),
            ['b', 'B'],
            ['three', 'B'],
            ['node', 'Node'],
            ['any', 'Any'],
            ['two', 'leaf'],
          ];
          return Object.fromEntries(roots.map(([key = '', of = '']) => [key, valueOf(dice, of, 3)]));
        };
        const { byPlan, byEngine, waits } = await both(source, rootOf, seed % 3 === 0 ? {} : { n: 9, x: { a: 4 } });
        expect(told(byPlan, waits)).toEqual(told(byEngine, waits));
        atOnce += waits ? 0 : 1;
        valid += 1;
        withErrors += byEngine.errors ? 1 : 0;
        withData += byEngine.data ? 1 : 0;
      }),
      { numRuns: RUNS },
    );
    // Else the two agreed about nothing.
    for (const count of [valid, withErrors, withData]) expect(count).toBeGreaterThan(RUNS / 4);
    expect(atOnce).toBeGreaterThan(RUNS / 100);
  });

  it('gives the events of a subscription as graphql-js does, and ends when its reader leaves', async () => {
    let left = 0;
    async function* ticks(): AsyncGenerator<unknown> {
      try {
        for (const n of [1, null, 'wrong']) yield await Promise.resolve({ ticks: { id: 'x', n } });
        for (;;) yield { ticks: null };
      } finally {
        left += 1;
      }
    }
    const args = { schema, document: parse('subscription { ticks { id n __typename } }'), rootValue: { ticks } };
    const heard: unknown[] = [];
    const run = createPlans(schema).run(args, operationOf(args), {});
    for (const started of [run, subscribe(args)]) {
      const events: unknown[] = [];
      for await (const event of (await started) as AsyncIterable<ExecutionResult>) {
        events.push(told(event));
        if (events.length === 4) break;
      }
      heard.push(events);
    }
    expect(heard[0]).toEqual(heard[1]);
    expect(heard[0]).toHaveLength(4);
    expect(left).toBe(2);
  });

  it.each([
    ['introspection', '{ __schema { queryType { name } } }'],
    ['@include', 'query ($n: Int, $b: Boolean = true) { echo(n: $n) @include(if: $b) }'],
    ['@skip in a fragment', '{ a { ...F } } fragment F on A { id @skip(if: false) }'],
    ['a key that objects inherit from', '{ __proto__: echo }'],
  ])('is left to graphql-js where it has %s', async (_name, source) => {
    const args = { schema, document: parse(source) };
    const operation = operationOf(args);
    expect(planOf(schema, args.document, operation)).toBeNull();
    const plans = createPlans(schema);
    const answers = [await plans.run(args, operation, { b: true }), await plans.run(args, operation, { b: true })];
    for (const answer of answers) expect(told(answer as ExecutionResult)).toEqual(told(await execute(args)));
  });

  it('has the errors of graphql-js where a value is not of its type', async () => {
    const wrong = [
      ['{ a { id } }', { a: { id: {} } }],
      ['{ b { id } }', { b: null }],
      ['{ b { id } }', {}],
      ['{ a { many { n } } }', { a: { many: 'text' } }],
      ['{ a { many { n } } }', { a: { many: [{ n: 1 }, { n: null }, new Error('third'), null] } }],
      ['{ any { __typename } }', { any: [{ __typename: 'A' }, null, Promise.reject(new Error('late'))] }],
      [
        'mutation { two one { id } three { id } }',
        { two: () => Promise.reject(new Error('no')), one: {}, three: { id: 1 } },
      ],
    ] as const;
    for (const [source, root] of wrong) {
      const { byPlan, byEngine } = await both(source, () => root);
      expect(told(byPlan)).toEqual(told(byEngine));
    }
  });
});
