import { describe, expect, it } from '@jest/globals';
import {
  buildASTSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isScalarType,
  isSpecifiedScalarType,
  parse,
  print,
  type ConstDirectiveNode,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
} from 'graphql';
import { readFileSync } from 'node:fs';
import { printSchemaFile } from '../../src/graphql/print.js';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const asSchema = (sdl: string): GraphQLSchema => buildASTSchema(parse(sdl), { assumeValidSDL: true });

const contract = asSchema(read('schema/contract.graphql'));
const served = asSchema(printSchemaFile());

/** Federation's own directives stand in the contract too; all uses are compared as text, without descriptions. */
const uses = (node: { astNode?: { directives?: readonly ConstDirectiveNode[] } | null | undefined }): string[] =>
  (node.astNode?.directives ?? []).map((directive) => print(directive)).sort();

const signature = ({ name, type, defaultValue }: GraphQLArgument): string =>
  `${name}: ${type} = ${String(defaultValue)}`;

const shapeOfField = (field: GraphQLField<unknown, unknown>) => ({
  type: String(field.type),
  args: field.args.map(signature),
  directives: uses(field),
});

function shapeOf(type: GraphQLNamedType): unknown {
  if (isEnumType(type)) return type.getValues().map(({ name }) => name);
  if (isScalarType(type)) return 'scalar';
  if (isInputObjectType(type))
    return Object.values(type.getFields()).map((field) => signature(field as GraphQLArgument));
  if (!isObjectType(type) && !isInterfaceType(type)) throw new Error(`not in the contract: ${type.name}`);
  const fields = Object.entries(type.getFields());
  return {
    interfaces: type.getInterfaces().map(({ name }) => name),
    fields: Object.fromEntries(fields.map(([name, field]) => [name, shapeOfField(field)])),
    directives: uses(type),
  };
}

const ownTypes = (schema: GraphQLSchema): GraphQLNamedType[] =>
  Object.values(schema.getTypeMap()).filter((type) => !type.name.startsWith('__') && !isSpecifiedScalarType(type));

describe('the served schema', () => {
  it('is the committed schema/schema.graphql', () => {
    expect(read('schema/schema.graphql')).toBe(printSchemaFile());
  });

  it.each(ownTypes(contract))('has $name just as the contract has it', (promised) => {
    const actual = served.getType(promised.name);
    if (!actual) throw new Error(`${promised.name} is missing`);
    expect(shapeOf(actual)).toEqual(shapeOf(promised));
  });

  it.each(['auth', 'rateLimit'])('defines @%s just as the contract does', (name) => {
    const shape = (schema: GraphQLSchema) => {
      const directive = schema.getDirective(name);
      return { locations: directive?.locations, args: directive?.args.map(signature) };
    };
    expect(shape(served)).toEqual(shape(contract));
  });

  it('has nothing that the contract does not have', () => {
    const names = ownTypes(served).map(({ name }) => name);
    expect(names.filter((name) => !contract.getType(name))).toEqual([]);
  });

  it('describes every type, field, argument and enum value', () => {
    const undescribed = ownTypes(served).flatMap((type) => {
      const where: [string, string | null | undefined][] = [];
      if (!['Query', 'Mutation', 'Subscription'].includes(type.name)) where.push([type.name, type.description]);
      if (isEnumType(type)) for (const value of type.getValues()) where.push([value.name, value.description]);
      if (isObjectType(type) || isInterfaceType(type) || isInputObjectType(type)) {
        for (const field of Object.values(type.getFields())) {
          where.push([`${type.name}.${field.name}`, field.description]);
          if ('args' in field)
            for (const arg of field.args) where.push([`${field.name}(${arg.name})`, arg.description]);
        }
      }
      return where.filter(([, description]) => !description).map(([name]) => name);
    });
    for (const directive of [served.getDirective('auth'), served.getDirective('rateLimit')]) {
      expect(directive?.description).toBeTruthy();
      for (const arg of directive?.args ?? []) expect(arg.description).toBeTruthy();
    }
    expect(undescribed).toEqual([]);
  });
});
