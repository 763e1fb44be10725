import type {
  Call,
  CallEndReason,
  CallError,
  CallErrorDetails,
  CallStats,
  CallStatus,
} from 'voip-call-signaling/client';

type Direction = Call['direction'];

/** What a call is doing, for somebody who looks at it. */
export function stateText(state: CallStatus, direction: Direction): string {
  switch (state) {
    case 'STARTING':
      return 'Getting ready…';
    case 'DETACHED':
      return 'Open, but not on this page';
    case 'INITIATED':
      return direction === 'outgoing' ? 'Calling…' : 'Answering…';
    case 'RINGING':
      return direction === 'outgoing' ? 'Ringing…' : 'Answering…';
    case 'CONNECTING':
      return 'Connecting…';
    case 'ACTIVE':
      return 'Connected';
    case 'RECONNECTING':
      return 'Reconnecting…';
    case 'ENDED':
      return 'Call ended';
  }
}

export interface Ending {
  readonly title: string;
  readonly text: string;
}

/** Why a call ended. @param name the other side's account */
export function endingOf(reason: CallEndReason, direction: Direction, name: string): Ending {
  const outgoing = direction === 'outgoing';
  switch (reason) {
    case 'COMPLETED':
      return { title: 'Call ended', text: `You were talking to ${name}.` };
    case 'DECLINED':
      return outgoing
        ? { title: 'Declined', text: `${name} declined the call.` }
        : { title: 'Declined', text: `You declined the call.` };
    case 'CANCELLED':
      return outgoing
        ? { title: 'Cancelled', text: `You hung up before ${name} answered.` }
        : { title: 'Missed call', text: `${name} hung up before you answered.` };
    case 'NO_ANSWER':
      return outgoing
        ? { title: 'No answer', text: `It rang, but ${name} did not answer.` }
        : { title: 'Missed call', text: `${name} tried to reach you.` };
    case 'UNREACHABLE':
      return { title: 'Not reachable', text: `No device of ${name}’s is online.` };
    case 'BUSY':
      return { title: 'Busy', text: outgoing ? `${name} is in another call.` : 'You were in another call.' };
    case 'ANSWERED_ELSEWHERE':
      return { title: 'Answered elsewhere', text: 'You took the call on another of your devices.' };
    case 'DECLINED_ELSEWHERE':
      return { title: 'Declined elsewhere', text: 'You declined the call on another of your devices.' };
    case 'CONNECT_FAILED':
      return { title: 'No connection', text: `No path was found between you and ${name}.` };
    case 'CONNECTION_LOST':
      return { title: 'Connection lost', text: `You and ${name} lost each other, and it did not come back.` };
    case 'SIGNALING_LOST':
      return { title: 'Connection lost', text: 'The service lost track of the call.' };
    case 'MEDIA_FAILED':
      return { title: 'No microphone', text: `A microphone or camera could not be used at ${name}’s end.` };
    case 'DEVICE_REVOKED':
      return { title: 'Device removed', text: 'One of the two devices was removed from its account.' };
    case 'REPLACED':
      return { title: 'Call ended', text: `${name} started the call anew, and it did not arrive.` };
    case 'NOT_ALLOWED':
      return { title: 'Not allowed', text: `You may not call ${name}.` };
    default:
      return { title: 'Call ended', text: 'The service ended it for a reason that this page does not know.' };
  }
}

const ERRORS: Readonly<Record<string, string>> = {
  CALL_INPUT_INVALID: 'There can be no account of that name.',
  CALL_STATE_CONFLICT: 'You two are in a call already, on another of your devices. Hang up there, or wait a minute.',
  CALL_UNAUTHORIZED: 'The service does not know who you are any more. Switch the account, and come back.',
  CALL_UNAVAILABLE: 'The service cannot be reached at the moment.',
  NOT_CONNECTED: 'The service cannot be reached at the moment.',
  PEER_FAILED: 'The browser could not set up the connection.',
};

export function errorText({ code, details }: CallError): string {
  if (code === 'MEDIA_FAILED') return mediaText(details.media);
  if (code === 'CALL_RATE_LIMITED') return `Too many calls in a short time. ${waitText(details.retryAfterMs)}`;
  return ERRORS[code] ?? 'Something went wrong.';
}

/** What a user can do about it is in the browser's reason: names of Media Capture and Streams, section 10.3. */
function mediaText(media: CallErrorDetails['media']): string {
  const { audio = true, video = false, reason = '' } = media ?? {};
  const what = video ? (audio ? 'microphone or camera' : 'camera') : 'microphone';
  switch (reason) {
    case 'NotAllowedError':
      return `This page may not use your ${what}. Allow it beside the address of the page, then try again.`;
    case 'NotFoundError':
      return `No ${what} was found. Connect one, then try again.`;
    case 'NotReadableError':
    case 'AbortError':
      return `Your ${what} is in use by another program, or does not work. Close that program, then try again.`;
    default:
      return `Your ${what} cannot be used here. Browsers allow it on https and on localhost only.`;
  }
}

function waitText(waitMs = 0): string {
  return waitMs > 0 ? `Try again in ${Math.ceil(waitMs / 1000)} seconds.` : 'Wait a minute, then try again.';
}

const PATHS: Readonly<Record<CallStats['path'], string>> = {
  host: 'Direct (host)',
  srflx: 'Direct through NAT (srflx)',
  relay: 'Relayed (relay)',
};

/** How the two sides reach each other, for example `Direct (host) · UDP · 12 ms`. */
export function pathText({ path, protocol, rttMs }: CallStats): string {
  const rtt = rttMs === null ? [] : [`${Math.max(Math.round(rttMs), 1)} ms`];
  return [PATHS[path], protocol.toUpperCase(), ...rtt].join(' · ');
}

/** For example `4:07`, or `1:00:00`. */
export function durationText(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const two = (value: number): string => String(value).padStart(2, '0');
  const minutes = Math.floor(seconds / 60);
  const rest = `${two(minutes % 60)}:${two(seconds % 60)}`;
  return minutes >= 60 ? `${Math.floor(minutes / 60)}:${rest}` : rest.replace(/^0/, '');
}
