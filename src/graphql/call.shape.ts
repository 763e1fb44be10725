import type { CallEvent } from '../call/event.js';
import type { CallView, PartyView } from '../call/view.js';
import type { Call, CallParty } from './call.types.js';

/** The name of a device is looked up when it is asked for. */
type CallShape = Omit<Call, 'caller' | 'callee'> & {
  readonly caller: PartyShape;
  readonly callee: PartyShape;
};
type PartyShape = Omit<CallParty, 'device'> & { readonly device: { id: string; accountId: string } | null };

/** A call in the shape of the schema. */
export function shapeOfCall(view: CallView): CallShape {
  const { createdAt, ringingAt, answeredAt, connectedAt, endedAt } = view;
  return {
    ...view,
    caller: shapeOfParty(view.caller),
    callee: shapeOfParty(view.callee),
    createdAt: new Date(createdAt),
    ringingAt: dateOf(ringingAt),
    answeredAt: dateOf(answeredAt),
    connectedAt: dateOf(connectedAt),
    endedAt: dateOf(endedAt),
  };
}

/** An event in the shape of the schema; `type` names its GraphQL type. */
export function shapeOfEvent(event: CallEvent): object {
  const at = new Date(event.at);
  if (event.type === 'StreamReady') return { ...event, at, openCalls: event.openCalls.map(shapeOfCall) };
  return 'call' in event ? { ...event, at, call: shapeOfCall(event.call) } : { ...event, at };
}

function shapeOfParty({ accountId, deviceId }: PartyView): PartyShape {
  return { account: { id: accountId }, device: deviceId === null ? null : { id: deviceId, accountId } };
}

function dateOf(unixMs: number | null): Date | null {
  return unixMs === null ? null : new Date(unixMs);
}
