import type { Call } from 'voip-call-signaling/client';
import { useCall } from '../hooks/use-call';
import { TimelineList } from '../parts/timeline-list';
import { timelineOf } from '../phone/timeline';
import { CallEnded } from './call-ended';
import { CallStage } from './call-stage';

export interface CallScreensProps {
  readonly call: Call;
  readonly onDone: () => void;
  readonly onCallAgain: () => void;
}

/** A call, from its start to the reading of how it ended, beside what happened in it. */
export function CallScreens({ call, onDone, onCallAgain }: CallScreensProps) {
  const { state } = useCall(call);
  const timeline = timelineOf(call);
  return (
    <div className="call">
      <main>
        {state === 'ENDED' ? (
          <CallEnded call={call} timeline={timeline} onDone={onDone} onCallAgain={onCallAgain} />
        ) : (
          <CallStage key={call.account} call={call} timeline={timeline} />
        )}
      </main>
      <TimelineList timeline={timeline} />
    </div>
  );
}
