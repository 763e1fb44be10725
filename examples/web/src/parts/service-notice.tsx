import { useEffect, useState } from 'react';
import type { CallClient } from 'voip-call-signaling/client';
import { useObservable } from '../hooks/use-observable';

/** Shorter interruptions are nobody's business. */
const PATIENCE_MS = 1_500;

/** Says that the service cannot be reached, and what that means. */
export function ServiceNotice({ client, inCall }: { readonly client: CallClient; readonly inCall: boolean }) {
  const isAway = useObservable(client.state) === 'connecting';
  const problem = useObservable(client.problem);
  const [isLong, setIsLong] = useState(false);
  useEffect(() => {
    if (!isAway) return;
    const timer = setTimeout(() => setIsLong(true), PATIENCE_MS);
    return () => {
      clearTimeout(timer);
      setIsLong(false);
    };
  }, [isAway]);
  const isRefused = problem !== null && problem.code !== 'NOT_CONNECTED' && problem.code !== 'CALL_UNAVAILABLE';
  return (
    <div role="alert">
      {isAway && isLong && (
        <p className="notice">
          {isRefused ? 'The service does not let this device in.' : 'The service cannot be reached.'}{' '}
          {inCall ? 'Your call goes on; trying again…' : 'Nobody can call you meanwhile; trying again…'}
        </p>
      )}
    </div>
  );
}
