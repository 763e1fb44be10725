import type { GraphQLResolveInfo } from 'graphql';

/** Where in an answer a value stands. */
export type Path = GraphQLResolveInfo['path'];

/** What has been found of an object. */
export type Result = Record<string, unknown>;

export function isPromise(value: unknown): value is Promise<unknown> {
  return typeof (value as { readonly then?: unknown } | null | undefined)?.then === 'function';
}

/** @returns the value as it is there; undefined: it has to be found out as that of any other field */
export function plainValueOf(source: unknown, name: string): unknown {
  if (typeof source !== 'object' || source === null) return undefined;
  const value = (source as Result)[name];
  if (value === null) return null;
  return typeof value === 'function' || (typeof value === 'object' && !(value instanceof Date)) ? undefined : value;
}

export function leafOf(type: { serialize(value: unknown): unknown; readonly name: string }, value: unknown): unknown {
  const serialized = type.serialize(value);
  if (serialized === null || serialized === undefined)
    throw new Error(`Expected a value of type "${type.name}" to be serialized to something that is not null.`);
  return serialized;
}

export function put(result: Result, key: string, value: unknown): Result {
  result[key] = value;
  return result;
}

export async function whole(result: Result): Promise<Result> {
  const keys = Object.keys(result);
  const values = await Promise.all(Object.values(result));
  return Object.fromEntries(keys.map((key, i) => [key, values[i]]));
}

export function keysOf(path: Path): (string | number)[] {
  const keys: (string | number)[] = [];
  for (let at: Path | undefined = path; at !== undefined; at = at.prev) keys.push(at.key);
  return keys.reverse();
}
