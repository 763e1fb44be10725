import { hasPage, onDoubt, startTimer } from './platform.js';
import { ageMs, moment } from './time.js';
import type { Moment } from './time.js';

/** What is used of a `Client` of graphql-ws to keep an eye on its connection. */
export interface WatchedClient {
  on(event: 'connecting', listener: () => void): () => void;
  on(event: 'connected', listener: (socket: unknown) => void): () => void;
  on(event: 'message', listener: () => void): () => void;
  on(event: 'closed', listener: (event: unknown) => void): () => void;
  terminate(): void;
}

/** How often a connection is looked at, and for how long it may be silent before it is pinged: 10 s together at most. */
const LOOK_MS = 2_000;
const SILENT_MS = 7_500;
/** For an answer to the ping; a slow network is not a dead one. */
const PONG_MS = 5_000;
/** As that, when there is a reason to doubt: the network changed, the page was away, the device slept. */
const DOUBT_MS = 1_500;
/** For a connection to open. */
const OPEN_MS = 10_000;
/** A timer that runs so much later than it was set for slept. */
const LATE_MS = 3_000;

type Socket = Partial<Pick<WebSocket, 'send'>>;

/**
 * Notices a connection that forwards nothing any more, which no browser tells: pings it (graphql-transport-ws, `ping`) after
 * some seconds of silence, and at once when there is a reason to doubt. Where nothing comes back it is left for a new one.
 */
export class Liveness {
  readonly #client: WatchedClient;
  #socket: Socket | null = null;
  /** Since when there is a connection to watch, one that opens included; null: there is none. */
  #lookedAt: Moment | null = null;
  #heardAt: Moment = moment();
  #asked: { readonly at: Moment; readonly withinMs: number } | null = null;
  #stopLooking = (): void => {};
  #stopWaiting = (): void => {};
  #unlisten = (): void => {};

  /** @param tellsOpening its owner calls {@link Liveness.opening} */
  constructor(client: WatchedClient, tellsOpening: boolean) {
    this.#client = client;
    // To leave a connection that opens is an error event to a socket of Node.js, which nobody would catch.
    if (!tellsOpening && hasPage()) client.on('connecting', () => this.opening());
    client.on('connected', (socket) => {
      this.#socket = socket as Socket;
      this.#begin();
      this.#heard();
    });
    client.on('message', () => this.#heard());
    client.on('closed', () => this.#end());
  }

  /** Whether operations that are sent now go out now. */
  get isConnected(): boolean {
    return this.#socket !== null;
  }

  /** A connection is being made, which may take its time. */
  opening(): void {
    this.#begin();
    this.#asked = null;
    this.#await(OPEN_MS);
  }

  #begin(): void {
    if (this.#lookedAt) return;
    this.#unlisten = onDoubt(() => this.#ask(DOUBT_MS));
    this.#lookLater();
  }

  #end(): void {
    this.#socket = null;
    this.#lookedAt = null;
    this.#asked = null;
    this.#stopLooking();
    this.#stopWaiting();
    this.#unlisten();
  }

  #lookLater(): void {
    const at = (this.#lookedAt = moment());
    this.#stopLooking = startTimer(LOOK_MS, () => {
      this.#lookLater();
      if (ageMs(at) > LOOK_MS + LATE_MS) this.#ask(DOUBT_MS);
      else if (this.#socket && !this.#asked && ageMs(this.#heardAt) >= SILENT_MS) this.#ask(PONG_MS);
    });
  }

  #heard(): void {
    this.#heardAt = moment();
    this.#asked = null;
    this.#stopWaiting();
  }

  #ask(withinMs: number): void {
    try {
      this.#socket?.send?.(JSON.stringify({ type: 'ping' }));
    } catch {
      // Of a connection that is closing, which says so by itself.
    }
    this.#await(withinMs);
  }

  /** Something is to come within this time, or within what is left of an earlier one. */
  #await(withinMs: number): void {
    const before = this.#asked;
    if (before && before.withinMs - ageMs(before.at) <= withinMs && ageMs(before.at) < before.withinMs) return;
    const asked = (this.#asked = { at: moment(), withinMs });
    this.#stopWaiting();
    this.#stopWaiting = startTimer(withinMs, () => {
      this.#asked = null;
      // The device slept over it: the answer may be about to be read.
      if (ageMs(asked.at) > withinMs + LATE_MS) this.#ask(DOUBT_MS);
      else this.#client.terminate();
    });
  }
}

const watched = new WeakMap<WatchedClient, Liveness>();

/** The one watch of a client, from now on. @param tellsOpening see {@link Liveness} */
export function watch(client: WatchedClient, tellsOpening = false): Liveness {
  let liveness = watched.get(client);
  if (!liveness) watched.set(client, (liveness = new Liveness(client, tellsOpening)));
  return liveness;
}
