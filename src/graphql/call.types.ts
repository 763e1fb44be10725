import { GraphQLDateTime } from 'graphql-scalars';
import { Directive, Field, ID, Int, ObjectType } from './type-graphql.js';
import {
  CallEndReasonEnum,
  CallMediaEnum,
  CallRoleEnum,
  CallStateEnum,
  SdpTypeEnum,
  StartCallOutcomeEnum,
} from './call.enums.js';

@Directive('@key(fields: "id", resolvable: false)')
@ObjectType('Account', { description: 'An account, owned by another subgraph.' })
export class Account {
  @Field(() => ID, { description: 'Opaque, as the login service names it.' })
  id!: string;
}

@Directive('@key(fields: "accountId id", resolvable: false)')
@ObjectType('Device', { description: 'A registered device of an account.' })
export class Device {
  @Field(() => ID, { description: 'Opaque, as device-management names it.' })
  id!: string;

  @Field(() => ID, { description: 'The account it is registered to.' })
  accountId!: string;

  @Directive('@shareable')
  @Field(() => String, { nullable: true, description: 'What its owner calls it; null when not known.' })
  name!: string | null;
}

@ObjectType('CallParty', { description: 'One side of a call.' })
export class CallParty {
  @Field(() => Account, { description: 'The account on this side.' })
  account!: Account;

  @Field(() => Device, {
    nullable: true,
    description:
      "The calling device, or the one that answered (null until then). Always null for the other account's side: devices are private.",
  })
  device!: Device | null;
}

@ObjectType('SessionDescription', { description: 'A session description (RFC 8866, W3C RTCSessionDescription).' })
export class SessionDescription {
  @Field(() => ID, { description: 'What an answer names in inReplyTo.' })
  id!: string;

  @Field(() => SdpTypeEnum, { description: 'Offer, answer or rollback.' })
  type!: string;

  @Field(() => String, { description: 'The SDP text; empty for a rollback.' })
  sdp!: string;

  @Field(() => ID, { nullable: true, description: 'The offer that an answer answers.' })
  inReplyTo!: string | null;
}

@ObjectType('IceCandidate', { description: 'W3C RTCIceCandidateInit.' })
export class IceCandidate {
  @Field(() => String, {
    description: 'A candidate-attribute (RFC 8839, section 5.1); empty: end of candidates of its mid.',
  })
  candidate!: string;

  @Field(() => String, { nullable: true, description: 'Media stream identification tag (RFC 5888).' })
  sdpMid!: string | null;

  @Field(() => Int, { nullable: true, description: 'Index of the media description, from 0.' })
  sdpMLineIndex!: number | null;

  @Field(() => String, { nullable: true, description: 'ICE user name fragment: tells generations apart.' })
  usernameFragment!: string | null;
}

@Directive('@key(fields: "id")')
@ObjectType('Call', { description: 'A call between two accounts, as the viewer sees it.' })
export class Call {
  @Field(() => ID, { description: 'Opaque and unguessable.' })
  id!: string;

  @Field(() => CallStateEnum, { description: 'Where it stands, judged at the moment of reading.' })
  state!: string;

  @Field(() => CallMediaEnum, { description: 'What it was started with.' })
  media!: string;

  @Field(() => CallParty, { description: 'Who started it.' })
  caller!: CallParty;

  @Field(() => CallParty, { description: 'Who was called.' })
  callee!: CallParty;

  @Field(() => CallRoleEnum, { description: "The viewer's side." })
  viewerRole!: string;

  @Field(() => GraphQLDateTime, { description: 'When startCall made it.' })
  createdAt!: Date;

  @Field(() => GraphQLDateTime, { nullable: true, description: 'When the first device of the callee showed it.' })
  ringingAt!: Date | null;

  @Field(() => GraphQLDateTime, { nullable: true, description: 'When a device of the callee answered.' })
  answeredAt!: Date | null;

  @Field(() => GraphQLDateTime, { nullable: true, description: 'When a party first reported its peer connected.' })
  connectedAt!: Date | null;

  @Field(() => GraphQLDateTime, { nullable: true, description: 'When it ended for this viewer.' })
  endedAt!: Date | null;

  @Field(() => CallEndReasonEnum, { nullable: true, description: 'Why it ended for this viewer.' })
  endReason!: string | null;

  @Field(() => CallRoleEnum, { nullable: true, description: 'Who ended it; null when the server did.' })
  endedBy!: string | null;

  @Field(() => Int, {
    nullable: true,
    description:
      "Milliseconds until the server ends the present state, by the server's clock; null when nothing is due.",
  })
  remainingMs!: number | null;

  @Field(() => SessionDescription, {
    nullable: true,
    description: 'The description this viewer has to answer, if any.',
  })
  pendingOffer!: SessionDescription | null;

  @Field(() => ID, { nullable: true, description: 'The call that this one took the place of.' })
  replacesCallId!: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'What the caller sent along: opaque, for identity keys or display context.',
  })
  attachment!: string | null;

  @Field(() => Int, { description: "The clientSeq that this device's next signal for this call must carry." })
  nextClientSeq!: number;
}

@ObjectType('StartCallPayload', { description: 'What startCall did.' })
export class StartCallPayload {
  @Field(() => StartCallOutcomeEnum, { description: 'Whether the call is new, known, or theirs.' })
  outcome!: string;

  @Field(() => Call, { description: 'The call.' })
  call!: Call;

  @Field(() => ID, { description: 'The id that the offer of the call was given.' })
  offerId!: string;
}

@ObjectType('SignalReceipt', { description: 'The server has the signal, and will deliver it.' })
export class SignalReceipt {
  @Field(() => Int, { description: 'The number of the signal.' })
  clientSeq!: number;

  @Field(() => Boolean, { description: 'It had been received before; nothing was done again.' })
  duplicate!: boolean;

  @Field(() => ID, { nullable: true, description: 'The id that a description was given; null for candidates.' })
  descriptionId!: string | null;
}
