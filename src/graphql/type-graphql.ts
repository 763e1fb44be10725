/**
 * type-graphql, with a storage of our own. It keeps what decorated classes declare in one global variable, which a host
 * that uses type-graphql has too, perhaps of another version: ours is there only while our own code is at work.
 */
import 'reflect-metadata';
import { isInterfaceType, isObjectType, type GraphQLFieldResolver, type GraphQLSchema } from 'graphql';
import * as library from 'type-graphql';

type Class = abstract new () => object;

/** A parameter of a resolver's method. */
type Parameter =
  | { readonly kind: 'arg'; readonly name: string; readonly index: number }
  | { readonly kind: 'args' | 'context' | 'root'; readonly index: number };

/** A method that gives the value of a field, as type-graphql has written it down. */
interface Handler {
  readonly target: new () => object;
  readonly methodName: string;
  readonly schemaName: string;
  readonly params?: readonly Parameter[];
  /** Of a field that is not at the root: the class of its type. */
  readonly getObjectType?: () => Class;
}

interface Storage {
  readonly queries: readonly Handler[];
  readonly mutations: readonly Handler[];
  readonly subscriptions: readonly Handler[];
  readonly fieldResolvers: readonly Handler[];
  readonly objectTypes: readonly { readonly target: Class; readonly name: string }[];
}

const place = globalThis as unknown as { TypeGraphQLMetadataStorage?: Storage | undefined };
/** What does not stand in the variable at present: our storage, or the host's while ours is there. */
let other: Storage | undefined;

function exchange(): void {
  [place.TypeGraphQLMetadataStorage, other] = [other, place.TypeGraphQLMetadataStorage];
}

/** Runs work in our storage. It must be synchronous. */
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

/**
 * The schema of the decorated classes. Its fields are resolved by the methods themselves: what type-graphql puts before
 * each call (instances of argument classes, middlewares, validation; we use none) is left out, and with it its storage.
 */
export function buildCodeSchema(options: Omit<library.BuildSchemaOptions, 'validate'>): GraphQLSchema {
  const [schema, storage] = exchanged(() => {
    const built = library.buildSchemaSync({ ...options, validate: false });
    return [built, place.TypeGraphQLMetadataStorage as Storage];
  });
  const handlers = handlersOf(storage);
  for (const type of Object.values(schema.getTypeMap())) {
    // Those of GraphQL itself are every schema's.
    if (!(isObjectType(type) || isInterfaceType(type)) || type.name.startsWith('__')) continue;
    for (const field of Object.values(type.getFields())) {
      const handler = handlers.get(`${type.name}.${field.name}`);
      if (handler) field.resolve = resolverOf(handler);
      // What is a property of its object is read by the engine itself, which costs far less.
      else delete field.resolve;
    }
  }
  return schema;
}

/** By type and field. */
function handlersOf(storage: Storage): ReadonlyMap<string, Handler> {
  const { queries, mutations, subscriptions, fieldResolvers, objectTypes } = storage;
  const typeOf = ({ getObjectType }: Handler): string | undefined =>
    objectTypes.find(({ target }) => target === getObjectType?.())?.name;
  const under = (typeName: string | undefined, handler: Handler): [string, Handler] => [
    `${typeName}.${handler.schemaName}`,
    handler,
  ];
  return new Map([
    ...queries.map((handler) => under('Query', handler)),
    ...mutations.map((handler) => under('Mutation', handler)),
    ...subscriptions.map((handler) => under('Subscription', handler)),
    ...fieldResolvers.map((handler) => under(typeOf(handler), handler)),
  ]);
}

type Resolve = GraphQLFieldResolver<unknown, unknown, Readonly<Record<string, unknown>>>;

function resolverOf({ target, methodName, params = [] }: Handler): Resolve {
  const instance = new target() as Record<string, Callable>;
  const takes = [...params].sort((a, b) => a.index - b.index).map(takeOf);
  return (root, args, context) => instance[methodName]?.(...takes.map((take) => take(root, args, context) as never));
}

type Take = (root: unknown, args: Readonly<Record<string, unknown>>, context: unknown) => unknown;

/** Where a parameter gets its value from. */
function takeOf(parameter: Parameter): Take {
  switch (parameter.kind) {
    case 'arg':
      return (_root, args) => args[parameter.name];
    case 'args':
      return (_root, args) => args;
    case 'context':
      return (_root, _args, context) => context;
    case 'root':
      return (root) => root;
    default:
      throw new TypeError(`a resolver has a parameter of another kind: ${JSON.stringify(parameter)}`);
  }
}

export const createResolversMap = library.createResolversMap;
