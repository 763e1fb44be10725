import { Ctx, Directive, Query, Resolver } from './type-graphql.js';
import type { RelayCredentials } from '../relay/credentials.js';
import { next, type Soon } from '../soon.js';
import type { CallContext } from './context.js';
import { CallRelay } from './relay.types.js';

@Resolver()
export class RelayResolver {
  @Query(() => CallRelay, {
    nullable: true,
    description: `TURN credentials for a 1:1 call. Null only together with an error: CALL_RELAY_UNAUTHORIZED,
CALL_RELAY_RATE_LIMITED (with retryAfterSeconds), CALL_RELAY_PROVIDER_ERROR or CALL_UNAVAILABLE.`,
  })
  @Directive('@auth')
  @Directive('@rateLimit(bucket: "callRelay", max: 20, windowSeconds: 600)')
  callRelay(@Ctx() { callSignaling }: CallContext): Soon<RelayCredentials> {
    return next(callSignaling.viewer(), (viewer) => callSignaling.services.relay.issue(viewer));
  }
}
