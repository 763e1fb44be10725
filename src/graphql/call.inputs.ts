import { Field, ID, InputType, Int } from './type-graphql.js';
import { CallMediaEnum, ConnectionReportEnum, DeclineReasonEnum, HangUpReasonEnum, SdpTypeEnum } from './call.enums.js';

@InputType('IceCandidateInput', { description: 'W3C RTCIceCandidateInit.' })
export class IceCandidateInput {
  @Field(() => String, { description: 'At most 2 KiB, one line; empty: end of candidates of its mid.' })
  candidate!: string;

  @Field(() => String, { nullable: true, description: 'At most 255 characters. Not null together with sdpMLineIndex.' })
  sdpMid?: string | null;

  @Field(() => Int, { nullable: true, description: '0 to 65535.' })
  sdpMLineIndex?: number | null;

  @Field(() => String, { nullable: true, description: '4 to 256 characters.' })
  usernameFragment?: string | null;
}

@InputType('StartCallInput', { description: 'Whom to call, and with what.' })
export class StartCallInput {
  @Field(() => ID, {
    description: 'Made by the client (UUID); the same value from the same device names the same call for ever.',
  })
  clientCallId!: string;

  @Field(() => ID, { description: 'The account to call.' })
  calleeAccountId!: string;

  @Field(() => ID, { nullable: true, description: 'Ring only this device of the callee.' })
  calleeDeviceId?: string | null;

  @Field(() => CallMediaEnum, { description: 'What to call with.' })
  media!: string;

  @Field(() => String, { description: 'The first offer, at most 64 KiB.' })
  offerSdp!: string;

  @Field(() => ID, {
    nullable: true,
    description: "Recovery: the viewer's own open call with the same account that this one takes the place of.",
  })
  replacesCallId?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Opaque, at most 4 KiB; the callee reads it in Call.attachment.',
  })
  attachment?: string | null;
}

@InputType('AnswerCallInput', { description: 'Which call to answer, and with what.' })
export class AnswerCallInput {
  @Field(() => ID, { description: 'The call.' })
  callId!: string;

  @Field(() => ID, { description: 'The offer that is answered.' })
  offerId!: string;

  @Field(() => String, { description: 'The answer, at most 64 KiB.' })
  answerSdp!: string;
}

@InputType('DeclineCallInput', { description: 'Which call not to take.' })
export class DeclineCallInput {
  @Field(() => ID, { description: 'The call.' })
  callId!: string;

  @Field(() => DeclineReasonEnum, { description: 'For the whole account, or for this device alone.' })
  reason!: string;
}

@InputType('HangUpCallInput', { description: 'Which call to end.' })
export class HangUpCallInput {
  @Field(() => ID, { description: 'The call.' })
  callId!: string;

  @Field(() => HangUpReasonEnum, { defaultValue: 'HUNG_UP', description: 'Why.' })
  reason!: string;
}

@InputType('SendDescriptionInput', {
  description:
    "inReplyTo: the offer that an ANSWER answers. ROLLBACK takes back one's own unanswered offer; its sdp is empty.",
})
export class SendDescriptionInput {
  @Field(() => ID, { description: 'The call.' })
  callId!: string;

  @Field(() => Int, { description: 'See SendIceCandidatesInput.clientSeq.' })
  clientSeq!: number;

  @Field(() => SdpTypeEnum, { description: 'Offer, answer or rollback.' })
  type!: string;

  @Field(() => String, { description: 'The SDP text, at most 64 KiB; empty for a rollback.' })
  sdp!: string;

  @Field(() => ID, { nullable: true, description: 'For an answer: the offer that it answers.' })
  inReplyTo?: string | null;
}

@InputType('SendIceCandidatesInput', { description: 'ICE candidates of this device.' })
export class SendIceCandidatesInput {
  @Field(() => ID, { description: 'The call.' })
  callId!: string;

  @Field(() => Int, {
    description:
      '1, 2, 3 … per device and call, over sendDescription and sendIceCandidates together; see Call.nextClientSeq.',
  })
  clientSeq!: number;

  @Field(() => [IceCandidateInput], { description: 'At most 50; none only with endOfCandidates.' })
  candidates!: IceCandidateInput[];

  @Field(() => Boolean, { defaultValue: false, description: "No more follow for this device's latest description." })
  endOfCandidates!: boolean;
}

@InputType('ReportConnectionInput', { description: "What became of the device's connection to its peer." })
export class ReportConnectionInput {
  @Field(() => ID, { description: 'The call.' })
  callId!: string;

  @Field(() => ConnectionReportEnum, { description: 'The present state.' })
  connection!: string;
}
