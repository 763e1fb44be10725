import type { Call } from 'voip-call-signaling/client';
import { useCall } from '../hooks/use-call';
import { TimelineList } from '../parts/timeline-list';
import type { Phone } from '../phone/phone';
import { timelineOf } from '../phone/timeline';
import { CallEnded } from './call-ended';
import { CallStage } from './call-stage';

export interface CallScreensProps {
  readonly call: Call;
  readonly phone: Phone;
  readonly onDone: () => void;
  readonly onCallAgain: () => void;
}

/** A call, from its start to the reading of how it ended, beside what happened in it. */
export function CallScreens({ call, phone: { microphone }, onDone, onCallAgain }: CallScreensProps) {
  const { state } = useCall(call);
  const timeline = timelineOf(call, () => microphone.problem);
  const about = { call, timeline, mediaProblem: microphone.problem };
  return (
    <div className="call">
      <main>
        {state === 'ENDED' ? (
          <CallEnded {...about} onDone={onDone} onCallAgain={onCallAgain} />
        ) : (
          <CallStage key={call.account} {...about} />
        )}
      </main>
      <TimelineList timeline={timeline} />
    </div>
  );
}
