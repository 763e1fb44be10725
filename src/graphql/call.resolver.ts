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
import type { CallView } from '../call/view.js';
import type { Viewer } from '../identity/viewer.js';
import { next, type Soon } from '../soon.js';
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
import type { CallContext, Services } from './context.js';

const READ = '@rateLimit(bucket: "read", max: 600, windowSeconds: 60, scope: DEVICE)';
const CONTROL = '@rateLimit(bucket: "control", max: 600, windowSeconds: 60, scope: DEVICE)';

@ArgsType()
class RecentCallsArgs {
  @Field(() => Int, { defaultValue: 20, description: 'How many, 1 to 50.' })
  first!: number;
}

type Calls = Services['calls'];

/** What is asked of calls by a caller who is let in: in the same turn where nothing has to be waited for. */
function asViewer<Result>(
  { callSignaling }: CallContext,
  work: (viewer: Viewer, calls: Calls) => Soon<Result>,
): Soon<Result> {
  return next(callSignaling.viewer(), (viewer) => work(viewer, callSignaling.services.calls));
}

/** A change of a call, which is answered with the call. */
function moved(context: CallContext, move: (viewer: Viewer, calls: Calls) => Soon<CallView>): Soon<object> {
  return next(asViewer(context, move), shapeOfCall);
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
  call(@Ctx() { callSignaling }: CallContext, @Arg('id', () => ID, { description: 'The call.' }) id: string) {
    return next(callSignaling.reads(), async (reads) => {
      const view = await reads.call(id);
      return view && shapeOfCall(view);
    });
  }

  @Query(() => [Call], { nullable: true, description: "The viewer's calls that have not ended." })
  @Directive('@auth')
  @Directive(READ)
  openCalls(@Ctx() { callSignaling }: CallContext) {
    return next(callSignaling.reads(), async (reads) => (await reads.openCalls()).map(shapeOfCall));
  }

  @Query(() => [Call], {
    nullable: true,
    description: "The viewer's calls of the last 24 hours, newest first, ended ones included; `first` at most 50.",
  })
  @Directive('@auth')
  @Directive(READ)
  recentCalls(@Ctx() { callSignaling }: CallContext, @Args(() => RecentCallsArgs) { first }: RecentCallsArgs) {
    return next(callSignaling.reads(), async (reads) => (await reads.recentCalls(first)).map(shapeOfCall));
  }

  @Mutation(() => StartCallPayload, {
    description: `Rings the callee's devices. CALL_STATE_CONFLICT: the pair has another open call; CALL_SIGNAL_CONFLICT: the
clientCallId was used with other content.`,
  })
  @Directive('@auth')
  @Directive('@rateLimit(bucket: "startCall", max: 30, windowSeconds: 60)')
  startCall(
    @Ctx() context: CallContext,
    @Arg('input', () => StartCallInput, { description: 'Whom, and with what.' }) input: StartCallInput,
  ) {
    const start = {
      clientCallId: input.clientCallId,
      calleeAccountId: input.calleeAccountId,
      calleeDeviceId: input.calleeDeviceId ?? null,
      media: input.media as CallMedia,
      offerSdp: input.offerSdp,
      replacesCallId: input.replacesCallId ?? null,
      attachment: input.attachment ?? null,
    };
    return asViewer(context, (viewer, calls) =>
      next(calls.startCall(viewer, start), (started) => ({ ...started, call: shapeOfCall(started.call) })),
    );
  }

  @Mutation(() => Call, { description: 'A callee device shows the call to its user.' })
  @Directive('@auth')
  @Directive(CONTROL)
  reportRinging(@Ctx() context: CallContext, @Arg('callId', () => ID, { description: 'The call.' }) callId: string) {
    return moved(context, (viewer, calls) => calls.reportRinging(viewer, callId));
  }

  @Mutation(() => Call, {
    description: 'First callee device wins, atomically; every other device is told ANSWERED_ELSEWHERE.',
  })
  @Directive('@auth')
  @Directive(CONTROL)
  answerCall(
    @Ctx() context: CallContext,
    @Arg('input', () => AnswerCallInput, { description: 'Which call, and with what.' }) input: AnswerCallInput,
  ) {
    return moved(context, (viewer, calls) => calls.answerCall(viewer, input));
  }

  @Mutation(() => Call, { description: 'A callee device does not take the call.' })
  @Directive('@auth')
  @Directive(CONTROL)
  declineCall(
    @Ctx() context: CallContext,
    @Arg('input', () => DeclineCallInput, { description: 'Which call, and why.' }) { callId, reason }: DeclineCallInput,
  ) {
    return moved(context, (viewer, calls) => calls.declineCall(viewer, callId, reason as DeclineReason));
  }

  @Mutation(() => Call, {
    description: 'Cancels, or ends, the call. Idempotent. Has a bucket of its own: nothing else can use it up.',
  })
  @Directive('@auth')
  @Directive('@rateLimit(bucket: "hangUp", max: 600, windowSeconds: 60, scope: DEVICE)')
  hangUpCall(
    @Ctx() context: CallContext,
    @Arg('input', () => HangUpCallInput, { description: 'Which call, and why.' }) { callId, reason }: HangUpCallInput,
  ) {
    return moved(context, (viewer, calls) => calls.hangUpCall(viewer, callId, reason as HangUpReason));
  }

  @Mutation(() => SignalReceipt, {
    description: 'An offer, answer or rollback after the first exchange: ICE restart, hold, audio to video.',
  })
  @Directive('@auth')
  @Directive('@rateLimit(bucket: "description", max: 300, windowSeconds: 60, scope: DEVICE)')
  sendDescription(
    @Ctx() context: CallContext,
    @Arg('input', () => SendDescriptionInput, { description: 'The description.' }) input: SendDescriptionInput,
  ) {
    const description = { ...input, type: input.type as SdpType, inReplyTo: input.inReplyTo ?? null };
    const { onWait } = context.callSignaling.waiting;
    return asViewer(context, (viewer, calls) => calls.sendDescription(viewer, description, onWait));
  }

  @Mutation(() => SignalReceipt, { description: 'Candidates of this device, in batches, in order.' })
  @Directive('@auth')
  @Directive('@rateLimit(bucket: "candidates", max: 1200, windowSeconds: 60, scope: DEVICE)')
  sendIceCandidates(
    @Ctx() context: CallContext,
    @Arg('input', () => SendIceCandidatesInput, { description: 'The candidates.' }) input: SendIceCandidatesInput,
  ) {
    const candidates = input.candidates.map(({ candidate, sdpMid, sdpMLineIndex, usernameFragment }) => ({
      candidate,
      sdpMid: sdpMid ?? null,
      sdpMLineIndex: sdpMLineIndex ?? null,
      usernameFragment: usernameFragment ?? null,
    }));
    const batch = { ...input, candidates };
    const { onWait } = context.callSignaling.waiting;
    return asViewer(context, (viewer, calls) => calls.sendIceCandidates(viewer, batch, onWait));
  }

  @Mutation(() => Call, { description: "The device's own RTCPeerConnection became connected, or lost its peer." })
  @Directive('@auth')
  @Directive(CONTROL)
  reportConnection(
    @Ctx() context: CallContext,
    @Arg('input', () => ReportConnectionInput, { description: 'Which call, and the present state.' })
    { callId, connection }: ReportConnectionInput,
  ) {
    return moved(context, (viewer, calls) => calls.reportConnection(viewer, callId, connection as ConnectionReport));
  }
}

@Resolver(() => Device)
export class DeviceResolver {
  @FieldResolver(() => String)
  name(@Root() device: Device, @Ctx() { callSignaling }: CallContext): Promise<string | null> {
    return callSignaling.services.deviceName(device);
  }
}
