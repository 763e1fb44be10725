/** docs/client.md: its examples run, and its tables are those of the code. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { createClient } from 'graphql-ws';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import wrtc from '@roamhq/wrtc';
import { createCallClient, graphqlWsTransport, type Call, type CallClient } from '../../src/client/index.js';
import { reached, until } from '../client/phone.js';
import { startPhoneWorld, talking, type PhoneWorld } from '../client/world.js';
import { ROOT } from '../support/process.js';

const text = readFileSync(join(ROOT, 'docs/client.md'), 'utf8');
const blocks = [...text.matchAll(/^```js\n([^]*?)^```/gm)].map(([, code = '']) => code.replace(/^import .*\n/gm, ''));
const source = (file: string): string => readFileSync(join(ROOT, 'src/client', file), 'utf8');
const section = (title: string): string => text.split(/^## /m).find((part) => part.startsWith(title)) ?? '';
/** What the first column of a section's table names. */
const rows = (title: string): string[] =>
  [...section(title).matchAll(/^\| ([^|]+) \|/gm)]
    .map(([, names = '']) => names.trim())
    .filter((name) => !/^(option|state|code|-+)$/.test(name))
    .flatMap((names) => names.split(', '));
const quoted = (part: string): string[] => [...part.matchAll(/^ +\| '(\w+)'/gm)].map(([, name = '']) => name);
const typeOf = (file: string, name: string): string =>
  new RegExp(`export type ${name} =([^]*?);\n`).exec(source(file))?.[1] ?? '';

describe('the tables', () => {
  it('have the options', () => {
    const [, body = ''] = /interface CallClientOptions \{([^]*?)\n\}/.exec(source('client.ts')) ?? [];
    const names = [...body.matchAll(/^ {2}readonly (\w+)/gm)].map(([, name = '']) => name);
    expect(names.length).toBeGreaterThan(5);
    expect(rows('Options').sort()).toEqual(names.sort());
  });

  it('have the states and the errors', () => {
    expect(rows('States of the client')).toEqual(quoted(typeOf('stream.ts', 'ClientState')));
    const ofProtocol =
      /^INITIATED[^]*?(?=\n\n)/m.exec(readFileSync(join(ROOT, 'schema/PROTOCOL.md'), 'utf8'))?.[0] ?? '';
    const states = new Set([...quoted(typeOf('call.ts', 'CallStatus')), ...(ofProtocol.match(/\b[A-Z]{5,}\b/g) ?? [])]);
    expect(rows('States of a call').sort()).toEqual([...states].sort());
    expect(rows('Errors of this side')).toEqual(quoted(typeOf('errors.ts', 'LocalErrorCode')));
  });
});

describe('the examples', () => {
  let phones: PhoneWorld;
  const closed: (() => void)[] = [];
  beforeAll(async () => {
    phones = await startPhoneWorld();
  });
  afterAll(async () => {
    for (const close of closed) close();
    await phones.close();
  });

  /** Runs an example's text with the names that it uses. */
  function run(code: string, names: Readonly<Record<string, unknown>>): CallClient {
    const made = new Function(...Object.keys(names), `${code}; return client;`)(...Object.values(names)) as CallClient;
    return made;
  }

  function transportOf(name: string) {
    const socket = createClient({
      url: `${phones.world.origin.replace(/^http/, 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: async () => ({ authorization: `Bearer ${await phones.world.token(name)}` }),
      shouldRetry: () => true,
      retryAttempts: Infinity,
    });
    closed.push(() => void Promise.resolve(socket.dispose()).catch(() => {}));
    return graphqlWsTransport(socket);
  }

  it('leave a page, and go on with a call that no page leads', async () => {
    const [leaving, options] = blocks;
    const [caller, callee] = [phones.phone('a/phone'), phones.phone('b/phone')];
    const [, theirs] = await talking(caller, callee, 'b');
    caller.close();
    const sessionStorage = { getItem: () => null, setItem: () => {}, removeItem: () => {} };
    const client = run(leaving!, {
      createCallClient,
      transport: transportOf('a/phone'),
      sessionStorage,
      report: () => {},
    });
    closed.push(() => client.close());
    const offered: { account: string; hangUp: Call['hangUp'] }[] = [];
    run(options!, { client: { calls: client.calls }, offer: (offer: (typeof offered)[0]) => offered.push(offer) });
    await until(client.calls, ({ length }) => length === 1);
    expect(offered.map(({ account }) => account)).toEqual(['b']);
    expect(await offered[0]!.hangUp()).toMatchObject({ ok: true });
    await reached(theirs, 'ENDED');
  });

  it('make a client on React Native', async () => {
    const client = run(blocks[2]!, {
      createCallClient,
      transport: transportOf('c/phone'),
      RTCPeerConnection: wrtc.RTCPeerConnection,
      mediaDevices: { getUserMedia: async () => new wrtc.MediaStream() },
    });
    closed.push(() => client.close());
    expect(blocks).toHaveLength(3);
    const callee = phones.phone('d/phone');
    await until(callee.client.state, (state) => state === 'online');
    const call = client.start('d', { media: 'AUDIO' });
    await callee.ringing();
    await call.hangUp();
  });
});
