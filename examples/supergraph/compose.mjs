import { composeServices } from '@apollo/composition';
import { parse } from 'graphql';
import { readFileSync } from 'node:fs';

/**
 * The supergraph of the call subgraph and the accounts subgraph, at these addresses. Composed from files, as in a
 * deployment, so that the gateways start also while a subgraph is down.
 */
export function composeSupergraph({ callsUrl, accountsUrl }) {
  const { supergraphSdl, errors = [] } = composeServices([
    { name: 'calls', url: callsUrl, typeDefs: schemaAt('../../schema/schema.graphql') },
    { name: 'accounts', url: accountsUrl, typeDefs: schemaAt('accounts/schema.graphql') },
  ]);
  if (!supergraphSdl) throw new Error(errors.map(({ message }) => message).join('\n'));
  return supergraphSdl;
}

function schemaAt(path) {
  return parse(readFileSync(new URL(path, import.meta.url), 'utf8'));
}
