import type { Call } from 'voip-call-signaling/client';
import { useCall } from '../hooks/use-call';
import { useFocusOnMount } from '../hooks/use-focus';
import { useStats } from '../hooks/use-stats';
import { Avatar } from '../parts/avatar';
import { CallControls, DetachedControls } from '../parts/call-controls';
import { Elapsed } from '../parts/elapsed';
import { Picture } from '../parts/picture';
import type { Timeline } from '../phone/timeline';
import { errorText, pathText, stateText } from '../phone/words';

export interface CallStageProps {
  readonly call: Call;
  readonly timeline: Timeline;
}

/** A call that goes on: who it is with, how it is, both pictures, and what can be done. */
export function CallStage({ call, timeline }: CallStageProps) {
  const { state, connection, error, localStream, remoteStream, remoteVideo, camera, muted } = useCall(call);
  const stats = useStats(call);
  const heading = useFocusOnMount<HTMLHeadingElement>();
  // The browser notices a connection that is gone before the service is told.
  const isLost = state === 'ACTIVE' && (connection === 'disconnected' || connection === 'failed');
  const shownState = isLost ? 'RECONNECTING' : state;
  const rings = state === 'INITIATED' || state === 'RINGING';

  return (
    <section className={remoteVideo ? 'stage with-picture' : 'stage'} aria-labelledby="call-title">
      <header>
        <h1 id="call-title" ref={heading} tabIndex={-1}>
          <span className="visually-hidden">Call with </span>
          <bdi className="name">{call.account}</bdi>
        </h1>
        <p>
          <span role="status" className={shownState === 'RECONNECTING' ? 'state lost' : 'state'}>
            {stateText(shownState, call.direction)}
          </span>
          {timeline.connectedAt && <Elapsed since={timeline.connectedAt} />}
        </p>
        {stats && (
          <p className="path">
            <span className="visually-hidden">Path: </span>
            {pathText(stats)}
          </p>
        )}
      </header>
      <Picture className="remote" stream={remoteStream} label={`${call.account}’s camera`} hidden={!remoteVideo} />
      {!remoteVideo && <Avatar account={call.account} large pulsing={rings} />}
      {shownState === 'RECONNECTING' && <p className="overlay">Reconnecting…</p>}
      <Picture className="local" stream={localStream} label="Your camera" hidden={!camera} muted />
      {error && (
        <p className="problem" role="alert">
          {errorText(error)}
        </p>
      )}
      {state === 'DETACHED' ? (
        <DetachedControls call={call} />
      ) : (
        <CallControls call={call} muted={muted} camera={camera} />
      )}
    </section>
  );
}
