import { useEffect } from 'react';
import type { Call, CallError, CallMedia } from 'voip-call-signaling/client';
import { useBorrowedFocus } from '../hooks/use-focus';
import { Avatar } from '../parts/avatar';
import { HangUpIcon, PhoneIcon, VideoIcon } from '../parts/icons';
import { timelineOf } from '../phone/timeline';
import { errorText } from '../phone/words';

export interface IncomingCallProps {
  readonly call: Call;
  /** The call that this one comes into. */
  readonly talking: Call | null;
  /** Why answering it failed; it rings on. */
  readonly failure: CallError | null;
  readonly onFailed: (error: CallError) => void;
}

/** Asks whether to take a call. The rest of the page waits; the focus is on no button, so that no stray key answers. */
export function IncomingCall({ call, talking, failure, onFailed }: IncomingCallProps) {
  const dialog = useBorrowedFocus<HTMLDivElement>();
  const isVideo = call.media === 'VIDEO';
  useEffect(() => {
    timelineOf(call);
    // The caller hears that it rings.
    void call.ring();
  }, [call]);

  const answer = async (media: CallMedia): Promise<void> => {
    if (talking) void talking.hangUp();
    const outcome = await call.answer({ media });
    if (!outcome.ok) onFailed(outcome.error);
  };

  return (
    <div className="curtain">
      <div
        ref={dialog}
        className="card incoming"
        role="alertdialog"
        aria-modal="true"
        aria-labelledby="incoming-title"
        aria-describedby="incoming-text"
        tabIndex={-1}
      >
        <Avatar account={call.account} large pulsing />
        <h2 id="incoming-title">
          <bdi className="name">{call.account}</bdi> is calling
        </h2>
        <p id="incoming-text">{isVideo ? 'Video call' : 'Voice call'} · rings on all your devices</p>
        {failure && (
          <p className="problem" role="alert">
            {errorText(failure)}
          </p>
        )}
        <div className="choices">
          <button type="button" className="good" onClick={() => void answer(call.media)}>
            {isVideo ? <VideoIcon /> : <PhoneIcon />} {talking ? 'Hang up and answer' : 'Answer'}
          </button>
          {isVideo && (
            <button type="button" onClick={() => void answer('AUDIO')}>
              <PhoneIcon /> Answer without video
            </button>
          )}
          <button type="button" className="bad" onClick={() => void call.decline()}>
            <HangUpIcon /> Decline
          </button>
        </div>
      </div>
    </div>
  );
}
