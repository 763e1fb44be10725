import type { Call, CallStatus, Observable } from 'voip-call-signaling/client';
import { endingOf, errorText, pathText } from './words';

export interface TimelineEntry {
  readonly at: Date;
  readonly text: string;
  readonly tone: 'plain' | 'good' | 'bad';
}

/** What happened in a call, and when. Kept after its end. */
export interface Timeline extends Observable<readonly TimelineEntry[]> {
  /** When the two first heard each other; null: never. */
  readonly connectedAt: Date | null;
  readonly endedAt: Date | null;
}

const timelines = new WeakMap<Call, Timeline>();

/** Written from the first time that it is asked for. */
export function timelineOf(call: Call): Timeline {
  let timeline = timelines.get(call);
  if (!timeline) timelines.set(call, (timeline = writeTimeline(call)));
  return timeline;
}

function writeTimeline(call: Call): Timeline {
  const { account, direction } = call;
  const outgoing = direction === 'outgoing';
  const listeners = new Set<(entries: readonly TimelineEntry[]) => void>();
  let entries: readonly TimelineEntry[] = [];
  let connectedAt: Date | null = null;
  let endedAt: Date | null = null;

  const write = (text: string, tone: TimelineEntry['tone'] = 'plain'): void => {
    entries = [...entries, { at: new Date(), text, tone }];
    for (const listener of listeners) listener(entries);
  };
  const kind = call.media === 'VIDEO' ? 'video call' : 'voice call';
  if (call.state.value === 'DETACHED') write(`A ${kind} with ${account}`);
  else write(outgoing ? `You start a ${kind} to ${account}` : `${account} starts a ${kind} to you`);

  const onState = (state: CallStatus): void => {
    switch (state) {
      case 'INITIATED':
        return outgoing ? write(`The service tells ${account}’s devices`) : undefined;
      case 'RINGING':
        return write(outgoing ? `It rings at ${account}’s` : 'It rings here');
      case 'CONNECTING':
        // An outgoing call that was not offered but answered from here: that of the other side, who called as well.
        if (outgoing && call.peer?.localDescription?.type === 'answer') {
          write('You called each other at the same moment: one call');
        }
        return write(outgoing ? `${account} answered` : 'You answered');
      case 'ACTIVE':
        if (connectedAt) write('Connected again', 'good');
        else write('Connected', 'good');
        connectedAt ??= new Date();
        return void call.stats().then((stats) => stats && write(`Path: ${pathText(stats)}`));
      case 'RECONNECTING':
        return write('Connection lost, looking for another path', 'bad');
      case 'DETACHED':
        return write('Open without this page');
      case 'ENDED': {
        endedAt = new Date();
        const reason = call.endReason.value;
        return write(
          reason ? endingOf(reason, direction, account).title : 'Not connected',
          connectedAt ? 'plain' : 'bad',
        );
      }
      case 'STARTING':
    }
  };
  call.state.subscribe((state) => {
    watchPeer();
    onState(state);
  });
  call.error.subscribe((error) => error && write(errorText(error), 'bad'));
  // A call that ends switches the cameras off first, which is not worth a word.
  const writeUnlessEnded = (text: string): void => queueMicrotask(() => endedAt ?? write(text));
  call.remoteVideo.subscribe((on) => writeUnlessEnded(`${account}’s camera is ${on ? 'on' : 'off'}`));
  call.camera.subscribe((on) => writeUnlessEnded(`Your camera is ${on ? 'on' : 'off'}`));
  call.muted.subscribe((muted) => write(muted ? 'You are muted' : 'You can be heard'));

  // A call may come to another peer connection: with glare, and after a reload of the other side's page.
  let peer: RTCPeerConnection | null = null;
  const watchPeer = (): void => {
    if (call.peer === null || call.peer === peer) return;
    const watched = (peer = call.peer);
    watched.addEventListener('icegatheringstatechange', () => {
      if (watched.iceGatheringState === 'gathering' && connectedAt) write('ICE restart');
    });
  };
  watchPeer();
  if (!outgoing || call.state.value === 'DETACHED') onState(call.state.value);

  return {
    get value() {
      return entries;
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    get connectedAt() {
      return connectedAt;
    },
    get endedAt() {
      return endedAt;
    },
  };
}
