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
      return live.leg.id;
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
    ring: () => outcomeOf(() => live.ring()),
    answer: (options = {}) => outcomeOf(() => live.accept(options)),
    decline: (how = 'everywhere') => outcomeOf(() => live.decline(how)),
    hangUp: () => outcomeOf(() => live.hangUp()),
    mute: (muted) => local.mute(muted),
    setCamera: (on) => outcomeOf(() => local.setCamera(on, live.leg.peer)),
    restartIce: () => live.leg.restartIce(),
    stats: async () => (live.leg.peer ? statsOf(live.leg.peer).catch(() => null) : null),
  };
}
