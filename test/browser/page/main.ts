/** The page that the tests open: an app on the call client that does as it is told, and remembers what it saw. */
import { createCallClient } from '../../../src/client/index.js';
import type { Call, CallMedia, CallStatus } from '../../../src/client/index.js';
import { createTransport } from './transport.js';

/** What a test may know of the newest call. Nothing in it is secret: a test that fails prints it. */
export interface Look {
  readonly client: string;
  /** Calls that are not over. */
  readonly calls: number;
  readonly rings: boolean;
  readonly id: string | null;
  readonly direction: string | null;
  readonly state: CallStatus | null;
  /** All since the page was loaded, without the first. */
  readonly states: readonly CallStatus[];
  readonly endReason: string | null;
  readonly error: string | null;
  readonly connection: string | null;
  readonly signaling: string | null;
  readonly camera: boolean;
  readonly remoteVideo: boolean;
  /** Microphone and camera that are open now. */
  readonly localTracks: number;
  /** How many different ones the page had: of peer connections, ICE generations and TURN usernames. */
  readonly peers: number;
  readonly generations: number;
  readonly usernames: number;
}

/** What has come from the other side by the present peer connection. */
export interface Media {
  readonly path: string | null;
  /** Of the address that this side sends from. */
  readonly family: 'IPv4' | 'IPv6' | null;
  /** Sum of the loudness, and seconds of sound. */
  readonly energy: number;
  readonly seconds: number;
  readonly frames: number;
}

declare global {
  interface Window {
    /** Of the test, for each connection anew. */
    accessToken(): Promise<string>;
    app: App;
  }
}

type Entry = Readonly<Record<string, unknown>>;

interface Seen {
  readonly call: Call;
  readonly states: CallStatus[];
}

class App {
  readonly #seen: Seen[] = [];
  readonly #peers: RTCPeerConnection[] = [];
  readonly #generations = new Set<string>();
  readonly #usernames = new Set<string>();
  readonly #opened = new Set<MediaStreamTrack>();
  readonly #family: string | null;
  readonly client;

  /** @param settings of the page's address */
  constructor(settings: URLSearchParams) {
    this.#family = settings.get('family');
    this.client = createCallClient({
      transport: createTransport(settings.get('origin')!, settings.get('carrier')!, () => window.accessToken()),
      configuration: { iceTransportPolicy: 'relay' },
      createPeer: (configuration) => this.#createPeer(configuration),
      getUserMedia: async (constraints) => {
        const stream = await navigator.mediaDevices.getUserMedia(constraints);
        for (const track of stream.getTracks()) this.#opened.add(track);
        return stream;
      },
      ...(settings.has('keeps') && { storage: sessionStorage }),
    });
    this.client.calls.subscribe((calls) => calls.forEach((call) => this.#watch(call)));
  }

  /** The newest. */
  get call(): Call {
    return this.#seen.at(-1)!.call;
  }

  start(account: string, media: CallMedia): void {
    this.client.start(account, { media });
  }

  look(): Look {
    for (const peer of this.#peers) this.#remember(peer);
    const { call = null, states = [] } = this.#seen.at(-1) ?? {};
    return {
      client: this.client.state.value,
      calls: this.client.calls.value.length,
      rings: this.client.incoming.value !== null,
      id: call?.id ?? null,
      direction: call?.direction ?? null,
      state: call?.state.value ?? null,
      states,
      endReason: call?.endReason.value ?? null,
      error: call?.error.value?.code ?? null,
      connection: call?.connection.value ?? null,
      signaling: call?.peer?.signalingState ?? null,
      camera: call?.camera.value ?? false,
      remoteVideo: call?.remoteVideo.value ?? false,
      localTracks: [...this.#opened].filter(({ readyState }) => readyState === 'live').length,
      peers: this.#peers.length,
      generations: this.#generations.size,
      usernames: this.#usernames.size,
    };
  }

  async media(): Promise<Media> {
    const report = (await this.call.peer?.getStats()) as ReadonlyMap<string, Entry> | undefined;
    const entries = [...(report?.values() ?? [])];
    const inbound = (kind: string): Entry =>
      entries.find((entry) => entry['type'] === 'inbound-rtp' && entry['kind'] === kind) ?? {};
    const { selectedCandidatePairId } = entries.find(({ type }) => type === 'transport') ?? {};
    const { localCandidateId } = report?.get(String(selectedCandidatePairId)) ?? {};
    const { address } = report?.get(String(localCandidateId)) ?? {};
    return {
      path: (await this.call.stats())?.path ?? null,
      family: address === undefined ? null : String(address).includes(':') ? 'IPv6' : 'IPv4',
      energy: Number(inbound('audio')['totalAudioEnergy'] ?? 0),
      seconds: Number(inbound('audio')['totalSamplesDuration'] ?? 0),
      frames: Number(inbound('video')['framesDecoded'] ?? 0),
    };
  }

  #watch(call: Call): void {
    if (this.#seen.some((seen) => seen.call === call)) return;
    const states: CallStatus[] = [];
    this.#seen.push({ call, states });
    call.state.subscribe((state) => states.push(state));
    // What is not played is not decoded.
    const player = document.querySelector('video')!;
    call.remoteStream.subscribe((stream) => (player.srcObject = stream));
  }

  #createPeer(configuration: RTCConfiguration): RTCPeerConnection {
    const peer = new RTCPeerConnection({
      ...configuration,
      iceServers: (configuration.iceServers ?? []).map(({ urls, ...server }) => ({
        ...server,
        urls: [urls].flat().filter((url) => url.includes('[') === (this.#family === 'IPv6')),
      })),
    });
    this.#peers.push(peer);
    peer.addEventListener('signalingstatechange', () => this.#remember(peer));
    return peer;
  }

  #remember(peer: RTCPeerConnection): void {
    const [, fragment] = /a=ice-ufrag:(\S+)/.exec(peer.localDescription?.sdp ?? '') ?? [];
    if (fragment) this.#generations.add(fragment);
    for (const { username } of peer.getConfiguration().iceServers ?? []) if (username) this.#usernames.add(username);
  }
}

window.app = new App(new URL(location.href).searchParams);
