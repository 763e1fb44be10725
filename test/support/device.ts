import { createClient, type Client } from 'graphql-ws';
import { WebSocket } from 'ws';
import {
  AnswerCallDocument,
  CallDocument,
  CallEventsDocument,
  DeclineCallDocument,
  HangUpCallDocument,
  OpenCallsDocument,
  RecentCallsDocument,
  ReportConnectionDocument,
  ReportRingingDocument,
  SendDescriptionDocument,
  SendIceCandidatesDocument,
  StartCallDocument,
  type Document,
} from '../../src/client/generated/documents.js';
import type { CallEventsSubscription } from '../../src/client/generated/types.js';

export type DeviceEvent = CallEventsSubscription['callEvents'];
export type EventOf<Name extends DeviceEvent['__typename']> = Extract<DeviceEvent, { __typename: Name }>;

/** An operation was refused: the code of its first error, and all that came with it. */
export class Refused extends Error {
  constructor(
    readonly code: string,
    readonly extensions: Record<string, unknown>,
    message: string,
  ) {
    super(`${code}: ${message}`);
  }
}

export interface DeviceOptions {
  /** A function is asked at each connection, as behind a load balancer: the device comes back somewhere else. */
  readonly origin: string | (() => string);
  /** Asked for at each connection, as clients do whose tokens expire. */
  readonly token: () => string | Promise<string>;
  /** Told of each socket, to do harm to it. */
  readonly onSocket?: (socket: WebSocket) => void;
  /** What is refused as `retryable` is sent again as it was, and not thrown. */
  readonly retrying?: boolean;
  /** How long it waits before it comes back, in milliseconds; 50. */
  readonly retryMs?: () => number;
}

/** How long a device that does not listen keeps its socket. The client's timer for that outlives the client. */
const IDLE_MS = 200;

interface Wait {
  readonly matches: (event: DeviceEvent) => boolean;
  readonly resolve: (event: DeviceEvent) => void;
}

/**
 * A device as an app would write it: the reference graphql-ws client with the settings that PROTOCOL.md asks for, the
 * cursor of the last event kept and sent along at each return.
 */
export class TestDevice {
  /** Every event given, in order, StreamReady and StreamClosed included. */
  readonly events: DeviceEvent[] = [];
  /** Codes of closes that the device did not ask for, oldest first. */
  readonly closes: number[] = [];
  /** Why its stream ended for good, where it did. */
  readonly failures: string[] = [];
  readonly client: Client;
  completed = false;
  #cursor: string | null = null;
  #seen = 0;
  readonly #waits = new Set<Wait>();
  #unsubscribe: (() => void) | null = null;
  #seqs = new Map<string, number>();
  readonly #retrying: boolean;

  constructor(options: DeviceOptions) {
    const { origin, onSocket, retrying = false, retryMs = () => 50 } = options;
    this.#retrying = retrying;
    class Socket extends WebSocket {
      constructor(url: string, protocols: string) {
        super(url, protocols);
        onSocket?.(this);
      }
    }
    this.client = createClient({
      url: () => `${(typeof origin === 'string' ? origin : origin()).replace(/^http/, 'ws')}/graphql`,
      webSocketImpl: Socket,
      lazy: true,
      lazyCloseTimeout: IDLE_MS,
      shouldRetry: () => true,
      retryAttempts: Infinity,
      retryWait: () => new Promise((resolve) => setTimeout(resolve, retryMs())),
      connectionParams: async () => ({ authorization: `Bearer ${await options.token()}` }),
      on: {
        closed: (event) => {
          const { code } = event as { code: number };
          if (code !== 1000) this.closes.push(code);
        },
      },
    });
  }

  /** Begins to listen; resolves at the first StreamReady. */
  async listen(after: string | null = null): Promise<EventOf<'StreamReady'>> {
    this.#cursor = after;
    const cursor = (): string | null => this.#cursor;
    this.#unsubscribe = this.client.subscribe<CallEventsSubscription>(
      {
        query: CallEventsDocument.text,
        variables: {
          get after() {
            return cursor();
          },
        },
      },
      {
        next: ({ data, errors }) => {
          if (data) this.#take(data.callEvents);
          else if (errors) throw new Error(errors.map(({ message }) => message).join());
        },
        error: (error) => void this.failures.push(JSON.stringify(error)),
        complete: () => (this.completed = true),
      },
    );
    return this.next('StreamReady');
  }

  stopListening(): void {
    this.#unsubscribe?.();
  }

  get cursor(): string | null {
    return this.#cursor;
  }

  #take(event: DeviceEvent): void {
    this.#cursor = event.cursor;
    this.events.push(event);
    for (const wait of this.#waits) {
      if (!wait.matches(event)) continue;
      this.#waits.delete(wait);
      this.#seen = this.events.length;
      wait.resolve(event);
      return;
    }
  }

  /** The next event of this kind after those that were already waited for. */
  async next<Name extends DeviceEvent['__typename']>(
    name: Name,
    holds: (event: EventOf<Name>) => boolean = () => true,
    withinMs = 15_000,
  ): Promise<EventOf<Name>> {
    const matches = (event: DeviceEvent): boolean => event.__typename === name && holds(event as EventOf<Name>);
    const index = this.events.findIndex((event, at) => at >= this.#seen && matches(event));
    if (index >= 0) {
      this.#seen = index + 1;
      return this.events[index] as EventOf<Name>;
    }
    return new Promise((resolve, reject) => {
      const wait: Wait = {
        matches,
        resolve: (event) => {
          clearTimeout(timer);
          resolve(event as EventOf<Name>);
        },
      };
      const timer = setTimeout(() => {
        this.#waits.delete(wait);
        const had = this.events.map((event) => event.__typename).join();
        reject(new Error(`no ${name} within ${withinMs} ms; had ${had}`));
      }, withinMs);
      this.#waits.add(wait);
    });
  }

  /** The next state that the device is told of. */
  async state(state: string): Promise<EventOf<'CallStateChanged'>> {
    return this.next('CallStateChanged', (event) => event.state === state);
  }

  /**
   * Runs a query or a mutation over the socket. One that was under way when its socket died is sent again, as it was, by the
   * client itself.
   *
   * @throws Refused
   */
  async run<Result, Variables>(document: Document<Result, Variables>, variables?: Variables): Promise<Result> {
    for (;;) {
      const { data, errors } = await this.#answerTo(document, variables);
      const [failure] = errors ?? [];
      if (!failure && !data) throw new Error('the device was closed before the answer came');
      if (!failure) return data as Result;
      const { message, extensions = {} } = failure;
      if (!this.#retrying || extensions['retryable'] !== true) {
        throw new Refused(String(extensions['code']), extensions, message);
      }
      const waitMs = Number(extensions['retryAfterSeconds'] ?? 0.05) * 1_000;
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }

  #answerTo<Result, Variables>(
    document: Document<Result, Variables>,
    variables: Variables | undefined,
  ): Promise<Answer<Result>> {
    return new Promise((resolve, reject) => {
      let last: Answer<Result> = {};
      this.client.subscribe(
        { query: document.text, variables: variables as Record<string, unknown> },
        {
          next: (result) => (last = result as typeof last),
          error: (error) => (Array.isArray(error) ? resolve({ errors: error as Failure[] }) : reject(error as Error)),
          complete: () => resolve(last),
        },
      );
    });
  }

  async start(calleeAccountId: string, changes: Record<string, unknown> = {}) {
    const input = {
      clientCallId: crypto.randomUUID(),
      calleeAccountId,
      media: 'AUDIO' as const,
      offerSdp: sdp('offer'),
      ...changes,
    };
    return (await this.run(StartCallDocument, { input })).startCall;
  }
  ring = async (callId: string) => (await this.run(ReportRingingDocument, { callId })).reportRinging;
  answer = async (callId: string, offerId: string, answerSdp = sdp('answer')) =>
    (await this.run(AnswerCallDocument, { input: { callId, offerId, answerSdp } })).answerCall;
  decline = async (callId: string, reason: 'DECLINED' | 'BUSY' | 'IGNORED' = 'DECLINED') =>
    (await this.run(DeclineCallDocument, { input: { callId, reason } })).declineCall;
  hangUp = async (callId: string) => (await this.run(HangUpCallDocument, { input: { callId } })).hangUpCall;
  report = async (callId: string, connection: 'CONNECTED' | 'DISCONNECTED' = 'CONNECTED') =>
    (await this.run(ReportConnectionDocument, { input: { callId, connection } })).reportConnection;
  call = async (id: string) => (await this.run(CallDocument, { id })).call;
  openCalls = async () => (await this.run(OpenCallsDocument)).openCalls ?? [];
  recentCalls = async (first = 20) => (await this.run(RecentCallsDocument, { first })).recentCalls ?? [];

  #nextSeq(callId: string): number {
    const seq = (this.#seqs.get(callId) ?? 0) + 1;
    this.#seqs.set(callId, seq);
    return seq;
  }

  async candidates(
    callId: string,
    lines: readonly string[],
    clientSeq = this.#nextSeq(callId),
    endOfCandidates = false,
  ) {
    const candidates = lines.map((candidate) => ({
      candidate,
      sdpMid: '0',
      sdpMLineIndex: 0,
      usernameFragment: 'frag',
    }));
    const input = { callId, clientSeq, candidates, endOfCandidates };
    return (await this.run(SendIceCandidatesDocument, { input })).sendIceCandidates;
  }

  async describe(
    callId: string,
    type: 'OFFER' | 'ANSWER' | 'ROLLBACK',
    inReplyTo: string | null = null,
    clientSeq = this.#nextSeq(callId),
  ) {
    const text = type === 'ROLLBACK' ? '' : sdp(type.toLowerCase());
    const input = { callId, clientSeq, type, sdp: text, inReplyTo };
    return (await this.run(SendDescriptionDocument, { input })).sendDescription;
  }

  /** Candidate lines received for a call, in order. */
  received(callId: string): string[] {
    return this.events.flatMap((event) =>
      event.__typename === 'IceCandidatesReceived' && event.callId === callId
        ? event.candidates.map(({ candidate }) => candidate)
        : [],
    );
  }

  async close(): Promise<void> {
    // It rejects when it was just about to connect again.
    await Promise.resolve(this.client.dispose()).catch(() => {});
    this.#unsubscribe?.();
  }
}

interface Failure {
  readonly message: string;
  readonly extensions?: Record<string, unknown>;
}

interface Answer<Result> {
  readonly data?: Result | null;
  readonly errors?: readonly Failure[];
}

/** A description that can be told from others. */
export function sdp(name: string): string {
  return `v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=${name}\r\n`;
}

export function candidateLine(n: number): string {
  return `candidate:${n} 1 udp 2122260223 192.0.2.${(n % 250) + 1} ${40_000 + n} typ host`;
}
