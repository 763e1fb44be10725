import { useState } from 'react';
import type { CallMedia } from 'voip-call-signaling/client';
import { useFocusOnMount } from '../hooks/use-focus';
import { PhoneIcon, VideoIcon } from '../parts/icons';

export interface HomeProps {
  readonly account: string;
  readonly lastCalled: string;
  readonly onCall: (callee: string, media: CallMedia) => void;
}

const OTHERS: Readonly<Record<string, string>> = { alice: 'bob', bob: 'alice' };

/** Nobody is on the line: somebody can be called. */
export function Home({ account, lastCalled, onCall }: HomeProps) {
  const [callee, setCallee] = useState(lastCalled || (OTHERS[account] ?? 'alice'));
  const [problem, setProblem] = useState('');
  const heading = useFocusOnMount<HTMLHeadingElement>();
  const call = (media: CallMedia): void => {
    const name = callee.trim();
    if (name === '') setProblem('Say whom to call.');
    else if (name === account) setProblem('That is you. Call somebody else.');
    else if (!/^[ -~]+$/.test(name)) setProblem('A name has letters, digits and signs of ASCII only.');
    else onCall(name, media);
  };
  return (
    <main className="card home">
      <h1 ref={heading} tabIndex={-1}>
        Call somebody
      </h1>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          call('AUDIO');
        }}
      >
        <label htmlFor="callee">Name</label>
        <input
          id="callee"
          value={callee}
          onChange={(event) => {
            setCallee(event.target.value);
            setProblem('');
          }}
          maxLength={256}
          aria-invalid={problem !== ''}
          aria-describedby="callee-problem"
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
        />
        <p id="callee-problem" className="problem" role="alert">
          {problem}
        </p>
        <div className="row">
          <button type="submit" className="primary">
            <PhoneIcon /> Voice call
          </button>
          <button type="button" className="primary" onClick={() => call('VIDEO')}>
            <VideoIcon /> Video call
          </button>
        </div>
      </form>
      <p className="hint">Calls to you ring here while this page is open, and on your other devices too.</p>
    </main>
  );
}
