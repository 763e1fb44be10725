import { useState } from 'react';
import { Avatar } from '../parts/avatar';
import { LogoIcon } from '../parts/icons';

const PEOPLE = ['alice', 'bob'];

/** Stands in for signing in: the development server believes whatever is chosen here. */
export function WhoAreYou({ onChosen }: { readonly onChosen: (account: string) => void }) {
  const [name, setName] = useState('');
  return (
    <main className="card welcome">
      <LogoIcon />
      <h1>Who are you?</h1>
      <p className="hint">Open this page in two windows, and be somebody else in each.</p>
      <div className="people">
        {PEOPLE.map((account) => (
          <button key={account} type="button" className="person" onClick={() => onChosen(account)}>
            <Avatar account={account} />
            {account}
          </button>
        ))}
      </div>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim()) onChosen(name.trim());
        }}
      >
        <label htmlFor="name">Somebody else</label>
        <div className="row">
          <input
            id="name"
            value={name}
            onChange={(event) => setName(event.target.value)}
            required
            // What the service takes as an account: printable ASCII.
            pattern="[ -~]+"
            maxLength={256}
            title="Letters, digits and signs of ASCII"
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
          />
          <button type="submit">Continue</button>
        </div>
      </form>
    </main>
  );
}
