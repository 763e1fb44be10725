import { GraphQLScalarType } from 'graphql';
import { GraphQLDateTime } from 'graphql-scalars';
import { Field, ID, InterfaceType, ObjectType, type ClassType } from './type-graphql.js';
import { CallEndReasonEnum, CallRoleEnum, CallStateEnum, StreamCloseReasonEnum } from './call.enums.js';
import { Call, IceCandidate, SessionDescription } from './call.types.js';

export const CursorType = new GraphQLScalarType<string, string>({
  name: 'Cursor',
  description: "Opaque position in a device's event stream. Store it; pass it back as `after`.",
  serialize: String,
  parseValue: (value) => (typeof value === 'string' ? value : ''),
  // A cursor that is not one is no error: the stream begins anew.
  parseLiteral: (node) => (node.kind === 'StringValue' ? node.value : ''),
});

@InterfaceType('CallEvent', {
  description: 'Something that a device must know about its calls.',
  resolveType: (event: { type: string }) => event.type,
})
export abstract class CallEvent {
  @Field(() => CursorType, { description: 'The position right after this event.' })
  cursor!: string;

  @Field(() => GraphQLDateTime, { description: "When it happened, by the server's clock." })
  at!: Date;
}

@ObjectType('StreamReady', {
  implements: CallEvent,
  description: `First on every (re)subscription, and again whenever the server had to start over (behind a gateway, in mid-stream). resumed: false
means that \`openCalls\` is the truth now and replaces what the client knew. \`cursor\` is the position before the event that follows.`,
})
export class StreamReady extends CallEvent {
  @Field(() => Boolean, { description: 'Every event since the cursor follows.' })
  resumed!: boolean;

  @Field(() => [Call], { description: "The viewer's calls that have not ended." })
  openCalls!: Call[];
}

@ObjectType('CallInvited', { implements: CallEvent, description: 'The device is being called: ring.' })
export class CallInvited extends CallEvent {
  @Field(() => Call, { description: 'The call, as of delivery.' })
  call!: Call;

  @Field(() => SessionDescription, { description: 'The offer to answer.' })
  offer!: SessionDescription;
}

@ObjectType('CallStateChanged', { implements: CallEvent, description: 'A call moved.' })
export class CallStateChanged extends CallEvent {
  @Field(() => Call, { description: 'The call, as of delivery.' })
  call!: Call;

  @Field(() => CallStateEnum, { description: 'The state, as of the event.' })
  state!: string;

  @Field(() => CallEndReasonEnum, { nullable: true, description: 'Why it ended, as of the event.' })
  endReason!: string | null;
}

@ObjectType('DescriptionReceived', { implements: CallEvent, description: 'The other side sent a description.' })
export class DescriptionReceived extends CallEvent {
  @Field(() => ID, { description: 'The call.' })
  callId!: string;

  @Field(() => CallRoleEnum, { description: 'The side that sent it.' })
  from!: string;

  @Field(() => SessionDescription, { description: 'Offer, answer or rollback.' })
  description!: SessionDescription;

  @Field(() => Boolean, { description: "Perfect negotiation: the callee's side is polite." })
  polite!: boolean;

  @Field(() => Boolean, {
    description:
      'The viewer had an unanswered offer of its own, which is void now: roll it back, answer this one, then offer again.',
  })
  collision!: boolean;
}

@ObjectType('IceCandidatesReceived', { implements: CallEvent, description: 'The other side sent ICE candidates.' })
export class IceCandidatesReceived extends CallEvent {
  @Field(() => ID, { description: 'The call.' })
  callId!: string;

  @Field(() => CallRoleEnum, { description: 'The side that sent them.' })
  from!: string;

  @Field(() => [IceCandidate], { description: 'In the order in which they were sent.' })
  candidates!: IceCandidate[];

  @Field(() => Boolean, { description: "No more follow for the sender's latest description." })
  endOfCandidates!: boolean;
}

@ObjectType('StreamClosed', {
  implements: CallEvent,
  description:
    'The server gives up this stream; the cursor (of the last event sent) stays good for the next subscription.',
})
export class StreamClosed extends CallEvent {
  @Field(() => StreamCloseReasonEnum, { description: 'Why.' })
  reason!: string;
}

/** Types that only the interface leads to. */
export const eventTypes: readonly ClassType[] = [
  StreamReady,
  CallInvited,
  CallStateChanged,
  DescriptionReceived,
  IceCandidatesReceived,
  StreamClosed,
];
