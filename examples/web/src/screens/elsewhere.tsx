import { useFocusOnMount } from '../hooks/use-focus';

export interface ElsewhereProps {
  readonly state: 'elsewhere' | 'revoked';
  readonly onTakeBack: () => void;
  readonly onLeave: () => void;
}

/** The device's calls are no longer this page's. */
export function Elsewhere({ state, onTakeBack, onLeave }: ElsewhereProps) {
  const heading = useFocusOnMount<HTMLHeadingElement>();
  const takenOver = state === 'elsewhere';
  return (
    <main className="card">
      <h1 ref={heading} tabIndex={-1}>
        {takenOver ? 'This phone is in use in another tab' : 'This device was removed'}
      </h1>
      <p>
        {takenOver
          ? 'A device takes its calls in one place at a time: here, they do not ring any more.'
          : 'It was removed from its account and can make no calls.'}
      </p>
      <div className="row">
        {takenOver && (
          <button type="button" className="primary" onClick={onTakeBack}>
            Use it here
          </button>
        )}
        <button type="button" onClick={onLeave}>
          Be somebody else
        </button>
      </div>
    </main>
  );
}
