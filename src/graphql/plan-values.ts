import type { GraphQLResolveInfo } from 'graphql';

/** Where in an answer a value stands. */
export type Path = GraphQLResolveInfo['path'];

/** What has been found of an object. */
export type Result = Record<string, unknown>;

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

export function keysOf(path: Path): (string | number)[] {
  const keys: (string | number)[] = [];
  for (let at: Path | undefined = path; at !== undefined; at = at.prev) keys.push(at.key);
  return keys.reverse();
}
