/**
 * A client by somebody who has schema/PROTOCOL.md, a JSON parser, HTTP and WebSockets, and nothing else: requests, messages and
 * documents are those of the text. Two of them hold a call.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { eventually, startOneFileServer, type RunningProcess } from './support/process.js';

const text = readFileSync(new URL('../schema/PROTOCOL.md', import.meta.url), 'utf8');
const blocks = (language: string): string[] =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, 'gm'))].map(([, block = '']) => block);
const documents = blocks('graphql').join('\n');
/** What the client sends over the socket, in the order of the text. */
const [init, subscribe, , ping] = [...text.matchAll(/^→ (\{.*\})$/gm)].map(([, message = '']) => message);

/** An operation of the text by its name, with the fragments that it uses. */
function documentOf(name: string): string {
  const start = documents.search(new RegExp(`^(query|mutation|subscription) ${name}\\b`, 'm'));
  const operation = documents.slice(start).split(/\n(?=\n|query|mutation|fragment)/)[0]!;
  const fragments = [...documents.matchAll(/^fragment (\w+) on \w+ \{(?: .*\}$|\n[^]*?^\})/gm)];
  const needed = (source: string): string[] =>
    fragments.flatMap(([whole, fragment]) => (source.includes(`...${fragment}`) ? [whole, ...needed(whole)] : []));
  return [operation, ...new Set(needed(operation))].join('\n');
}

interface Answer {
  readonly data?: Record<string, unknown>;
  readonly errors?: readonly { readonly extensions: Record<string, unknown> }[];
}
type Event = Record<string, unknown> & { readonly __typename: string; readonly cursor: string };
type CallView = { readonly id: string; readonly state: string; readonly nextClientSeq: number };

/** One HTTP request of the text, sent to where it is served here. */
async function send(request: string, origin: string, change: (part: string) => string): Promise<unknown> {
  const [head = '', body = ''] = request.split('\n\n');
  const [first = '', ...lines] = head.split('\n');
  const [method = '', path = ''] = first.split(' ');
  const headers = lines
    .map((line) => line.split(': ') as [string, string])
    .filter(([name]) => name !== 'Host')
    .map(([name, value]) => [name, change(value)] as [string, string]);
  return (await fetch(`${origin}${path}`, { method, headers, body: change(body.trim()) })).json();
}

class PlainClient {
  readonly events: Event[] = [];
  #cursor: string | null = null;
  #socket!: WebSocket;
  readonly #heard: Record<string, unknown>[] = [];
  #token = '';

  constructor(
    readonly origin: string,
    readonly account: string,
  ) {}

  async signIn(): Promise<void> {
    const [request = ''] = blocks('http');
    const answer = await send(request, this.origin, (part) => part.replace('alice', this.account));
    this.#token = (answer as { token: string }).token;
  }

  /** Resolves with StreamReady. */
  async listen(): Promise<Event> {
    const [, address = ''] = /opening of `(ws:[^`]+)`/.exec(text) ?? [];
    const url = new URL(address);
    url.host = new URL(this.origin).host;
    this.#socket = new WebSocket(url, 'graphql-transport-ws');
    this.#socket.on('message', (data) => this.#hear(JSON.parse(String(data))));
    await once(this.#socket, 'open');
    this.#socket.send(init!.replace('…', this.#token));
    await eventually(() => this.#heard.some(({ type }) => type === 'connection_ack'));
    const before = this.events.length;
    const message = JSON.parse(subscribe!);
    message.payload = { query: documentOf('CallEvents'), variables: { after: this.#cursor } };
    this.#socket.send(JSON.stringify(message));
    await eventually(() => this.events.length > before);
    return this.events[before]!;
  }

  async ping(): Promise<void> {
    this.#socket.send(ping!);
    await eventually(() => this.#heard.some(({ type }) => type === 'pong'));
  }

  async run(name: string, variables: Record<string, unknown> = {}): Promise<Answer> {
    const [, request = ''] = blocks('http');
    const [head] = request.split('\n\n');
    const body = JSON.stringify({ query: documentOf(name), variables });
    return (await send(`${head}\n\n${body}`, this.origin, (part) =>
      part.replace(/^Bearer …$/, `Bearer ${this.#token}`),
    )) as Answer;
  }

  /** @returns the result of an operation's one field */
  async data<Result>(name: string, variables: Record<string, unknown> = {}): Promise<Result> {
    const { data, errors } = await this.run(name, variables);
    expect(errors).toBeUndefined();
    return Object.values(data!)[0] as Result;
  }

  async next(typename: string, holds: (event: Event) => boolean = () => true): Promise<Event> {
    const find = (): Event | undefined => this.events.find((event) => event.__typename === typename && holds(event));
    await eventually(() => find() !== undefined);
    return find()!;
  }

  cut(): void {
    this.#socket.terminate();
    this.#heard.length = 0;
  }

  #hear(message: Record<string, unknown>): void {
    this.#heard.push(message);
    if (message['type'] !== 'next') return;
    const { callEvents } = (message['payload'] as { data: { callEvents: Event } }).data;
    this.events.push(callEvents);
    this.#cursor = callEvents.cursor;
  }
}

let folder: string;
let server: RunningProcess;
let origin = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'protocol-'));
  const relay = {
    requestedTtlSeconds: 600,
    clientTtlSeconds: 300,
    rateLimit: { max: 100, windowSeconds: 600 },
    providers: [{ type: 'shared-secret', secret: 'of-the-test' }],
    relay: { urls: ['turn:127.0.0.1:9?transport=udp'] },
  };
  writeFileSync(join(folder, 'relay.json'), JSON.stringify(relay));
  server = startOneFileServer({ RELAY_CONFIG_FILE: join(folder, 'relay.json') });
  [, origin = ''] = await server.printed(/GraphQL +(http:\/\/[^/]+)\/graphql/);
}, 60_000);
afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('a client that knows the text of the protocol only', () => {
  it('signs in, listens, calls, is answered, loses its connection, misses nothing, and hangs up', async () => {
    const [alice, bob] = [new PlainClient(origin, 'alice'), new PlainClient(origin, 'bob')];
    await Promise.all([alice.signIn(), bob.signIn()]);
    for (const client of [alice, bob]) {
      expect(await client.listen()).toMatchObject({ __typename: 'StreamReady', openCalls: [] });
    }
    await alice.ping();
    expect(await alice.data('CallRelay')).toMatchObject({ iceServers: [{ urls: ['turn:127.0.0.1:9?transport=udp'] }] });

    // Inputs by the table of the text: what has to be given, and nothing else.
    const started = await alice.data<{ offerId: string; call: CallView }>('StartCall', {
      input: { clientCallId: crypto.randomUUID(), calleeAccountId: 'bob', media: 'AUDIO', offerSdp: 'v=0\r\n' },
    });
    const callId = started.call.id;
    const invited = await bob.next('CallInvited');
    expect(invited).toMatchObject({ call: { id: callId }, offer: { id: started.offerId, sdp: 'v=0\r\n' } });
    expect(await bob.data('ReportRinging', { callId })).toMatchObject({ state: 'RINGING' });
    await alice.next('CallStateChanged', ({ state }) => state === 'RINGING');

    alice.cut();
    const answer = { callId, offerId: started.offerId, answerSdp: 'v=0\r\n' };
    const answered = await bob.data<CallView>('AnswerCall', { input: answer });
    const candidates = [{ candidate: 'candidate:1 1 udp 1 192.0.2.1 9 typ host', sdpMid: '0' }];
    const signal = { callId, clientSeq: answered.nextClientSeq, candidates };
    expect(await bob.data('SendIceCandidates', { input: signal })).toMatchObject({ duplicate: false });
    // No answer came: the same again.
    expect(await bob.data('SendIceCandidates', { input: signal })).toMatchObject({ duplicate: true });

    expect(await alice.listen()).toMatchObject({ __typename: 'StreamReady', resumed: true });
    await alice.next('DescriptionReceived', ({ callId: id }) => id === callId);
    expect(await alice.next('IceCandidatesReceived')).toMatchObject({ callId, from: 'CALLEE' });

    for (const client of [alice, bob]) {
      await client.data('ReportConnection', { input: { callId, connection: 'CONNECTED' } });
    }
    await bob.next('CallStateChanged', ({ state }) => state === 'ACTIVE');
    const offer = { callId, clientSeq: 1, type: 'OFFER', sdp: 'v=0\r\n' };
    expect(await alice.data('SendDescription', { input: offer })).toMatchObject({ clientSeq: 1, duplicate: false });
    await bob.next('DescriptionReceived');
    expect(await alice.data('HangUpCall', { input: { callId } })).toMatchObject({ endReason: 'COMPLETED' });
    await bob.next('CallStateChanged', ({ state, endReason }) => state === 'ENDED' && endReason === 'COMPLETED');
    expect(await bob.data('OneCall', { id: callId })).toMatchObject({ state: 'ENDED' });
    expect(await bob.data('OpenCalls')).toEqual([]);
    expect(await bob.data('RecentCalls')).toMatchObject([{ id: callId }]);

    // A refusal says what it is, and whether to try again.
    const { errors } = await bob.run('DeclineCall', { input: { callId, reason: 'DECLINED' } });
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'CALL_ENDED', status: 410, retryable: false });
    alice.cut();
    bob.cut();
  }, 60_000);
});
