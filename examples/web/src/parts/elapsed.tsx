import { useEffect, useState } from 'react';
import { durationText } from '../phone/words';

/** Counts the time. */
export function Elapsed({ since }: { readonly since: Date }) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  return (
    <span className="elapsed" role="timer" aria-label="Duration">
      {durationText(Math.max(now - since.getTime(), 0))}
    </span>
  );
}
