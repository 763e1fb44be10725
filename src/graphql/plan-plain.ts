import {
  GraphQLBoolean,
  GraphQLFloat,
  GraphQLID,
  GraphQLInt,
  GraphQLString,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  TypeNameMetaFieldDef,
  type GraphQLAbstractType,
  type GraphQLLeafType,
  type GraphQLObjectType,
  type GraphQLOutputType,
} from 'graphql';
import { leafOf, type Result } from './plan-values.js';
import type { SelectedField, Selection } from './plan.js';

/**
 * Completes a value in which everything is there and in order: nothing in it has to be asked for or waited for.
 *
 * @throws anything where that is not so: the value is then completed by the general way, which says what is wrong
 */
export type Plain = (value: unknown) => unknown;

/** Thrown as it is: an error of its own costs more than all the rest. */
const ODD = new Error('the value is not plain');

/** @returns undefined: it is not plain, or its field has none such */
export function completedPlain(selected: Pick<SelectedField, 'plain'>, value: unknown): unknown {
  const complete = selected.plain();
  if (!complete) return undefined;
  try {
    return complete(value);
  } catch {
    return undefined;
  }
}

/** What is selected of the values of one field. */
export type Selected = Pick<SelectedField, 'field' | 'selectionOf' | 'typeNamed'>;

/** @returns null: something in a value of the field has a resolver, or takes arguments */
export function plainOf(selected: Selected): Plain | null {
  const { args, resolve, type } = selected.field;
  return args.length === 0 || resolve ? ofType(type, selected) : null;
}

function ofType(type: GraphQLOutputType, selected: Selected): Plain | null {
  if (isNonNullType(type)) {
    const complete = ofPresent(type.ofType, selected);
    return (
      complete &&
      ((value) => {
        if (value === null || value === undefined) throw ODD;
        return complete(value);
      })
    );
  }
  const complete = ofPresent(type, selected);
  return complete && ((value) => (value === null || value === undefined ? null : complete(value)));
}

/** Of values that are not null. */
function ofPresent(type: GraphQLOutputType, selected: Selected): Plain | null {
  if (isLeafType(type)) return ofLeaf(type);
  if (isListType(type)) return ofList(type.ofType, selected);
  if (isObjectType(type)) return ofObject(type, selected);
  return ofAbstract(type as GraphQLAbstractType, selected);
}

/** Of built-in scalars, what is given as it is. A scalar that only has such a name has a function of its own. */
const AS_IT_IS = new Map<unknown, (value: unknown) => boolean>([
  [GraphQLString.serialize, (value) => typeof value === 'string'],
  [GraphQLID.serialize, (value) => typeof value === 'string'],
  [GraphQLBoolean.serialize, (value) => typeof value === 'boolean'],
  [GraphQLInt.serialize, (value) => typeof value === 'number' && (value | 0) === value],
  [GraphQLFloat.serialize, (value) => typeof value === 'number' && Number.isFinite(value)],
]);

function ofLeaf(type: GraphQLLeafType): Plain {
  const fits = AS_IT_IS.get(type.serialize);
  return (value) => {
    if (fits?.(value)) return value;
    // A promise, an error, or what a function gives.
    if (typeof value === 'function' || (typeof value === 'object' && !(value instanceof Date))) throw ODD;
    return leafOf(type, value);
  };
}

function ofList(itemType: GraphQLOutputType, selected: Selected): Plain | null {
  const complete = ofType(itemType, selected);
  if (!complete) return null;
  return (value) => {
    if (!Array.isArray(value)) throw ODD;
    const items: unknown[] = [];
    for (let i = 0; i < value.length; i += 1) items.push(complete(value[i]));
    return items;
  };
}

function ofObject(type: GraphQLObjectType, selected: Selected): Plain | null {
  return type.isTypeOf ? null : ofSelection(selected.selectionOf(type));
}

function ofSelection({ fields }: Selection): Plain | null {
  const parts: { readonly key: string; readonly name: string; readonly complete: Plain }[] = [];
  for (const { key, field, parent, plain } of fields) {
    const complete = field === TypeNameMetaFieldDef ? (): unknown => parent.name : field.resolve ? null : plain();
    if (!complete) return null;
    parts.push({ key, name: field.name, complete });
  }
  return (source) => {
    checkObject(source);
    const result: Result = {};
    for (const { key, name, complete } of parts) result[key] = complete(source[name]);
    return result;
  };
}

function checkObject(source: unknown): asserts source is Result {
  if (typeof source !== 'object' || typeof (source as Result)['then'] === 'function' || source instanceof Error)
    throw ODD;
}

/** Which type a value is of must be told by the value alone. */
function ofAbstract(abstract: GraphQLAbstractType, selected: Selected): Plain | null {
  const { resolveType } = abstract;
  if (resolveType && resolveType.length !== 1) return null;
  const nameOf = (resolveType ?? (({ __typename }: Result) => __typename)) as (value: unknown) => unknown;
  const known = new Map<unknown, Plain | null>();
  return (value) => {
    checkObject(value);
    const name = nameOf(value);
    let complete = known.get(name);
    if (complete === undefined) {
      const type = selected.typeNamed(name, abstract);
      if (!type) throw ODD;
      complete = ofObject(type, selected);
      known.set(name, complete);
    }
    if (!complete) throw ODD;
    return complete(value);
  };
}
