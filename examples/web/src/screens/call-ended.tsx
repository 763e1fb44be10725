import type { Call } from 'voip-call-signaling/client';
import { useCall } from '../hooks/use-call';
import { useFocusOnMount } from '../hooks/use-focus';
import { Avatar } from '../parts/avatar';
import { PhoneIcon, VideoIcon } from '../parts/icons';
import type { Timeline } from '../phone/timeline';
import { durationText, endingOf, errorText } from '../phone/words';

export interface CallEndedProps {
  readonly call: Call;
  readonly timeline: Timeline;
  readonly onDone: () => void;
  readonly onCallAgain: () => void;
}

/** How a call ended, and why. */
export function CallEnded({ call, timeline, onDone, onCallAgain }: CallEndedProps) {
  const { endReason, error } = useCall(call);
  const heading = useFocusOnMount<HTMLHeadingElement>();
  const failed = error && (endReason === null || endReason === 'MEDIA_FAILED') ? error : null;
  const { title, text } =
    failed || !endReason
      ? {
          title: 'The call did not come about',
          text: failed ? errorText(failed) : 'Something went wrong.',
        }
      : endingOf(endReason, call.direction, call.account);
  const { connectedAt, endedAt } = timeline;

  return (
    <section className="card ended" aria-labelledby="end-title">
      <Avatar account={call.account} large />
      <div role="status">
        <h1 id="end-title" ref={heading} tabIndex={-1}>
          {title}
        </h1>
        <p className="reason">{text}</p>
      </div>
      {connectedAt && endedAt && <p className="hint">Duration {durationText(+endedAt - +connectedAt)}</p>}
      <div className="row">
        <button type="button" className="primary" onClick={onCallAgain}>
          {call.media === 'VIDEO' ? <VideoIcon /> : <PhoneIcon />}
          {call.direction === 'outgoing' ? 'Call again' : 'Call back'}
        </button>
        <button type="button" onClick={onDone}>
          Done
        </button>
      </div>
    </section>
  );
}
