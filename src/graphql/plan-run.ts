import {
  defaultFieldResolver,
  defaultTypeResolver,
  GraphQLError,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  locatedError,
  OperationTypeNode,
  TypeNameMetaFieldDef,
  type ExecutionResult,
  type GraphQLAbstractType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
} from 'graphql';
import { isPromise } from '../soon.js';
import { AnswerErrors } from './plan-errors.js';
import { completedPlain } from './plan-plain.js';
import { keysOf, leafOf, put, type Path, type Result } from './plan-values.js';
import type { Plan, SelectedField, Selection } from './plan.js';

/** What an operation is run with. */
export interface PlanValues {
  readonly rootValue?: unknown;
  readonly contextValue: unknown;
  /** Coerced. */
  readonly variableValues: Readonly<Record<string, unknown>>;
}

/**
 * Runs a plan: ExecuteRequest (GraphQL, section 6), with the answers of graphql-js. Values that are there are put into the
 * answer at once; a promise comes back only where a resolver gave one.
 */
export function runPlan(plan: Plan, values: PlanValues): ExecutionResult | Promise<ExecutionResult> {
  const run = new Run(plan, values);
  try {
    const data = run.root();
    if (!isPromise(data)) return run.answer(data as Result);
    return data.then(
      (settled) => run.answer(settled as Result),
      (error: unknown) => run.failed(error),
    );
  } catch (error) {
    return run.failed(error);
  }
}

class Run {
  readonly #plan: Plan;
  readonly #values: PlanValues;
  #errors: AnswerErrors | null = null;

  constructor(plan: Plan, values: PlanValues) {
    this.#plan = plan;
    this.#values = values;
  }

  answer(data: Result | null): ExecutionResult {
    return this.#errors === null ? { data } : { errors: this.#errors.told, data };
  }

  /** A field at the root that must not be null has none. */
  failed(error: unknown): ExecutionResult {
    (this.#errors ??= new AnswerErrors()).add(error as GraphQLError, undefined);
    return this.answer(null);
  }

  root(): unknown {
    const { operation, root } = this.#plan;
    const inOrder = operation.operation === OperationTypeNode.MUTATION && root.fields.length > 1;
    return inOrder ? this.#oneByOne(root) : this.#fields(root, this.#values.rootValue, undefined);
  }

  #oneByOne({ fields }: Selection): unknown {
    const result: Result = {};
    let before: unknown = result;
    for (const each of fields) {
      const next = (): unknown => {
        const value = this.#field(each, this.#values.rootValue, undefined);
        if (isPromise(value)) return value.then((settled) => put(result, each.key, settled));
        return put(result, each.key, value);
      };
      before = isPromise(before) ? before.then(next) : next();
    }
    return before;
  }

  #fields({ fields }: Selection, source: unknown, path: Path | undefined): unknown {
    const result: Result = {};
    const keys: string[] = [];
    const waits: Promise<unknown>[] = [];
    try {
      for (const each of fields) {
        const value = this.#field(each, source, path);
        // In its place, so that the order is that of the document.
        result[each.key] = value;
        if (!isPromise(value)) continue;
        keys.push(each.key);
        waits.push(value);
      }
    } catch (error) {
      if (waits.length === 0) throw error;
      // What is under way is over before the answer is.
      return Promise.all(waits).finally(() => {
        throw error;
      });
    }
    if (waits.length === 0) return result;
    return Promise.all(waits).then((settled) => {
      keys.forEach((key, i) => put(result, key, settled[i]));
      return result;
    });
  }

  #field(selected: SelectedField, source: unknown, parentPath: Path | undefined): unknown {
    const { field, key, parent } = selected;
    if (field === TypeNameMetaFieldDef) return parent.name;
    if (!field.resolve && typeof source === 'object' && source !== null) {
      const completed = completedPlain(selected, (source as Result)[field.name]);
      if (completed !== undefined) return completed;
    }
    const path: Path = { prev: parentPath, key, typename: parent.name };
    try {
      const { contextValue, variableValues } = this.#values;
      const args = selected.argumentsIn(variableValues);
      const resolve = field.resolve ?? defaultFieldResolver;
      const value: unknown = resolve(source, args, contextValue, this.#info(selected, path));
      const completed = isPromise(value)
        ? value.then((settled) => this.#whole(settled, selected, path))
        : this.#whole(value, selected, path);
      if (!isPromise(completed)) return completed;
      // In two steps, as in graphql-js: which of two errors comes first decides whether the other is told.
      return completed.then(undefined, (error: unknown) => this.#caught(error, field.type, selected, path));
    } catch (error) {
      return this.#caught(error, field.type, selected, path);
    }
  }

  /** The value of a field, completed in the short way, or in the one that knows what is wrong. */
  #whole(value: unknown, selected: SelectedField, path: Path): unknown {
    const completed = completedPlain(selected, value);
    return completed === undefined ? this.#complete(selected.field.type, value, selected, path) : completed;
  }

  #info({ field, nodes, parent }: SelectedField, path: Path): GraphQLResolveInfo {
    const { schema, fragments, operation } = this.#plan;
    const { rootValue, variableValues } = this.#values;
    return {
      fieldName: field.name,
      fieldNodes: nodes,
      returnType: field.type,
      parentType: parent,
      path,
      schema,
      fragments,
      rootValue,
      operation,
      variableValues,
    };
  }

  /** CompleteValue (GraphQL, section 6.4.3). @throws what becomes the error of the field */
  #complete(type: GraphQLOutputType, value: unknown, selected: SelectedField, path: Path): unknown {
    if (value instanceof Error) throw value;
    if (isNonNullType(type)) {
      const completed = this.#complete(type.ofType, value, selected, path);
      if (completed === null)
        throw new Error(`Cannot return null for non-nullable field ${selected.parent.name}.${selected.field.name}.`);
      return completed;
    }
    if (value === null || value === undefined) return null;
    if (isLeafType(type)) return leafOf(type, value);
    if (isListType(type)) return this.#list(type.ofType, value, selected, path);
    if (isObjectType(type)) return this.#object(type, value, selected, path);
    return this.#abstract(type, value, selected, path);
  }

  #list(type: GraphQLOutputType, value: unknown, selected: SelectedField, path: Path): unknown {
    if (typeof value !== 'object' || typeof (value as Partial<Iterable<unknown>>)[Symbol.iterator] !== 'function')
      throw new GraphQLError(
        `Expected Iterable, but did not find one for field "${selected.parent.name}.${selected.field.name}".`,
      );
    const items: unknown[] = [];
    let waits = false;
    for (const item of value as Iterable<unknown>) {
      const at: Path = { prev: path, key: items.length, typename: undefined };
      try {
        const completed = this.#settled(type, item, selected, at);
        waits ||= isPromise(completed);
        items.push(completed);
      } catch (error) {
        // The whole list is null then; what is under way may fail, and nobody hears of it.
        for (const each of items) if (isPromise(each)) each.then(undefined, () => undefined);
        throw error;
      }
    }
    return waits ? Promise.all(items) : items;
  }

  /** @returns the value completed, or null in its place; a promise only where the value is one, or has one within */
  #settled(type: GraphQLOutputType, value: unknown, selected: SelectedField, path: Path): unknown {
    try {
      const completed = isPromise(value)
        ? value.then((settled) => this.#complete(type, settled, selected, path))
        : this.#complete(type, value, selected, path);
      if (!isPromise(completed)) return completed;
      return completed.then(undefined, (error: unknown) => this.#caught(error, type, selected, path));
    } catch (error) {
      return this.#caught(error, type, selected, path);
    }
  }

  #object(type: GraphQLObjectType, value: unknown, selected: SelectedField, path: Path): unknown {
    const fields = (): unknown => this.#fields(selected.selectionOf(type), value, path);
    if (!type.isTypeOf) return fields();
    const checked = (isOf: boolean): unknown => {
      if (isOf) return fields();
      throw new GraphQLError(`Expected value of type "${type.name}".`, { nodes: selected.nodes });
    };
    const isOf = type.isTypeOf(value, this.#values.contextValue, this.#info(selected, path));
    return isPromise(isOf) ? isOf.then(checked) : checked(isOf as boolean);
  }

  #abstract(type: GraphQLAbstractType, value: unknown, selected: SelectedField, path: Path): unknown {
    const resolveType = type.resolveType ?? defaultTypeResolver;
    const named = resolveType(value, this.#values.contextValue, this.#info(selected, path), type) as unknown;
    const object = (name: unknown): unknown => {
      const found = selected.typeNamed(name, type);
      if (found) return this.#object(found, value, selected, path);
      throw new GraphQLError(`Abstract type "${type.name}" was resolved to none of its types.`);
    };
    return isPromise(named) ? named.then(object) : object(named);
  }

  /** An error is told once, at the field where it came up; a field that must not be null hands it to the one above. */
  #caught(thrown: unknown, type: GraphQLOutputType, { nodes }: SelectedField, path: Path): null {
    const error = locatedError(thrown, nodes, keysOf(path));
    if (isNonNullType(type)) throw error;
    (this.#errors ??= new AnswerErrors()).add(error, path);
    return null;
  }
}
