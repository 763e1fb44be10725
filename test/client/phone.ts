import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from '@apollo/client';
import { SetContextLink } from '@apollo/client/link/context';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import wrtc from '@roamhq/wrtc';
import { OperationTypeNode } from 'graphql';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { apolloTransport, createCallClient, graphqlWsTransport } from '../../src/client/index.js';
import type { Call, CallClient, CallStorage, Observable, Transport } from '../../src/client/index.js';

// Node 20 has none, and GraphQLWsLink looks at the global one.
(globalThis as { WebSocket?: unknown }).WebSocket ??= WebSocket;

export type Carrier = 'graphql-ws' | 'Apollo Client';

export interface PhoneOptions {
  readonly origin: () => string;
  readonly token: () => Promise<string>;
  readonly carrier?: Carrier;
  readonly storage?: CallStorage;
  /** What stands between the client and its transport. */
  readonly between?: (transport: Transport) => Transport;
  /** Whether its user lets it use the microphone; true when it is left out. */
  readonly microphone?: () => boolean;
}

/** One peer connection that the phone made, with the channel that each has. */
export interface Line {
  readonly peer: RTCPeerConnection;
  readonly channel: RTCDataChannel;
  readonly configuration: RTCConfiguration;
}

/** An app on the call client: real peer connections that may use a relay only, real sockets, sound without a microphone. */
export class Phone {
  readonly client: CallClient;
  /** Newest last. */
  readonly lines: Line[] = [];
  readonly #sockets = new Set<WebSocket>();
  readonly #sources: { close(): void }[] = [];
  readonly #dispose: () => void;

  constructor(options: PhoneOptions) {
    const { carrier = 'graphql-ws', storage, microphone = () => true, between = (it) => it } = options;
    const { transport, dispose } = this.#carry(options, carrier);
    this.#dispose = dispose;
    this.client = createCallClient({
      transport: between(transport),
      configuration: { iceTransportPolicy: 'relay' },
      createPeer: (configuration) => {
        const peer: RTCPeerConnection = new wrtc.RTCPeerConnection(configuration);
        const channel = peer.createDataChannel('data', { negotiated: true, id: 0 });
        this.lines.push({ peer, channel, configuration });
        return peer;
      },
      getUserMedia: async (constraints) => {
        if (!microphone()) throw new DOMException('denied', 'NotAllowedError');
        return this.#stream(constraints);
      },
      ...(storage && { storage }),
    });
  }

  get line(): Line {
    return this.lines.at(-1)!;
  }

  /** Resolves with the call that rings here. */
  async ringing(): Promise<Call> {
    return (await until(this.client.incoming, (call) => call !== null))!;
  }

  /** Cuts every connection, as a network that goes away does. */
  cut(): void {
    for (const socket of this.#sockets) socket.terminate();
  }

  /** As a page that is left: nobody is told. */
  close(): void {
    this.client.close();
    this.#dispose();
    for (const { peer } of this.lines) peer.close();
    for (const source of this.#sources) source.close();
  }

  #carry({ origin, token }: PhoneOptions, carrier: Carrier): { transport: Transport; dispose: () => void } {
    const sockets = this.#sockets;
    class Socket extends WebSocket {
      constructor(_url: string, protocols: string) {
        super(`${origin().replace(/^http/, 'ws')}/graphql`, protocols);
        sockets.add(this);
        this.on('close', () => sockets.delete(this));
      }
    }
    const socket = createClient({
      url: 'ws://said.by.the.socket',
      webSocketImpl: Socket,
      connectionParams: async () => ({ authorization: `Bearer ${await token()}` }),
      shouldRetry: () => true,
      retryAttempts: Infinity,
      retryWait: () => new Promise((resolve) => setTimeout(resolve, 50)),
    });
    const dispose = (): void => void Promise.resolve(socket.dispose()).catch(() => {});
    if (carrier === 'graphql-ws') return { transport: graphqlWsTransport(socket), dispose };
    const http = new SetContextLink(async () => ({ headers: { authorization: `Bearer ${await token()}` } })).concat(
      new HttpLink({ uri: () => `${origin()}/graphql` }),
    );
    const apollo = new ApolloClient({
      cache: new InMemoryCache(),
      link: ApolloLink.split(
        ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
        new GraphQLWsLink(socket),
        http,
      ),
    });
    return { transport: apolloTransport(apollo, socket), dispose };
  }

  #stream({ audio, video }: MediaStreamConstraints): MediaStream {
    const { RTCAudioSource, RTCVideoSource } = wrtc.nonstandard;
    const tracks: MediaStreamTrack[] = [];
    if (audio) {
      const source = new RTCAudioSource();
      // 10 ms of a tone at a time, as a sound card gives it.
      const samples = Int16Array.from({ length: 480 }, (_, n) => Math.round(8_000 * Math.sin((n * 2 * Math.PI) / 48)));
      const timer = setInterval(() => source.onData({ samples, sampleRate: 48_000 }), 10);
      this.#sources.push({ close: () => clearInterval(timer) });
      tracks.push(source.createTrack());
    }
    if (video) {
      const source = new RTCVideoSource();
      const frame = { width: 64, height: 48, data: new Uint8Array((64 * 48 * 3) / 2).fill(128) };
      const timer = setInterval(() => source.onFrame(frame), 50);
      this.#sources.push({ close: () => clearInterval(timer) });
      tracks.push(source.createTrack());
    }
    return new wrtc.MediaStream(tracks);
  }
}

/** The first value, from now on, of which something holds. */
export function until<Value>(
  observable: Observable<Value>,
  holds: (value: Value) => boolean,
  withinMs = 20_000,
): Promise<Value> {
  if (holds(observable.value)) return Promise.resolve(observable.value);
  return new Promise((resolve, reject) => {
    const settle = (settled: () => void): void => {
      unsubscribe();
      clearTimeout(timer);
      settled();
    };
    const unsubscribe = observable.subscribe((value) => {
      if (holds(value)) settle(() => resolve(value));
    });
    const timer = setTimeout(
      () =>
        settle(() =>
          reject(new Error(`not within ${withinMs} ms: ${String(holds)}, it is ${String(observable.value)}`)),
        ),
      withinMs,
    );
  });
}

export const reached = (call: Call, state: Call['state']['value'], withinMs?: number) =>
  until(call.state, (value) => value === state, withinMs);

/** Something said on one phone is heard on the other, and the other way round. */
export async function talk(one: Line, other: Line): Promise<void> {
  await Promise.all([opened(one.channel), opened(other.channel)]);
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    const words = crypto.randomUUID();
    const heard = new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('nothing was heard within 10 s')), 10_000);
      to.channel.onmessage = ({ data }) => {
        if (data !== words) return;
        clearTimeout(timer);
        resolve();
      };
    });
    from.channel.send(words);
    await heard;
  }
}

function opened(channel: RTCDataChannel): Promise<void> {
  return new Promise((resolve) => {
    if (channel.readyState === 'open') resolve();
    else channel.onopen = () => resolve();
  });
}

/** Resolves as soon as the sound that comes is not silence. */
export function heardOn(stream: MediaStream): Promise<void> {
  const sink = new wrtc.nonstandard.RTCAudioSink(stream.getAudioTracks()[0]!);
  return new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('silence for 10 s')), 10_000);
    sink.ondata = ({ samples }: { readonly samples: Int16Array }) => {
      if (!samples.some((sample) => Math.abs(sample) > 1_000)) return;
      clearTimeout(timer);
      resolve();
    };
  }).finally(() => sink.stop());
}
