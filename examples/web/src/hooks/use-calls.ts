import { useState } from 'react';
import type { Call, CallClient } from 'voip-call-signaling/client';
import { useObservable } from './use-observable';

/** What there is to show of a device's calls: the one that asks to be answered, and the one that is, or was, talked on. */
export function useCalls(client: CallClient) {
  const calls = useObservable(client.calls);
  const incoming = useObservable(client.incoming);
  const talking = calls.findLast((call) => call !== incoming) ?? null;

  // A call that is over leaves the client's list; its end is to be read until somebody has done so.
  const [last, setLast] = useState<Call | null>(null);
  const newest = talking ?? incoming;
  if (newest && newest !== last) setLast(newest);
  const ended = last && !calls.includes(last) ? last : null;

  return { incoming, shown: talking ?? ended, talking, dismiss: () => setLast(null) };
}
