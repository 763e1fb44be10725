import {
  Arg,
  Args,
  ArgsType,
  Ctx,
  Directive,
  Field,
  FieldResolver,
  ID,
  Int,
  Mutation,
  Query,
  Resolver,
  Root,
} from './type-graphql.js';
import type { CallMedia, ConnectionReport, SdpType } from '../call/call.js';
import type { HangUpReason } from '../call/party.js';
import type { DeclineReason } from '../call/ring.js';
import {
  AnswerCallInput,
  DeclineCallInput,
  HangUpCallInput,
  ReportConnectionInput,
  SendDescriptionInput,
  SendIceCandidatesInput,
  StartCallInput,
} from './call.inputs.js';
import { shapeOfCall } from './call.shape.js';
import { Call, Device, SignalReceipt, StartCallPayload } from './call.types.js';
import type { CallContext } from './context.js';

const READ = '@rateLimit(bucket: "read", max: 600, windowSeconds: 60, scope: DEVICE)';
const CONTROL = '@rateLimit(bucket: "control", max: 600, windowSeconds: 60, scope: DEVICE)';

@ArgsType()
class RecentCallsArgs {
  @Field(() => Int, { defaultValue: 20, description: 'How many, 1 to 50.' })
  first!: number;
}

/** One line for each: what is allowed, and what happens, is said in `call/`. */
@Resolver()
export class CallResolver {
  @Query(() => Call, {
    nullable: true,
    description:
      "A call the viewer takes part in; null when there is none (also when it exists but is not the viewer's).",
  })
  @Directive('@auth')
  @Directive(READ)
  async call(@Ctx() { callSignaling }: CallContext, @Arg('id', () => ID, { description: 'The call.' }) id: string) {
    const view = await callSignaling.services.calls.call(await callSignaling.viewer(), id);
    return view && shapeOfCall(view);
  }

  @Query(() => [Call], { nullable: true, description: "The viewer's calls that have not ended." })
  @Directive('@auth')
  @Directive(READ)
  async openCalls(@Ctx() { callSignaling }: CallContext) {
    return (await callSignaling.services.calls.openCalls(await callSignaling.viewer())).map(shapeOfCall);
  }

  @Query(() => [Call], {
    nullable: true,
    description: "The viewer's calls of the last 24 hours, newest first, ended ones included; `first` at most 50.",
  })
  @Directive('@auth')
  @Directive(READ)
  async recentCalls(@Ctx() { callSignaling }: CallContext, @Args(() => RecentCallsArgs) { first }: RecentCallsArgs) {
    return (await callSignaling.services.calls.recentCalls(await callSignaling.viewer(), first)).map(shapeOfCall);
  }

  @Mutation(() => StartCallPayload, {
    description: `Rings the callee's devices. CALL_STATE_CONFLICT: the pair has another open call; CALL_SIGNAL_CONFLICT: the
clientCallId was used with other content.`,
  })
  @Directive('@auth')
  @Directive('@rateLimit(bucket: "startCall", max: 30, windowSeconds: 60)')
  async startCall(
    @Ctx() { callSignaling }: CallContext,
    @Arg('input', () => StartCallInput, { description: 'Whom, and with what.' }) input: StartCallInput,
  ) {
    const { outcome, call, offerId } = await callSignaling.services.calls.startCall(await callSignaling.viewer(), {
      clientCallId: input.clientCallId,
      calleeAccountId: input.calleeAccountId,
      calleeDeviceId: input.calleeDeviceId ?? null,
      media: input.media as CallMedia,
      offerSdp: input.offerSdp,
      replacesCallId: input.replacesCallId ?? null,
      attachment: input.attachment ?? null,
    });
    return { outcome, call: shapeOfCall(call), offerId };
  }

  @Mutation(() => Call, { description: 'A callee device shows the call to its user.' })
  @Directive('@auth')
  @Directive(CONTROL)
  async reportRinging(
    @Ctx() { callSignaling }: CallContext,
    @Arg('callId', () => ID, { description: 'The call.' }) callId: string,
  ) {
    return shapeOfCall(await callSignaling.services.calls.reportRinging(await callSignaling.viewer(), callId));
  }

  @Mutation(() => Call, {
    description: 'First callee device wins, atomically; every other device is told ANSWERED_ELSEWHERE.',
  })
  @Directive('@auth')
  @Directive(CONTROL)
  async answerCall(
    @Ctx() { callSignaling }: CallContext,
    @Arg('input', () => AnswerCallInput, { description: 'Which call, and with what.' }) input: AnswerCallInput,
  ) {
    return shapeOfCall(await callSignaling.services.calls.answerCall(await callSignaling.viewer(), input));
  }

  @Mutation(() => Call, { description: 'A callee device does not take the call.' })
  @Directive('@auth')
  @Directive(CONTROL)
  async declineCall(
    @Ctx() { callSignaling }: CallContext,
    @Arg('input', () => DeclineCallInput, { description: 'Which call, and why.' }) { callId, reason }: DeclineCallInput,
  ) {
    const { calls } = callSignaling.services;
    return shapeOfCall(await calls.declineCall(await callSignaling.viewer(), callId, reason as DeclineReason));
  }

  @Mutation(() => Call, {
    description: 'Cancels, or ends, the call. Idempotent. Has a bucket of its own: nothing else can use it up.',
  })
  @Directive('@auth')
  @Directive('@rateLimit(bucket: "hangUp", max: 600, windowSeconds: 60, scope: DEVICE)')
  async hangUpCall(
    @Ctx() { callSignaling }: CallContext,
    @Arg('input', () => HangUpCallInput, { description: 'Which call, and why.' }) { callId, reason }: HangUpCallInput,
  ) {
    const { calls } = callSignaling.services;
    return shapeOfCall(await calls.hangUpCall(await callSignaling.viewer(), callId, reason as HangUpReason));
  }

  @Mutation(() => SignalReceipt, {
    description: 'An offer, answer or rollback after the first exchange: ICE restart, hold, audio to video.',
  })
  @Directive('@auth')
  @Directive('@rateLimit(bucket: "description", max: 300, windowSeconds: 60, scope: DEVICE)')
  async sendDescription(
    @Ctx() { callSignaling }: CallContext,
    @Arg('input', () => SendDescriptionInput, { description: 'The description.' }) input: SendDescriptionInput,
  ) {
    const { services, waiting } = callSignaling;
    const description = { ...input, type: input.type as SdpType, inReplyTo: input.inReplyTo ?? null };
    return services.calls.sendDescription(await callSignaling.viewer(), description, waiting.onWait);
  }

  @Mutation(() => SignalReceipt, { description: 'Candidates of this device, in batches, in order.' })
  @Directive('@auth')
  @Directive('@rateLimit(bucket: "candidates", max: 1200, windowSeconds: 60, scope: DEVICE)')
  async sendIceCandidates(
    @Ctx() { callSignaling }: CallContext,
    @Arg('input', () => SendIceCandidatesInput, { description: 'The candidates.' }) input: SendIceCandidatesInput,
  ) {
    const { services, waiting } = callSignaling;
    const candidates = input.candidates.map(({ candidate, sdpMid, sdpMLineIndex, usernameFragment }) => ({
      candidate,
      sdpMid: sdpMid ?? null,
      sdpMLineIndex: sdpMLineIndex ?? null,
      usernameFragment: usernameFragment ?? null,
    }));
    const batch = { ...input, candidates };
    return services.calls.sendIceCandidates(await callSignaling.viewer(), batch, waiting.onWait);
  }

  @Mutation(() => Call, { description: "The device's own RTCPeerConnection became connected, or lost its peer." })
  @Directive('@auth')
  @Directive(CONTROL)
  async reportConnection(
    @Ctx() { callSignaling }: CallContext,
    @Arg('input', () => ReportConnectionInput, { description: 'Which call, and the present state.' })
    { callId, connection }: ReportConnectionInput,
  ) {
    const { calls } = callSignaling.services;
    return shapeOfCall(
      await calls.reportConnection(await callSignaling.viewer(), callId, connection as ConnectionReport),
    );
  }
}

@Resolver(() => Device)
export class DeviceResolver {
  @FieldResolver(() => String)
  name(@Root() device: Device, @Ctx() { callSignaling }: CallContext): Promise<string | null> {
    return callSignaling.services.deviceName(device);
  }
}
