/**
 * Every Web API that the client uses, and what it does where one is missing. No other file of the client touches a global of
 * the platform, but time.ts, which has its clocks.
 *
 * | Web API | where it is missing |
 * |---|---|
 * | setTimeout, clearTimeout, AbortController | the client cannot run: everything that runs JavaScript has them |
 * | WebSocket | graphql-ws says so: give it one as `webSocketImpl` |
 * | location | the address of the service is given whole, not as a path |
 * | performance.now | time.ts measures durations with the wall clock |
 * | crypto.getRandomValues (crypto.randomUUID is missing on pages on http:) | Math.random: ids need to be unique, not secret |
 * | atob | the expiry of a token is not read from it: say `expiresAt` beside the token |
 * | RTCPeerConnection, navigator.mediaDevices | calls fail: give the client `createPeer` and `getUserMedia` |
 * | event pagehide | nothing is said when the app is left: hang up where the system tells you |
 * | console | a warning is told to `onWarning` alone |
 * | events online, pageshow, visibilitychange; navigator.connection | a dead connection is noticed by its silence alone |
 */

type Listener = () => void;
type Target = Pick<EventTarget, 'addEventListener' | 'removeEventListener'>;

/** Network Information API. `type` is wifi, cellular, …; its other properties change all the time. */
type Connection = Target & { readonly type?: string };

export type WebSocketClass = new (url: string, protocols: string) => WebSocket;

/** What is there is known only at run time, whatever the types say. */
const present = (): {
  readonly WebSocket?: WebSocketClass;
  readonly crypto?: Partial<Crypto>;
  readonly location?: Partial<Location>;
  readonly document?: Target & { readonly visibilityState?: string };
  readonly navigator?: { readonly connection?: Connection };
} & Partial<Target> => globalThis as never;

/** @returns takes it back */
export function startTimer(ms: number, work: Listener): Listener {
  const timer = setTimeout(work, ms);
  return () => clearTimeout(timer);
}

export const newAbortController = (): AbortController => new AbortController();

/** Throws where nobody waits for it: the platform reports it as an error that was not caught. */
export function reportFault(error: unknown): void {
  startTimer(0, () => {
    throw error;
  });
}

/** Whether there is a page around the client, as in a browser. */
export const hasPage = (): boolean => present().document !== undefined;

/** Of the page, such as `https://example.com`; empty where there is none. */
export const pageOrigin = (): string => present().location?.origin ?? '';

export const webSocket = (): WebSocketClass | undefined => present().WebSocket;

export const createPeer = (configuration: RTCConfiguration): RTCPeerConnection => new RTCPeerConnection(configuration);

export function getUserMedia(constraints: MediaStreamConstraints): Promise<MediaStream> {
  return navigator.mediaDevices.getUserMedia(constraints);
}

/** An id that no other is equal to: 128 random bits in hexadecimal. */
export function uniqueId(): string {
  const { crypto } = present();
  const bytes = new Uint8Array(16);
  if (crypto?.getRandomValues) crypto.getRandomValues(bytes);
  else bytes.forEach((_, at) => (bytes[at] = Math.random() * 256));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** @returns the bytes of base64 as characters; null: it is none, or it cannot be read here */
export function fromBase64(text: string): string | null {
  try {
    return atob(text);
  } catch {
    return null;
  }
}

/**
 * Calls the listener when the device may have another network than before, as far as the platform tells.
 *
 * @returns ends it
 */
export function onNetworkChange(listener: Listener): Listener {
  const page = present();
  const connection = page.navigator?.connection;
  let type = connection?.type;
  return together([
    on(page, 'online', listener),
    on(connection, 'change', () => {
      if (connection?.type === type) return;
      type = connection?.type;
      listener();
    }),
  ]);
}

/**
 * Calls the listener when the page comes back to somebody who looks at it: what it believed of its connections may be old.
 *
 * @returns ends it
 */
export function onReturn(listener: Listener): Listener {
  const page = present();
  return together([
    on(page, 'pageshow', listener),
    on(page.document, 'visibilitychange', () => {
      if (page.document?.visibilityState === 'visible') listener();
    }),
  ]);
}

/**
 * Calls the listener on either of the two: what is believed of a connection may be old.
 *
 * @returns ends it
 */
export const onDoubt = (listener: Listener): Listener => together([onNetworkChange(listener), onReturn(listener)]);

/**
 * @param left the page is left: closed, or another one in its place. What is to be said has to be on its way before the next task.
 * @param shownAgain and is shown again as it was (HTML, section 7.4.6.1: page lifecycle)
 * @returns ends it
 */
export function onLeave(left: Listener, shownAgain: Listener): Listener {
  const page = present();
  return together([
    on(page, 'pagehide', left),
    on(page, 'pageshow', (event) => {
      if ((event as Partial<PageTransitionEvent>).persisted) shownAgain();
    }),
  ]);
}

/** For the developer of a page. */
export function warn(message: string): void {
  globalThis.console?.warn(message);
}

function on(target: Partial<Target> | undefined, event: string, listener: (event: Event) => void): Listener {
  target?.addEventListener?.(event, listener);
  return () => target?.removeEventListener?.(event, listener);
}

function together(ends: readonly Listener[]): Listener {
  return () => ends.forEach((end) => end());
}
