import { useEffect, useState } from 'react';
import type { Call, CallStats } from 'voip-call-signaling/client';
import { useObservable } from './use-observable';

const EVERY_MS = 1_000;

/** How the media of a call goes, once a second; null while it does not. */
export function useStats(call: Call): CallStats | null {
  const [stats, setStats] = useState<CallStats | null>(null);
  const isConnected = useObservable(call.connection) === 'connected';
  useEffect(() => {
    if (!isConnected) return;
    let current = true;
    const look = async (): Promise<void> => {
      const now = await call.stats();
      if (current) setStats(now);
    };
    void look();
    const timer = setInterval(() => void look(), EVERY_MS);
    return () => {
      current = false;
      clearInterval(timer);
      setStats(null);
    };
  }, [call, isConnected]);
  return stats;
}
