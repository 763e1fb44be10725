/** The schema as one subgraph of a supergraph, beside one that owns accounts and devices: by every composer of today. */
import { describe, expect, it } from '@jest/globals';
import { executeSync, parse, print, visit, type ConstDirectiveNode, type StringValueNode } from 'graphql';
import { readFileSync } from 'node:fs';
import { buildSubgraph, type SchemaOptions } from '../../src/graphql/schema.js';
import { COMPOSERS } from './composers.js';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const calls = read('schema/schema.graphql');
const accounts = read('examples/supergraph/accounts/schema.graphql');

/** The schema as a gateway reads it that asks the running server. */
function served(options: SchemaOptions = {}): string {
  const { data } = executeSync({ schema: buildSubgraph(options), document: parse('{ _service { sdl } }') });
  return (data as unknown as { _service: { sdl: string } })._service.sdl;
}

interface Described {
  readonly name: { readonly value: string };
  readonly description?: StringValueNode | undefined;
}

/** What a schema says of each of its types, fields, arguments and values. */
function descriptionsOf(sdl: string): Map<string, string> {
  const descriptions = new Map<string, string>();
  const path: string[] = [];
  const enter = ({ name, description }: Described): void => {
    path.push(name.value);
    if (description) descriptions.set(path.join('.'), description.value);
  };
  const leave = (): void => void path.pop();
  visit(parse(sdl), {
    ObjectTypeDefinition: { enter, leave },
    InterfaceTypeDefinition: { enter, leave },
    InputObjectTypeDefinition: { enter, leave },
    EnumTypeDefinition: { enter, leave },
    ScalarTypeDefinition: { enter, leave },
    FieldDefinition: { enter, leave },
    InputValueDefinition: { enter, leave },
    EnumValueDefinition: { enter, leave },
    DirectiveDefinition: () => false,
  });
  return descriptions;
}

/** Uses of a directive on fields, for example `Query.me @auth`. */
function usesOf(directive: string, sdl: string): string[] {
  const uses: string[] = [];
  const used = (field: string, directives: readonly ConstDirectiveNode[] = []): void => {
    for (const each of directives) if (each.name.value === directive) uses.push(`${field} ${print(each)}`);
  };
  visit(parse(sdl), {
    ObjectTypeDefinition: ({ name, fields = [] }) => {
      for (const field of fields) used(`${name.value}.${field.name.value}`, field.directives);
    },
  });
  return uses.sort();
}

/** Another subgraph with an `@auth` of its own, which it wants in the supergraph. */
const otherAuth = `
  extend schema
    @link(url: "https://specs.apollo.dev/federation/v2.5", import: ["@composeDirective"])
    @link(url: "https://other.example/security/v1.0", import: ["@auth"])
    @composeDirective(name: "@auth")
  directive @auth(role: String!) on FIELD_DEFINITION
  type Query { secret: String @auth(role: "admin") }
`;
const VERSIONS = ['2.0', '2.5', '2.9'];
const KEEPS_DIRECTIVES = ['apollo', 'guild'];

describe.each(Object.entries(COMPOSERS))('composed by %s', (composer, compose) => {
  const { supergraph, ...findings } = compose({ calls, accounts });
  const kept = KEEPS_DIRECTIVES.includes(composer);

  it('raises no error and no warning, from the file and from what the server says', () => {
    expect(findings).toEqual({ errors: [], warnings: [] });
    const { supergraph: fromServer, ...findingsThere } = compose({ calls: served(), accounts });
    expect(findingsThere).toEqual({ errors: [], warnings: [] });
    // What it says by itself of federation is not this schema's affair.
    expect(descriptionsOf(fromServer ?? '')).toEqual(descriptionsOf(supergraph ?? ''));
  });

  it('has every description of the schema, and the fields of the other subgraph', () => {
    const expected = descriptionsOf(calls);
    if (!kept) for (const path of expected.keys()) if (path.startsWith('RateLimitScope')) expected.delete(path);
    expect(expected.size).toBeGreaterThan(150);
    const present = descriptionsOf(supergraph ?? '');
    expect(Object.fromEntries(present)).toMatchObject(Object.fromEntries(expected));
    expect([present.has('Account.displayName'), present.has('Device.platform')]).toEqual([true, true]);
  });

  it(kept ? 'keeps @auth and @rateLimit where they stand' : 'drops @auth and @rateLimit', () => {
    for (const directive of ['auth', 'rateLimit']) {
      const own = usesOf(directive, calls);
      expect(own.length).toBeGreaterThan(10);
      expect(usesOf(directive, supergraph ?? '')).toEqual(kept ? own : []);
    }
  });

  it.each(VERSIONS)('takes federation %s beside it', (version) => {
    const other = accounts.replace('federation/v2.5', `federation/v${version}`);
    expect(compose({ calls, accounts: other })).toMatchObject({ errors: [], warnings: [] });
  });

  it('wants Device.name to be shareable on the other side too', () => {
    const { errors } = compose({ calls, accounts: accounts.replace('name: String @shareable', 'name: String') });
    expect(errors.join()).toMatch(/Device[\s\S]*name[\s\S]*shareable/);
  });

  it('composes beside an @auth of somebody else only with COMPOSE_DIRECTIVES=off', () => {
    const clash = 'Composed directive "@auth" is not linked by the same core feature in every subgraph';
    expect(compose({ calls, otherAuth }).errors).toEqual(kept ? [clash] : []);
    const composed = compose({ calls: served({ composeDirectives: false }), otherAuth });
    expect(composed.errors).toEqual([]);
    expect(usesOf('auth', composed.supergraph ?? '')).toEqual(kept ? ['Query.secret @auth(role: "admin")'] : []);
  });
});
