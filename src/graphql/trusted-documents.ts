import { GraphQLError, Kind, parse, print, stripIgnoredCharacters, visit, type DocumentNode } from 'graphql';
import { quiet } from '../host/callback.js';
import { parseLimits } from './rules.js';

/** The operations that are run where no others are. */
export interface TrustedDocuments {
  /** @returns the text with this id; undefined when there is none */
  textOf(id: string): string | undefined;
  /** @returns null for a document that is one of the list */
  refusalOf(document: DocumentNode): GraphQLError | null;
  /** Each text with its name in the list. */
  readonly texts: readonly { readonly name: string; readonly text: string }[];
}

/** All that is wrong with a list at once. Names operations, never a text. */
export class TrustedDocumentsError extends Error {
  override readonly name = 'TrustedDocumentsError';

  constructor(readonly problems: readonly string[]) {
    super(['The trusted documents are not valid:', ...problems].join('\n  '));
  }
}

/**
 * Reads a list as tools write it: `{ "<id>": "<text>" }`, or a manifest of Apollo's
 * (`{ "format": "apollo-persisted-query-manifest", "version": 1, "operations": [{ "id", "name", "type", "body" }] }`).
 *
 * A request is matched by an id of the list, whatever the tool makes it of, or by its text. Texts differ in how they are
 * printed, and in the `__typename` that some clients add wherever there is none: without either they are compared as a
 * whole. What such a field can tell is in the schema's types anyway; whatever else differs is another operation.
 *
 * Not for a server behind a gateway, which writes operations of its own. `schema/trusted-documents.json` of this package lists
 * those of its client.
 *
 * @param onRefused told of each refused document: the name of its operation, if it has one
 * @throws TrustedDocumentsError
 */
export function readTrustedDocuments(list: unknown, onRefused?: (name: string | null) => void): TrustedDocuments {
  const tell = quiet(onRefused);
  const problems: string[] = [];
  const byId = new Map<string, string>();
  const trusted = new Set<string>();
  const texts: { name: string; text: string }[] = [];

  for (const [at, { id, name, body }] of entriesOf(list).entries()) {
    const label = typeof name === 'string' && NAME.test(name) ? name : `number ${at + 1}`;
    if (typeof id !== 'string' || id === '' || typeof body !== 'string') {
      problems.push(`operation ${label} has no id, or no text`);
    } else if (byId.has(id)) {
      problems.push(`operation ${label} has the id of another one`);
    } else {
      byId.set(id, body);
      const document = parsed(body);
      if (document) trusted.add(normalised(document));
      if (document) texts.push({ name: label, text: body });
      else problems.push(`operation ${label} is not GraphQL, or has more than ${parseLimits.maxTokens} tokens`);
    }
  }
  if (byId.size === 0 && problems.length === 0) problems.push('no operation is listed');
  if (problems.length > 0) throw new TrustedDocumentsError(problems);

  return {
    textOf: (id) => byId.get(id),
    refusalOf: (document) => {
      if (trusted.has(normalised(document))) return null;
      tell(nameOf(document));
      return new GraphQLError('This operation is not one of those that this server runs.', {
        extensions: { code: 'QUERY_NOT_IN_SAFELIST' },
      });
    },
    texts,
  };
}

/** The name of an operation (GraphQL, section 2.1.9), as far as it is fit for a log. */
const NAME = /^[_A-Za-z][_0-9A-Za-z]{0,63}$/;

interface Entry {
  readonly id?: unknown;
  readonly name?: unknown;
  readonly body?: unknown;
}

/** @throws TrustedDocumentsError when it is neither of the two forms */
function entriesOf(list: unknown): readonly Entry[] {
  const { format, version, operations } = Object(list) as Record<string, unknown>;
  if (format === 'apollo-persisted-query-manifest' && version === 1 && Array.isArray(operations)) {
    return operations.map((operation) => Object(operation) as Entry);
  }
  if (typeof list === 'object' && list !== null && !Array.isArray(list) && format === undefined) {
    return Object.entries(list).map(([id, body]) => ({ id, body, name: typeof body === 'string' && nameIn(body) }));
  }
  throw new TrustedDocumentsError([
    'it is neither a map from id to text nor a manifest of persisted queries, version 1',
  ]);
}

function nameIn(text: string): string | null {
  const document = parsed(text);
  return document && nameOf(document);
}

function nameOf(document: DocumentNode): string | null {
  const operation = document.definitions.find((each) => each.kind === Kind.OPERATION_DEFINITION);
  const name = operation?.name?.value ?? '';
  return NAME.test(name) ? name : null;
}

function parsed(text: string): DocumentNode | null {
  try {
    return parse(text, parseLimits);
  } catch {
    return null;
  }
}

function normalised(document: DocumentNode): string {
  const withoutTypenames = visit(document, {
    Field: ({ name, alias, directives }) =>
      name.value === '__typename' && !alias && !directives?.length ? null : undefined,
  });
  return stripIgnoredCharacters(print(withoutTypenames));
}
