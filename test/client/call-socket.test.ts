/** The socket that the package ships: tokens that expire, fail, take their time, and messages that are too big. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { FetchedToken } from '../../src/client/access-token.js';
import type { CallError } from '../../src/client/errors.js';
import { CallDocument, StartCallDocument } from '../../src/client/generated/documents.js';
import { callSocket, createCallClient, graphqlWsTransport } from '../../src/client/index.js';
import type { TokenSource } from '../../src/client/index.js';
import { execute } from '../../src/client/retry.js';
import { startCallWorld, type CallWorld } from '../support/call-world.js';
import { sdp } from '../support/device.js';
import { eventually } from '../support/process.js';
import { until } from './phone.js';

let world: CallWorld;
const opened: { close(): void }[] = [];
beforeAll(async () => {
  world = await startCallWorld();
});
afterEach(() => {
  for (const { close } of opened.splice(0)) close();
});
afterAll(() => world.close());

function open(token: TokenSource) {
  // With http, as an app has the address of its service.
  const socket = callSocket({ url: `${world.origin}/graphql`, token, webSocketImpl: WebSocket });
  const transport = graphqlWsTransport(socket);
  const client = createCallClient({ transport });
  const closes: number[] = [];
  socket.on('closed', (event) => closes.push((event as { code: number }).code));
  const close = (): void => {
    client.close();
    void Promise.resolve(socket.dispose()).catch(() => {});
  };
  opened.push({ close });
  return { socket, client, transport, closes };
}
const online = ({ client }: ReturnType<typeof open>): Promise<unknown> =>
  until(client.state, (state) => state === 'online', 30_000);
const expiring = (name: string, seconds: number): Promise<string> =>
  world.token(name, { exp: Math.floor(Date.now() / 1_000) + seconds });

describe('a token that expires', () => {
  it('is followed by another over a new connection, before the service ends the stream, and no call is missed', async () => {
    let asked = 0;
    const app = open(() => {
      asked += 1;
      return expiring('renews/phone', 6);
    });
    await online(app);
    const caller = world.device('caller/phone');
    await caller.listen();
    for (let n = 1; n <= 3; n += 1) {
      await eventually(() => app.closes.length >= n, 20_000);
      const { call } = await caller.start('renews');
      await until(app.client.incoming, (incoming) => incoming?.id === call.id, 20_000);
      await caller.hangUp(call.id);
    }
    // Each time it was left from here; 4403 would be the service's word.
    expect(new Set(app.closes)).toEqual(new Set([4499]));
    expect(asked).toBeGreaterThanOrEqual(4);
    await caller.close();
  }, 90_000);

  it.each<[string, () => TokenSource]>([
    ['says so itself (JWT)', () => () => expiring('read/phone', 30)],
    ['is said to by the app', () => () => ({ token: 'opaque', expiresAt: new Date(Date.now() + 30_000) })],
    ['is said to in text', () => () => ({ token: 'a', expiresAt: new Date(Date.now() + 30_000).toISOString() })],
    ['is said to in milliseconds', () => () => ({ token: 'a', expiresAt: Date.now() + 30_000 })],
  ])('%s', async (_, source) => {
    const { leftMs } = new FetchedToken(await source()({ refused: false }));
    expect(leftMs).toBeGreaterThan(20_000);
    expect(leftMs).toBeLessThanOrEqual(30_000);
  });

  it.each(['opaque', 'a.b.c', 'a.e30.c', `a.${btoa('{"exp":"soon"}')}.c`, '', { token: 'x', expiresAt: 'never' }])(
    'is unknown of %p',
    (given) => expect(new FetchedToken(given).leftMs).toBeNull(),
  );

  it('is not renewed again and again where the source gives the same one', async () => {
    let asked = 0;
    const kept = await expiring('same/phone', 6);
    const app = open(() => {
      asked += 1;
      return kept;
    });
    await online(app);
    await eventually(() => app.closes.includes(4403), 30_000);
    expect(asked).toBeLessThan(8);
  }, 60_000);
});

describe('a source of tokens', () => {
  it('may throw: it is asked again, and the client says why it is not online', async () => {
    let asked = 0;
    const app = open(() => {
      asked += 1;
      if (asked === 1) throw new Error('signed out');
      if (asked === 2) return Promise.reject(new Error('the login is down'));
      return world.token('throws/phone');
    });
    await until(app.client.problem, (problem) => problem?.code === 'TOKEN_FAILED');
    expect(app.client.problem.value!.message).not.toMatch(/signed out|login/);
    await online(app);
    expect([asked, app.client.problem.value, app.closes]).toEqual([3, null, []]);
  });

  it('may take longer than the service waits for connection_init', async () => {
    const app = open(async () => {
      await new Promise((resolve) => setTimeout(resolve, 4_000));
      return world.token('slow/phone');
    });
    await online(app);
    expect(app.closes).toEqual([]);
  }, 60_000);

  it('hears that its token was refused, and is asked again', async () => {
    const heard: boolean[] = [];
    const app = open(({ refused }) => {
      heard.push(refused);
      return expiring('kept/phone', refused ? 60 : -60);
    });
    await online(app);
    expect(heard).toEqual([false, true]);
    expect(app.closes).toEqual([4403]);
  });

  it('is asked no more once the socket is disposed of', async () => {
    let asked = 0;
    const app = open(() => {
      asked += 1;
      throw new Error('never');
    });
    await eventually(() => asked >= 2);
    app.client.close();
    await app.socket.dispose();
    const before = asked;
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect(asked).toBe(before);
  });
});

describe('a message that is too big', () => {
  it('is refused once: the others under way are sent again, and the stream comes back', async () => {
    const app = open(() => world.token('big/phone'));
    await online(app);
    const signal = new AbortController().signal;
    const input = {
      clientCallId: crypto.randomUUID(),
      calleeAccountId: 'anybody',
      media: 'AUDIO' as const,
      offerSdp: sdp('x'.repeat(300_000)),
    };
    const big = execute(app.transport, StartCallDocument, { input: { ...input } }, signal).catch((error: CallError) => [
      error.code,
      error.details.status,
    ]);
    const small = execute(app.transport, CallDocument, { id: 'none' }, signal);
    expect(await big).toEqual(['REFUSED', 1009]);
    expect(await small).toEqual({ call: null });
    await online(app);
    expect(app.closes).toEqual([1009]);
  }, 60_000);
});
