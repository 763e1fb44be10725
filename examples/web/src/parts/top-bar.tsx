import type { ClientState } from 'voip-call-signaling/client';
import { Avatar } from './avatar';
import { BellIcon, BellOffIcon } from './icons';

const STATES: Readonly<Record<ClientState, string>> = {
  connecting: 'Connecting…',
  online: 'Online',
  elsewhere: 'Elsewhere',
  revoked: 'Removed',
  closed: 'Closed',
};

export interface TopBarProps {
  readonly account: string;
  readonly state: ClientState;
  readonly sound: boolean;
  readonly onSound: () => void;
  /** null: not now. */
  readonly onLeave: (() => void) | null;
}

/** Who this window is, and how it stands with the service. */
export function TopBar({ account, state, sound, onSound, onLeave }: TopBarProps) {
  return (
    <header className="top-bar">
      <Avatar account={account} />
      <div className="who">
        <p className="name" title={account}>
          <span className="visually-hidden">You are </span>
          <bdi>{account}</bdi>
        </p>
        <p role="status" className={`presence ${state}`}>
          {STATES[state]}
        </p>
      </div>
      <button type="button" className="quiet" aria-pressed={sound} onClick={onSound} title="Ringing sound">
        {sound ? <BellIcon /> : <BellOffIcon />}
        <span className="visually-hidden">Ringing sound</span>
      </button>
      {onLeave && (
        <button type="button" className="quiet" onClick={onLeave}>
          Switch
        </button>
      )}
    </header>
  );
}
