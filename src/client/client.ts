import type { Call, StartOptions } from './call.js';
import type { CallError } from './errors.js';
import { CallRelayDocument } from './generated/documents.js';
import { CallList } from './call-list.js';
import { Kept } from './kept.js';
import type { CallStorage } from './kept.js';
import type { GetUserMedia } from './local-media.js';
import { Cell } from './observable.js';
import type { Observable } from './observable.js';
import { createPeer, getUserMedia, onLeave, onNetworkChange, warn } from './platform.js';
import { RelayCredentials } from './relay.js';
import { execute } from './retry.js';
import { Router } from './router.js';
import { Scope } from './scope.js';
import type { Services } from './services.js';
import { CallStream } from './stream.js';
import type { ClientState } from './stream.js';
import type { Transport } from './transport.js';

export interface CallClientOptions {
  readonly transport: Transport;
  /** What every peer connection begins with, for example `iceTransportPolicy`; the servers of `callRelay` are added. */
  readonly configuration?: RTCConfiguration;
  /** `new RTCPeerConnection(configuration)`, when it is left out. The place to add data channels. */
  readonly createPeer?: (configuration: RTCConfiguration) => RTCPeerConnection;
  /** That of `navigator.mediaDevices`, when it is left out. */
  readonly getUserMedia?: GetUserMedia;
  /** Where a page keeps what it needs to go on with its calls after a reload, for example `sessionStorage`. */
  readonly storage?: CallStorage;
  /** Name of the one entry there; each account and device that share a storage need one of their own. */
  readonly storageKey?: string;
  /**
   * What becomes of a call that was answered when its page is left (closed, loaded again, or another one in its place):
   * - `hangUp`: it ends. The default without a storage, as no page could go on with it by itself.
   * - `keep`: the other side is told at once that the connection is lost, and has 30 s in which a page of this device comes
   *   back to the call. The default with a storage.
   *
   * A call that still rings at the other side is hung up in either case: nobody could connect it any more.
   */
  readonly onPageHide?: 'hangUp' | 'keep';
  /** Told of what costs quality and stops nothing; by default the console is. */
  readonly onWarning?: (warning: CallError) => void;
}

/** Makes and takes the calls of one device. */
export interface CallClient {
  readonly state: Observable<ClientState>;
  /** Why the client is not online; null when nothing is known, or it is. */
  readonly problem: Observable<CallError | null>;
  /** All that are not over, oldest first. */
  readonly calls: Observable<readonly Call[]>;
  /** The newest call that asks this device's user to be answered; null when there is none. */
  readonly incoming: Observable<Call | null>;
  /**
   * Calls an account; answers the call of that account that rings here, or takes up one with it that is DETACHED. What goes
   * wrong is told by the call.
   */
  start(accountId: string, options: StartOptions): Call;
  /** Takes the device's stream back from where it went `elsewhere`. */
  connect(): void;
  /** Stops everything, and tells nobody: calls are to be hung up before. */
  close(): void;
}

/** Nobody waits longer for credentials than this: a call without a relay may still find a path. */
const RELAY_MS = 5_000;

/** @returns a client that is on its way to be online */
export function createCallClient(options: CallClientOptions): CallClient {
  const { transport, configuration = {}, storage = null, storageKey = 'voip-call-signaling' } = options;
  const { onPageHide = storage ? 'keep' : 'hangUp', onWarning = ({ message }) => warn(message) } = options;
  const scope = new Scope();
  /** While the page is left: requests have to outlive it. */
  let leaving = false;
  const carrier: Pick<Transport, 'execute'> = {
    execute: (document, variables, signal) => transport.execute(document, variables, signal, leaving),
  };
  const run: Services['run'] = (document, variables, signal = scope.signal, withinMs) =>
    execute(carrier, document, variables, signal, withinMs);
  const services: Services = {
    relay: new RelayCredentials(() => run(CallRelayDocument, {}, scope.signal, RELAY_MS), configuration.iceServers),
    createPeer: options.createPeer ?? createPeer,
    configuration,
    getUserMedia: options.getUserMedia ?? getUserMedia,
    warn: onWarning,
    signal: scope.signal,
    run,
  };
  const kept = new Kept(storage, storageKey);
  const calls = new Cell<readonly Call[]>([]);
  const incoming = new Cell<Call | null>(null);
  const list = new CallList(calls, incoming, kept);
  const router = new Router({ services, kept, list, takeBack: () => stream.takeBack() });
  const stream = new CallStream(transport, kept, (event) => router.take(event));
  const unlisten = [
    onNetworkChange(() => {
      for (const call of calls.value) call.restartIce();
    }),
    onLeave(
      () => {
        leaving = true;
        router.leave(onPageHide === 'hangUp');
        leaving = false;
      },
      () => router.comeBack(),
    ),
  ];
  stream.open();
  return {
    state: stream.state,
    problem: stream.problem,
    calls,
    incoming,
    start: (accountId, start) => router.start(accountId, start),
    connect: () => stream.takeBack(),
    close: () => {
      for (const end of unlisten) end();
      stream.close();
      scope.close();
      router.close();
    },
  };
}
