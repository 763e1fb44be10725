import type { Call } from './call.js';
import { outcomeOf } from './errors.js';
import type { LiveCall } from './live-call.js';
import { statsOf } from './stats.js';

/** What the user of a call sees of it. */
export function userCall(live: LiveCall): Call {
  const { about, progress, local, remote } = live;
  return {
    ...about,
    get id() {
      return live.id;
    },
    get peer() {
      return live.leg.peer;
    },
    state: progress.state,
    endReason: progress.endReason,
    error: progress.error,
    connection: remote.connection,
    localStream: local.stream,
    remoteStream: remote.stream,
    remoteVideo: remote.video,
    muted: local.muted,
    camera: local.camera,
    ring: () => outcomeOf(() => live.ringing.ring()),
    answer: ({ media = about.media, stream } = {}) => outcomeOf(() => live.ringing.accept(media, stream)),
    decline: (how = 'everywhere') => outcomeOf(() => live.ringing.decline(how)),
    hangUp: () => outcomeOf(() => live.hangUp()),
    rejoin: (options = {}) => outcomeOf(() => live.rejoin(options)),
    mute: (muted) => local.mute(muted),
    setCamera: (on) => outcomeOf(() => local.setCamera(on, live.leg.peer)),
    restartIce: () => live.leg.restartIce(),
    stats: async () => (live.leg.peer ? statsOf(live.leg.peer).catch(() => null) : null),
  };
}
