import { callError } from './errors.js';
import type { CallError } from './errors.js';
import type { ConnectionReport } from './generated/types.js';
import type { RelayCredentials } from './relay.js';
import { backoffMs } from './retry.js';
import type { Scope } from './scope.js';

/** Milliseconds that a connection gets to come back alone, and by a restart. The callee's side waits longer: one offer will do. */
const PATIENCE_MS = { CALLER: { alone: 1_000, restarted: 6_000 }, CALLEE: { alone: 3_000, restarted: 9_000 } } as const;
/** Credentials that are older than this may be why the connection failed. */
const FRESH_MS = 60_000;
/** Longer timers than 24.8 days fire at once. */
const REFRESH_MAX_MS = 86_400_000;

export interface UpkeepParts {
  readonly peer: RTCPeerConnection;
  readonly role: keyof typeof PATIENCE_MS;
  readonly relay: RelayCredentials;
  /** What the peer connection was made with: not every one can tell (React Native's has no `getConfiguration`). */
  readonly configuration: RTCConfiguration;
  readonly scope: Scope;
  /** Tells the service, until it knows. */
  readonly report: (connection: ConnectionReport) => Promise<unknown>;
  readonly onError: (error: CallError) => void;
}

/**
 * Keeps a peer connection alive: an ICE restart (RFC 8839, section 4.4.1.1) when it is disconnected or has failed, with fresh
 * credentials; new credentials before the old ones expire; and reports of how it stands.
 */
export class Upkeep {
  readonly #parts: UpkeepParts;
  #failures = 0;
  #cancelRestart = (): void => {};
  #cancelRefresh = (): void => {};
  /** What was reported, and what is to be. */
  #reported: ConnectionReport | null = null;
  #now: ConnectionReport | null = null;
  #reporting = false;

  constructor(parts: UpkeepParts) {
    this.#parts = parts;
    parts.peer.addEventListener('connectionstatechange', () => this.#look());
    this.#refreshLater();
  }

  /** Looks for another path now, for example because the network changed. */
  restart(): void {
    const { peer, role } = this.#parts;
    // The relay may have been away as well: then nothing comes of this one.
    if (peer.connectionState !== 'new') this.#restartUnlessConnected(PATIENCE_MS[role].restarted);
    void this.#configure(FRESH_MS).then(() => this.#over || peer.restartIce());
  }

  /** Nothing that follows can be relied on: tells the service now. */
  leave(): void {
    if (this.#now !== null) this.#report('DISCONNECTED');
  }

  comeBack(): void {
    this.#look();
    this.restart();
  }

  #restartUnlessConnected(afterMs: number): void {
    const { peer, scope } = this.#parts;
    this.#cancelRestart();
    this.#cancelRestart = scope.after(afterMs, () => {
      // It may be without having said so.
      if (peer.connectionState === 'connected') this.#look();
      else this.restart();
    });
  }

  get #over(): boolean {
    return this.#parts.scope.closed || this.#parts.peer.connectionState === 'closed';
  }

  #look(): void {
    const { peer, role } = this.#parts;
    const { connectionState } = peer;
    if (connectionState === 'connected') {
      this.#cancelRestart();
      this.#failures = 0;
      return this.#report('CONNECTED');
    }
    const isLost = connectionState === 'disconnected' || connectionState === 'failed';
    // A connection that there never was is not lost: the service waits for it.
    if (isLost && this.#now !== null) this.#report('DISCONNECTED');
    if (connectionState === 'failed') this.#restartUnlessConnected(backoffMs(this.#failures++));
    else if (isLost) this.#restartUnlessConnected(PATIENCE_MS[role].alone);
    // One of the sides has begun a restart.
    else if (this.#now !== null) this.#restartUnlessConnected(PATIENCE_MS[role].restarted);
  }

  async #configure(atMostOldMs?: number): Promise<void> {
    const { peer, relay, configuration, onError } = this.#parts;
    const iceServers = await relay.get(atMostOldMs);
    if (this.#over) return;
    this.#refreshLater();
    try {
      // What an app's own `createPeer` added must stay, or the browser refuses.
      const present = (peer as Partial<RTCPeerConnection>).getConfiguration?.() ?? configuration;
      peer.setConfiguration({ ...present, iceServers });
    } catch (error) {
      onError(callError(error));
    }
  }

  /** A restart in some hours, when the network is bad, must not have to ask first. */
  #refreshLater(): void {
    const { relay, scope } = this.#parts;
    this.#cancelRefresh();
    const waitMs = Math.min(relay.refreshInMs, REFRESH_MAX_MS);
    this.#cancelRefresh = scope.after(waitMs, () => void this.#configure());
  }

  /** The service is told the last one only, when several came while it was away. */
  #report(now: ConnectionReport): void {
    this.#now = now;
    if (!this.#reporting) void this.#tell();
  }

  async #tell(): Promise<void> {
    this.#reporting = true;
    try {
      while (this.#now !== this.#reported) {
        const telling = this.#now!;
        await this.#parts.report(telling);
        this.#reported = telling;
      }
    } catch (error) {
      if (!this.#over) this.#parts.onError(callError(error));
    } finally {
      this.#reporting = false;
    }
  }
}
