import { composeServices as composeByApollo } from '@apollo/composition';
import { composeServices as composeByGuild } from '@theguild/federation-composition';
import { federateSubgraphs, LATEST_ROUTER_COMPATIBILITY_VERSION } from '@wundergraph/composition';
import { parse, print } from 'graphql';

export interface Composed {
  /** Null where it does not compose. */
  readonly supergraph: string | null;
  readonly errors: readonly string[];
  /** What the composer remarks and means to be looked at: warnings, and hints of that level. */
  readonly warnings: readonly string[];
}

/** Subgraphs by their names. */
type Compose = (subgraphs: Readonly<Record<string, string>>) => Composed;

const apollo: Compose = (subgraphs) => {
  const { supergraphSdl, errors = [], hints = [] } = composeByApollo(listOf(subgraphs));
  return {
    supergraph: supergraphSdl ?? null,
    errors: messagesOf(errors),
    // Info and debug tell of what composition means to do.
    warnings: messagesOf(hints.filter(({ definition }) => definition.level.name === 'WARN')),
  };
};

const guild: Compose = (subgraphs) => {
  const { supergraphSdl, errors = [] } = composeByGuild(listOf(subgraphs));
  return { supergraph: supergraphSdl ?? null, errors: messagesOf(errors), warnings: [] };
};

const cosmo: Compose = (subgraphs) => {
  const result = federateSubgraphs({
    subgraphs: listOf(subgraphs).map(({ typeDefs, ...subgraph }) => ({ ...subgraph, definitions: typeDefs })),
    version: LATEST_ROUTER_COMPATIBILITY_VERSION,
  });
  const warnings = messagesOf(result.warnings);
  if (!result.success) return { supergraph: null, errors: messagesOf(result.errors), warnings };
  return { supergraph: print(result.federatedGraphAST), errors: [], warnings };
};

/** The composers that gateways of today take their supergraphs from. */
export const COMPOSERS = { apollo, guild, cosmo };

function listOf(subgraphs: Readonly<Record<string, string>>) {
  return Object.entries(subgraphs).map(([name, sdl]) => ({
    name,
    url: `http://${name}.example/graphql`,
    typeDefs: parse(sdl),
  }));
}

function messagesOf(list: readonly { readonly message: string }[]): string[] {
  return list.map(({ message }) => message);
}
