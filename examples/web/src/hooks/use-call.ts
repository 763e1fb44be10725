import type { Call } from 'voip-call-signaling/client';
import { useObservable } from './use-observable';

/** All that a call tells, as it is now. What it can be told to do are its methods: `call.hangUp()`, `call.mute(true)` … */
export function useCall(call: Call) {
  return {
    state: useObservable(call.state),
    endReason: useObservable(call.endReason),
    error: useObservable(call.error),
    connection: useObservable(call.connection),
    localStream: useObservable(call.localStream),
    remoteStream: useObservable(call.remoteStream),
    remoteVideo: useObservable(call.remoteVideo),
    muted: useObservable(call.muted),
    camera: useObservable(call.camera),
  };
}
