import {
  DirectiveLocation,
  GraphQLDirective,
  GraphQLEnumType,
  GraphQLInt,
  GraphQLNonNull,
  GraphQLString,
} from 'graphql';

/** What a rate limit is counted per. */
export type RateLimitScope = 'ACCOUNT' | 'DEVICE';

export const RateLimitScopeType = new GraphQLEnumType({
  name: 'RateLimitScope',
  description: 'What the executions of a field are counted per.',
  values: {
    ACCOUNT: { description: 'All devices of an account share the limit.' },
    DEVICE: { description: 'Each device has the limit to itself.' },
  },
});

export const authDirective = new GraphQLDirective({
  name: 'auth',
  description: 'The caller must hold a valid session of an active, registered device.',
  locations: [DirectiveLocation.FIELD_DEFINITION],
});

export const rateLimitDirective = new GraphQLDirective({
  name: 'rateLimit',
  description: 'At most `max` executions of the field in `windowSeconds`, counted per account (or per device).',
  locations: [DirectiveLocation.FIELD_DEFINITION],
  args: {
    bucket: {
      type: new GraphQLNonNull(GraphQLString),
      description: 'Fields that name the same bucket share the limit; also the name under which it can be configured.',
    },
    max: { type: new GraphQLNonNull(GraphQLInt), description: 'Executions allowed in one window.' },
    windowSeconds: {
      type: new GraphQLNonNull(GraphQLInt),
      description: 'Length of a window, which begins with the first execution, in seconds.',
    },
    scope: {
      type: new GraphQLNonNull(RateLimitScopeType),
      defaultValue: 'ACCOUNT',
      description: 'What is counted per.',
    },
  },
});

/** The arguments of `@rateLimit`, defaults filled in. */
export interface RateLimitArguments {
  readonly bucket: string;
  readonly max: number;
  readonly windowSeconds: number;
  readonly scope: RateLimitScope;
}

const FEDERATION = 'https://specs.apollo.dev/federation/v2.5';
/** Identity of this project's own directives in a supergraph; nothing is fetched from it. */
const OWN_DIRECTIVES = 'https://voip-call-signaling.example/directives/v1.0';

/**
 * What makes the schema a federation subgraph.
 *
 * @param composed whether `@auth` and `@rateLimit` are carried into the supergraph; off where another subgraph composes
 *   directives of those names
 */
export function federationLinks(composed: boolean): string {
  return composed
    ? `extend schema
         @link(url: "${FEDERATION}", import: ["@key", "@shareable", "@composeDirective"])
         @link(url: "${OWN_DIRECTIVES}", import: ["@auth", "@rateLimit"])
         @composeDirective(name: "@auth")
         @composeDirective(name: "@rateLimit")`
    : `extend schema @link(url: "${FEDERATION}", import: ["@key", "@shareable"])`;
}
