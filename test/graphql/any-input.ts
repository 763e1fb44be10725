import { makeExecutableSchema } from '@graphql-tools/schema';
import { GraphQLScalarType, type GraphQLSchema } from 'graphql';
import type { Dice } from './any-document.js';

const TYPES = `
  scalar Even
  enum Kind { ONE TWO }
  input Leaves { id: ID! text: String int: Int float: Float yes: Boolean! = false kind: Kind = ONE even: Even }
  input Tree { name: String! leaves: Leaves many: [Leaves!] deep: [[Int]] child: Tree children: [Tree!]! = [] constructor: Int }
  input Either @oneOf { a: Int b: String }
  type Query { f(tree: Tree leaves: [Leaves] either: Either list: [Int!] = [1] n: Int! = 3 kind: Kind even: Even must: String): String }
`;

/** Of its scalars, one is a host's own; of its enums, the values are not the names. */
export function inputSchema(): GraphQLSchema {
  const even = (value: unknown): unknown => {
    if (typeof value !== 'number') throw new TypeError('not a number');
    return value % 2 === 0 ? { even: value } : undefined;
  };
  return makeExecutableSchema({
    typeDefs: TYPES,
    resolvers: {
      Even: new GraphQLScalarType({ name: 'Even', parseValue: even, serialize: String }),
      Kind: { ONE: 1, TWO: { two: 2 } },
      Query: { f: (_root: unknown, args: unknown) => JSON.stringify(args) },
    },
  });
}

const VARIABLES = [
  ...['Tree', 'Tree!', '[Leaves]', '[Leaves!]!', 'Leaves = { id: 1, yes: true }', 'Either', '[Int!] = [4]', 'Int!'],
  ...['Int = 5', 'Int! = 6', 'Kind', 'Kind! = TWO', 'Even', '[[Int]]', 'String', 'ID!', 'Boolean', 'Float', 'Int'],
];

/** Definitions of variables of any types. */
export function definitionsOf(dice: Dice): string {
  const names = ['a', 'b', 'c', '__proto__', 'constructor'];
  return names.map((name) => `$${name}: ${VARIABLES[dice(VARIABLES.length)]}`).join(' ');
}

const ODD = [null, 'text', 'ONE', 'TWO', 'THREE', '', 7, -0, 2.5, 3_000_000_000, '8', true, [], {}, [1, null, 'x']];
const KEYS = ['id', 'text', 'int', 'float', 'yes', 'kind', 'even', 'name', 'leaves', 'many', 'deep', 'child'];
const OTHERS = ['children', 'constructor', 'a', 'b', '__proto__', 'toString', 'unknown'];

/** Mostly what fits the field of that name; now and then anything. */
function inputOf(dice: Dice, key: string, depth: number): unknown {
  if (dice(12) === 0) return ODD[dice(ODD.length)];
  if (key === 'leaves') return objectOf(dice, ['id', 'yes', 'kind', 'int', 'text', 'float', 'even'], depth);
  if (key === 'many') return Array.from({ length: dice(3) }, () => inputOf(dice, 'leaves', depth - 1));
  if (key === 'child') return depth > 0 ? inputOf(dice, 'tree', depth - 1) : null;
  if (key === 'children') return [];
  if (key === 'tree') return objectOf(dice, ['name', 'leaves', 'many', 'deep', 'child', 'children'], depth);
  if (key === 'deep') return [[1, null], 2, null];
  if (key === 'yes') return dice(2) === 0;
  if (key === 'kind') return dice(2) === 0 ? 'ONE' : 'TWO';
  if (key === 'id') return dice(2) === 0 ? 'id' : 12;
  return ['text', 'name'].includes(key) ? 'text' : dice(100) * 2;
}

/** As JSON.parse would make it: `__proto__` is a key like any other. */
function objectOf(dice: Dice, keys: readonly string[], depth: number): unknown {
  const given = keys.filter((key) => key === keys[0] || dice(3) > 0);
  if (dice(10) === 0) given.push([...KEYS, ...OTHERS][dice(KEYS.length + OTHERS.length)] ?? '');
  if (dice(30) === 0) given.shift();
  const texts = given.map((key) => `${JSON.stringify(key)}: ${JSON.stringify(inputOf(dice, key, depth))}`);
  return JSON.parse(`{${texts.join(',')}}`);
}

const WHOLE = ['tree', 'leaves', 'many', 'id', 'kind', 'even', 'text', 'yes', 'deep', 'a'];

/** Values for some variables: each is made for a type that its definition may have, or not. */
export function givenOf(dice: Dice, definitions: string): Record<string, unknown> {
  const texts = [...definitions.matchAll(/\$(\w+): \[*(\w+)/g)].flatMap(([, name, type]) => {
    if (dice(5) === 0) return [];
    const fitting: Record<string, string> = { Int: 'a', Float: 'a', Boolean: 'yes', String: 'text', ID: 'id' };
    const key =
      dice(15) === 0 ? (WHOLE[dice(WHOLE.length)] ?? 'a') : (fitting[type ?? ''] ?? (type ?? '').toLowerCase());
    return [`${JSON.stringify(name)}: ${JSON.stringify(inputOf(dice, key, 2))}`];
  });
  return JSON.parse(`{${texts.join(',')}}`) as Record<string, unknown>;
}

const ARGUMENTS: Readonly<Record<string, readonly string[]>> = {
  tree: ['$t', '{ name: "x" }', '{ name: $s }', 'null'],
  leaves: ['{ id: 1 }', '[{ id: "y", kind: TWO }, null]', '[]'],
  either: ['{ a: 1 }', '{ b: $s }'],
  list: ['$l', '[1, 2]', '3', 'null'],
  n: ['$n', '$d', '9'],
  kind: ['$k', 'TWO', 'null'],
  must: ['$s', '"text"', 'null'],
};

/** A query whose arguments are variables, constants, both in one, or left out. */
export function argumentsOf(dice: Dice): string {
  const parts = Object.entries(ARGUMENTS).flatMap(([name, values]) =>
    dice(2) === 0 ? [] : [`${name}: ${values[dice(values.length)]}`],
  );
  const list = parts.length === 0 ? '' : `(${parts.join(' ')})`;
  return `query ($t: Tree $s: String! $l: [Int!] $n: Int $d: Int! = 8 $k: Kind) { f${list} }`;
}

/** For the variables of those: what fits, null, or nothing. */
export function valuesOf(dice: Dice): Record<string, unknown> {
  const some = { t: { name: 'n', constructor: 1 }, l: [1], n: 4, d: 2, k: 'ONE' };
  const given = Object.entries(some).flatMap(([key, value]) => {
    const kind = dice(3);
    return kind === 0 ? [] : [[key, kind === 1 && key !== 'd' ? null : value]];
  });
  return { s: 'text', ...(Object.fromEntries(given) as object) };
}
