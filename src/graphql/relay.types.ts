import { GraphQLDateTime } from 'graphql-scalars';
import { Field, Int, ObjectType } from './type-graphql.js';

@ObjectType('IceServer', { description: 'W3C RTCIceServer.' })
export class IceServer {
  @Field(() => [String], { description: 'turn: and turns: URLs (RFC 7065) that share the credentials.' })
  urls!: string[];

  @Field(() => String, { nullable: true, description: 'The same as turnUsername.' })
  username!: string | null;

  @Field(() => String, { nullable: true, description: 'The same as turnPassword.' })
  credential!: string | null;
}

@ObjectType('CallRelay', { description: 'Short-lived TURN credentials and where to use them.' })
export class CallRelay {
  @Field(() => String, { description: 'TURN user name (RFC 8489 long-term credential).' })
  turnUsername!: string;

  @Field(() => String, { description: 'TURN password. Secret: keep it in memory only.' })
  turnPassword!: string;

  @Field(() => Int, { description: 'How long the client may use the credentials, in seconds.' })
  turnTtlSeconds!: number;

  @Field(() => [String], { description: "turn:/turns: URLs with the provider's host name." })
  turnUrls!: string[];

  @Field(() => [String], {
    nullable: true,
    description: 'The same relay by address, IPv6 in brackets. Null when no address could be resolved.',
  })
  turnUrlsWithIps!: string[] | null;

  @Field(() => String, { nullable: true, description: 'Host name behind turnUrlsWithIps, for TLS verification.' })
  turnHostname!: string | null;

  @Field(() => [IceServer], { description: "Ready for RTCPeerConnection's iceServers." })
  iceServers!: IceServer[];

  @Field(() => GraphQLDateTime, { description: 'When the credentials stop working for new allocations.' })
  expiresAt!: Date;

  @Field(() => GraphQLDateTime, {
    description: 'When a client that keeps its credentials should ask again; before expiresAt.',
  })
  refreshAfter!: Date;
}
