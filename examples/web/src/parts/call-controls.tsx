import { useState } from 'react';
import type { Call } from 'voip-call-signaling/client';
import { errorText } from '../phone/words';
import { CameraOffIcon, HangUpIcon, MicrophoneIcon, MicrophoneOffIcon, VideoIcon } from './icons';

export interface CallControlsProps {
  readonly call: Call;
  readonly muted: boolean;
  readonly camera: boolean;
}

/** What can be done in a call. */
export function CallControls({ call, muted, camera }: CallControlsProps) {
  const [problem, setProblem] = useState('');
  const setCamera = async (on: boolean): Promise<void> => {
    setProblem('');
    const outcome = await call.setCamera(on);
    if (!outcome.ok) setProblem(errorText(outcome.error));
  };
  return (
    <>
      {problem && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
      <div className="controls" role="group" aria-label="Call controls">
        <button type="button" className={muted ? 'round off' : 'round'} onClick={() => call.mute(!muted)}>
          {muted ? <MicrophoneOffIcon /> : <MicrophoneIcon />}
          <span>{muted ? 'Unmute' : 'Mute'}</span>
        </button>
        <button type="button" className={camera ? 'round' : 'round off'} onClick={() => void setCamera(!camera)}>
          {camera ? <VideoIcon /> : <CameraOffIcon />}
          <span>{camera ? 'Camera off' : 'Camera on'}</span>
        </button>
        <button type="button" className="round bad" onClick={() => void call.hangUp()}>
          <HangUpIcon />
          <span>Hang up</span>
        </button>
      </div>
    </>
  );
}

/** What can be done with a call that another page left, or has. */
export function DetachedControls({ call }: { readonly call: Call }) {
  return (
    <>
      <p className="hint">
        The call is open without this page: it was left by a page that was closed, or is in another tab.
      </p>
      <div className="row">
        <button type="button" className="primary" onClick={() => void call.rejoin()}>
          Go on here
        </button>
        <button type="button" onClick={() => void call.hangUp()}>
          Hang up
        </button>
      </div>
    </>
  );
}
