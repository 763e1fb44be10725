import { useObservable } from '../hooks/use-observable';
import type { Timeline } from '../phone/timeline';

/** What happened in a call, the latest first. */
export function TimelineList({ timeline }: { readonly timeline: Timeline }) {
  const entries = useObservable(timeline);
  return (
    <aside className="timeline" aria-labelledby="timeline-title">
      <h2 id="timeline-title">What happened</h2>
      <ol>
        {entries.toReversed().map(({ at, text, tone }, index) => (
          <li key={entries.length - index} className={tone}>
            <time dateTime={at.toISOString()}>{at.toLocaleTimeString('en-GB')}</time>
            <span>{text}</span>
          </li>
        ))}
      </ol>
    </aside>
  );
}
