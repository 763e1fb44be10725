import { makeExecutableSchema } from '@graphql-tools/schema';
import { GraphQLError, type GraphQLSchema } from 'graphql';

const TYPES = `
  interface Node { id: ID! name: String child: Node }
  type A implements Node { id: ID! name: String child: Node n: Int! numbers: [Int!]! rows: [[Float]] many: [A] other: B! must: String! at(x: In, n: Int = 3): String }
  type B implements Node { id: ID! name: String child: Node flag: Boolean kind: Kind! any: [Any!] strict: [B!]! }
  union Any = A | B
  enum Kind { ONE TWO }
  input In { a: Int! b: [String!] = ["x"] }
  type Query { a: A b: B! node: Node any: [Any] echo(x: In, n: Int = 7): String }
  type Mutation { one: A two: Int! three: B }
  type Subscription { ticks: A }
`;

/** Numbers that look random, the same for the same seed. */
export type Dice = (sides: number) => number;

export function diceOf(seed: number): Dice {
  let state = seed >>> 0;
  return (sides) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * sides);
  };
}

const FIELDS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  A: {
    ...{ id: 'leaf', name: 'leaf', child: 'Node', n: 'leaf', numbers: 'leaf', rows: 'leaf', many: 'A', other: 'B' },
    ...{ must: 'leaf', at: 'leaf' },
  },
  B: { id: 'leaf', name: 'leaf', child: 'Node', flag: 'leaf', kind: 'leaf', any: 'Any', strict: 'B' },
  Node: { id: 'leaf', name: 'leaf', child: 'Node' },
  Any: {},
  Query: { a: 'A', b: 'B', node: 'Node', any: 'Any', echo: 'leaf' },
  Mutation: { one: 'A', two: 'leaf', three: 'B' },
  Subscription: { ticks: 'A' },
};

const ARGUMENTS = ['', '(n: 5)', '(x: { a: 1 })', '(x: $x)', '(n: $n)', '(x: { a: 2, b: ["y", null] } n: $n)'];

/** A document that may select anything: aliases, fragments of both kinds, the same field twice. It need not be valid. */
export function documentOf(dice: Dice): string {
  const fragments: string[] = [];
  let alias = 0;
  const field = (type: string, depth: number): string => {
    const names = Object.keys(FIELDS[type] ?? {});
    const name = names[dice(names.length + 1)];
    if (name === undefined) return '__typename';
    const of = FIELDS[type]?.[name] ?? 'leaf';
    const given = name === 'at' || name === 'echo' ? (ARGUMENTS[dice(ARGUMENTS.length)] ?? '') : '';
    const as = given !== '' || dice(4) === 0 ? `k${(alias += 1)}: ` : '';
    return `${as}${name}${given}${of === 'leaf' ? '' : ` ${selection(of, depth - 1)}`}`;
  };
  const selection = (type: string, depth: number): string => {
    const abstract = type === 'Node' || type === 'Any';
    const parts = ['__typename'];
    for (let i = dice(4); i >= 0 && depth > 0; i -= 1) {
      const of = abstract ? (['A', 'B', 'Node'][dice(3)] ?? 'A') : type;
      const kind = dice(5);
      if (kind === 0) {
        const name = `F${fragments.length}`;
        fragments.push('');
        fragments[Number(name.slice(1))] = `fragment ${name} on ${of} ${selection(of, depth - 1)}`;
        parts.push(`...${name}`, `...${name}`);
      } else if (kind === 1 || abstract) parts.push(`... on ${of} ${selection(of, depth - 1)}`);
      else parts.push(field(type, depth));
    }
    return `{ ${parts.join(' ')} }`;
  };
  const [operation, root] = (
    [
      ['query', 'Query'],
      ['mutation', 'Mutation'],
    ] as const
  )[dice(4) === 0 ? 1 : 0];
  const roots = Array.from({ length: 1 + dice(4) }, () => field(root, 5));
  return `${operation} Q($x: In, $n: Int) { ${roots.join(' ')} } ${fragments.join(' ')}`;
}

const LEAVES = ['text', 7, true, 2.5, new Date(0), Number.NaN, { odd: 1 }, 'ONE', '', [1, null, 3], [[1.5], null]];

/**
 * A value as resolvers give them: there, promised, late, missing, wrong, or an error.
 *
 * @param calm nothing in it is promised: it is in a list of which graphql-js would leave promises unheard
 */
export function valueOf(dice: Dice, of: string, depth: number, calm = false): unknown {
  const made = (): unknown => {
    if (dice(12) === 0) return null;
    if (dice(14) === 0) return new GraphQLError(`error ${dice(1_000)}`);
    if (of === 'leaf') return LEAVES[dice(LEAVES.length)];
    if (dice(3) > 0) return objectOf(dice, of, depth, calm);
    const late = !calm && dice(2) === 0;
    const items = Array.from({ length: dice(4) }, () => objectOf(dice, of, depth, !late));
    return late ? items.map((item) => Promise.resolve(item)) : items;
  };
  const kind = calm ? 2 : dice(10);
  if (kind > 1) return made();
  const promise = kind === 0 ? Promise.resolve(made()) : Promise.reject(new GraphQLError(`rejected ${dice(1_000)}`));
  // Nobody may come to ask for it.
  promise.catch(() => undefined);
  return promise;
}

function objectOf(dice: Dice, of: string, depth: number, calm: boolean): object {
  const type = of === 'A' || of === 'B' ? of : (['A', 'B', 'C'][dice(12) === 0 ? 2 : dice(2)] ?? 'A');
  const fields: Record<string, unknown> = { __typename: type };
  if (depth === 0) return fields;
  for (const [name, child] of Object.entries(FIELDS[type] ?? {})) {
    const value = valueOf(dice, child, depth - 1, calm);
    fields[name] = dice(8) === 0 ? () => value : value;
  }
  return fields;
}

export function anySchema(): GraphQLSchema {
  const echo = (_: unknown, args: unknown): string => JSON.stringify(args);
  return makeExecutableSchema({
    typeDefs: TYPES,
    resolvers: {
      A: { at: echo, must: ({ must }: { must: unknown }) => must },
      Query: { echo },
      Kind: { ONE: 'ONE', TWO: 7 },
    },
  });
}
