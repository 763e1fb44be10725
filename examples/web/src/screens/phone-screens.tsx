import { useEffect, useState } from 'react';
import type { Call, CallError, CallMedia } from 'voip-call-signaling/client';
import { useCalls } from '../hooks/use-calls';
import { useObservable } from '../hooks/use-observable';
import { useRingtone } from '../hooks/use-ringtone';
import { ServiceNotice } from '../parts/service-notice';
import { TopBar } from '../parts/top-bar';
import type { Phone } from '../phone/phone';
import { CallScreens } from './call-screens';
import { Elsewhere } from './elsewhere';
import { Home } from './home';
import { IncomingCall } from './incoming-call';

export interface PhoneScreensProps {
  readonly phone: Phone;
  readonly account: string;
  readonly onLeave: () => void;
}

/** One device: its bar, whatever screen is due below it, and a call that comes in above all. */
export function PhoneScreens({ phone, account, onLeave }: PhoneScreensProps) {
  const { client } = phone;
  const state = useObservable(client.state);
  const { incoming, shown, talking, dismiss } = useCalls(client);
  const { sound, toggle } = useRingtone(incoming !== null);
  const [lastCalled, setLastCalled] = useState('');
  const [failed, setFailed] = useState<{ readonly call: Call; readonly error: CallError } | null>(null);
  const other = incoming ?? talking;
  useEffect(() => {
    document.title = incoming ? `${incoming.account} is calling` : talking ? `Call with ${talking.account}` : 'Calls';
  }, [incoming, talking]);

  const start = (callee: string, media: CallMedia): void => {
    setLastCalled(callee);
    client.start(callee, { media });
  };

  return (
    <>
      <div className="app" inert={incoming !== null}>
        <TopBar account={account} state={state} sound={sound} onSound={toggle} onLeave={other ? null : onLeave} />
        <ServiceNotice client={client} inCall={talking !== null} />
        {state === 'elsewhere' || state === 'revoked' ? (
          <Elsewhere state={state} onTakeBack={() => client.connect()} onLeave={onLeave} />
        ) : shown ? (
          <CallScreens call={shown} onDone={dismiss} onCallAgain={() => start(shown.account, shown.media)} />
        ) : (
          <Home account={account} lastCalled={lastCalled} onCall={start} />
        )}
      </div>
      {incoming && (
        <IncomingCall
          key={incoming.id}
          call={incoming}
          talking={talking}
          failure={failed?.call === incoming ? failed.error : null}
          onFailed={(error) => setFailed({ call: incoming, error })}
        />
      )}
    </>
  );
}
