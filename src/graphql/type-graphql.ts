/**
 * type-graphql, with a storage of our own. It keeps what decorated classes declare in one global variable, which a host
 * that uses type-graphql has too, perhaps of another version: ours is there only while our own code is at work.
 */
import 'reflect-metadata';
import type { GraphQLSchema } from 'graphql';
import * as library from 'type-graphql';

interface Storage {
  readonly fieldResolvers: readonly { readonly methodName: string }[];
}

const place = globalThis as { TypeGraphQLMetadataStorage?: Storage | undefined };
/** What does not stand in the variable at present: our storage, or the host's while ours is there. */
let other: Storage | undefined;
let isOurs = false;

function exchange(): void {
  isOurs = !isOurs;
  [place.TypeGraphQLMetadataStorage, other] = [other, place.TypeGraphQLMetadataStorage];
}

/** Outside of our storage it runs in ours, within it in the host's. Work must be synchronous. */
function exchanged<Result>(work: () => Result): Result {
  exchange();
  try {
    return work();
  } finally {
    exchange();
  }
}

type Callable = (...given: never[]) => unknown;

/** A decorator, or what makes one: both may write to the storage. */
function ours<Make extends Callable>(make: Make): Make {
  return ((...given: never[]) => {
    const made = exchanged(() => make(...given));
    return typeof made === 'function' ? ours(made as Callable) : made;
  }) as Make;
}

export const Arg = ours(library.Arg);
export const Args = ours(library.Args);
export const ArgsType = ours(library.ArgsType);
export const Ctx = ours(library.Ctx);
export const Directive = ours(library.Directive);
export const Field = ours(library.Field);
export const FieldResolver = ours(library.FieldResolver);
export const InputType = ours(library.InputType);
export const InterfaceType = ours(library.InterfaceType);
export const Mutation = ours(library.Mutation);
export const ObjectType = ours(library.ObjectType);
export const Query = ours(library.Query);
export const registerEnumType = ours(library.registerEnumType);
export const Resolver = ours(library.Resolver);
export const Root = ours(library.Root);
export const Subscription = ours(library.Subscription);
export { ID, Int, type ClassType } from 'type-graphql';

/** The schema of the decorated classes, whose resolvers leave the host's storage as it is. */
export function buildCodeSchema(options: Omit<library.BuildSchemaOptions, 'container'>): GraphQLSchema {
  const schema = exchanged(() => library.buildSchemaSync({ ...options, container } as library.BuildSchemaOptions));
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  const resolved = exchanged(
    () => new Set(place.TypeGraphQLMetadataStorage?.fieldResolvers.map(({ methodName }) => methodName)),
  );
  for (const type of Object.values(schema.getTypeMap())) {
    // Those of GraphQL itself are every schema's.
    if (!('getFields' in type) || type.name.startsWith('__')) continue;
    for (const field of Object.values(type.getFields())) {
      // What is a property of its object is read by the engine itself, which costs far less.
      if (!roots.some((root) => root === type) && !resolved.has(field.name))
        delete (field as { resolve?: unknown }).resolve;
      // Only arguments are looked up in the storage.
      if (!('args' in field) || field.args.length === 0 || !field.resolve) continue;
      const resolve = field.resolve as Callable;
      field.resolve = ((...given: never[]) => exchanged(() => resolve(...given))) as typeof field.resolve;
    }
  }
  return schema;
}

export const createResolversMap = library.createResolversMap;

const instances = new Map<unknown, object>();

/** Resolvers of fields with arguments are called within our storage, and run outside of it: they may call the host. */
const container: library.ContainerType = {
  get: (Class: new () => object) => {
    const known = instances.get(Class);
    if (known) return known;
    const instance = new Class();
    const outside = new Proxy(instance, {
      get: (_, name) => {
        const method = Reflect.get(instance, name) as unknown;
        if (typeof method !== 'function') return method;
        const run = method as Callable;
        return (...given: never[]) =>
          isOurs ? exchanged(() => run.apply(instance, given)) : run.apply(instance, given);
      },
    });
    instances.set(Class, outside);
    return outside;
  },
};
