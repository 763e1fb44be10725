import { notConnected } from './errors.js';
import type { CallError } from './errors.js';
import { CallEventsDocument } from './generated/documents.js';
import type { CallEventsSubscription } from './generated/types.js';
import { Cell } from './observable.js';
import type { Observable } from './observable.js';
import { backoffMs } from './retry.js';
import { Scope } from './scope.js';
import type { Transport } from './transport.js';

export type CallEvent = CallEventsSubscription['callEvents'];
export type EventOf<Name extends CallEvent['__typename']> = Extract<CallEvent, { __typename: Name }>;

/** How a client stands with the service. */
export type ClientState =
  /** On its way, or on its way back. Calls that are connected go on meanwhile. */
  | 'connecting'
  /** Told of everything. */
  | 'online'
  /** Another page or process of this device has taken over; `connect` takes it back. */
  | 'elsewhere'
  /** The device was removed from its account. */
  | 'revoked'
  /** Closed by its owner. */
  | 'closed';

/**
 * A stream that is given up comes back as its connection closes. Behind a gateway that connection may live on, with a token
 * that has expired: after so long it is left.
 */
const RETURN_MS = 3_000;
/** A subscription that went out is answered by then with StreamReady, or its connection is left for a new one. */
const READY_MS = 5_000;
/** As that, where nothing says when it goes out. */
const UNSENT_MS = 15_000;

/** The device's one stream of events: brought back whenever it is lost, from where it was. */
export class CallStream {
  readonly #state = new Cell<ClientState>('connecting');
  readonly #problem = new Cell<CallError | null>(null);
  readonly #transport: Transport;
  readonly #position: { cursor: string | null };
  readonly #handle: (event: CallEvent) => void;
  #subscription = new Scope();
  /** The cursor that the subscription went out with the last time. */
  #after: string | null = null;
  #failures = 0;
  /** For what is to follow: the StreamReady of a subscription, the end of a connection after StreamClosed. */
  #stopWaiting = (): void => {};

  /**
   * @param position kept up to date
   * @param handle told of each event, in order
   */
  constructor(transport: Transport, position: { cursor: string | null }, handle: (event: CallEvent) => void) {
    this.#transport = transport;
    this.#position = position;
    this.#handle = handle;
  }

  get state(): Observable<ClientState> {
    return this.#state;
  }

  /** Why it is not online; null when nothing is known, or it is. */
  get problem(): Observable<CallError | null> {
    return this.#problem;
  }

  open(): void {
    this.#leave('connecting');
    const subscription = new Scope();
    this.#subscription = subscription;
    const after = (): string | null => (this.#after = this.#position.cursor);
    const current = <Args extends unknown[]>(work: (...args: Args) => void) => {
      return (...args: Args): void => {
        if (!subscription.closed) work(...args);
      };
    };
    // The token belongs to the connection.
    const again = current((error: CallError | null, anew = error?.code === 'CALL_UNAUTHORIZED') => {
      this.#leave('connecting', error);
      this.#subscription = new Scope();
      this.#subscription.after(backoffMs(this.#failures++), () => {
        if (anew) this.#transport.renew();
        this.open();
      });
    });
    const expect = (withinMs: number): void => {
      this.#stopWaiting();
      this.#stopWaiting = subscription.after(withinMs, () => again(notConnected(), true));
    };
    expect(UNSENT_MS);
    const stop = this.#transport.subscribe(
      CallEventsDocument,
      {
        // Read at each connection: a subscription that is sent again begins where this device is.
        get after() {
          return after();
        },
      },
      {
        next: current(({ callEvents }) => this.#take(callEvents)),
        error: (error) => again(error),
        complete: () => again(null),
        sent: current(() => expect(READY_MS)),
        lost: current((error?: CallError) => {
          expect(UNSENT_MS);
          if (error) this.#problem.set(error);
          this.#state.set('connecting');
        }),
      },
    );
    if (subscription.closed) stop();
    else subscription.signal.addEventListener('abort', stop);
  }

  /** Takes the stream back from where it went elsewhere. */
  takeBack(): void {
    if (this.#state.value !== 'elsewhere') return;
    this.#transport.renew();
    this.open();
  }

  close(): void {
    this.#leave('closed');
  }

  #take(event: CallEvent): void {
    if (event.__typename === 'StreamReady') {
      // Whoever carries it sent its first variables again: subscribed anew, nothing is missed.
      if (this.#after !== this.#position.cursor) return this.open();
      this.#stopWaiting();
      this.#failures = 0;
      this.#problem.set(null);
    }
    this.#handle(event);
    this.#position.cursor = event.cursor;
    if (event.__typename === 'StreamReady') this.#state.set('online');
    if (event.__typename !== 'StreamClosed') return;
    if (event.reason === 'TAKEN_OVER') this.#leave('elsewhere');
    else if (event.reason === 'DEVICE_REVOKED') this.#leave('revoked');
    // After any other the connection closes, or the subscription completes: it comes back by that.
    else {
      this.#state.set('connecting');
      this.#stopWaiting = this.#subscription.after(RETURN_MS, () => {
        this.#transport.renew();
        this.open();
      });
    }
  }

  #leave(state: ClientState, problem: CallError | null = null): void {
    this.#subscription.close();
    this.#problem.set(problem);
    this.#state.set(state);
  }
}
