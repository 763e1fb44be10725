import {
  createSourceEventStream,
  execute,
  OperationTypeNode,
  subscribe,
  type ExecutionArgs,
  type ExecutionResult,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import { isPromise } from '../soon.js';
import { runPlan, type PlanValues } from './plan-run.js';
import { planOf, type Plan } from './plan.js';

/** A stream of results, or one result: also where a subscription was refused. */
export type Execution = ExecutionResult | AsyncIterable<ExecutionResult>;

/** Runs operations: those that come again by a plan, the others by graphql-js. The answers are the same. */
export interface Plans {
  /**
   * @param args of a valid document, with its operation
   * @param variables their values, coerced
   */
  run(
    args: ExecutionArgs,
    operation: OperationDefinitionNode,
    variables: Readonly<Record<string, unknown>>,
  ): Execution | Promise<Execution>;
}

export function createPlans(schema: GraphQLSchema): Plans {
  /** Goes with its document. `seen`: run once, so that what nobody sends again costs no plan. */
  const plans = new WeakMap<OperationDefinitionNode, Plan | 'seen' | null>();

  function planFor({ document }: ExecutionArgs, operation: OperationDefinitionNode, atOnce: boolean): Plan | null {
    const known = plans.get(operation);
    if (known === undefined && !atOnce) {
      plans.set(operation, 'seen');
      return null;
    }
    if (known !== undefined && known !== 'seen') return known;
    const plan = planOf(schema, document, operation);
    plans.set(operation, plan);
    return plan;
  }

  async function stream(
    args: ExecutionArgs,
    operation: OperationDefinitionNode,
    variableValues: PlanValues['variableValues'],
  ): Promise<Execution> {
    // One stream has many events.
    const plan = planFor(args, operation, true);
    if (plan === null) return subscribe(args);
    const source = await createSourceEventStream(args);
    if (!(Symbol.asyncIterator in source)) return source;
    const { contextValue } = args;
    return answers(source, (rootValue) => runPlan(plan, { rootValue, contextValue, variableValues }));
  }

  return {
    run: (args, operation, variableValues) => {
      if (operation.operation === OperationTypeNode.SUBSCRIPTION) return stream(args, operation, variableValues);
      const plan = planFor(args, operation, false);
      const { rootValue, contextValue } = args;
      return plan ? runPlan(plan, { rootValue, contextValue, variableValues }) : execute(args);
    },
  };
}

/** MapSourceToResponseEvent (GraphQL, section 6.2.3.2). */
function answers(
  source: AsyncIterable<unknown>,
  answer: (event: unknown) => ExecutionResult | Promise<ExecutionResult>,
): AsyncIterable<ExecutionResult> {
  const events = source[Symbol.asyncIterator]();
  const over = { value: undefined, done: true } as const;
  const iterator: AsyncIterator<ExecutionResult, undefined> & AsyncIterable<ExecutionResult> = {
    next: async () => {
      const event = await events.next();
      if (event.done) return over;
      const value = answer(event.value);
      return { value: isPromise(value) ? ((await value) as ExecutionResult) : value, done: false };
    },
    return: async () => {
      await events.return?.();
      return over;
    },
    [Symbol.asyncIterator]: () => iterator,
  };
  return iterator;
}
