import { afterEach, describe, expect, it } from '@jest/globals';
import { createClient, type Client } from 'graphql-ws';
import { WebSocket } from 'ws';
import { SignalingError } from '../../src/errors.js';
import { createTestLogin } from '../support/tokens.js';
import { startWsWorld, until, type WsWorld, type WsWorldOptions } from '../support/ws-world.js';

let world: WsWorld;
let client: Client;
const begin = async (options?: WsWorldOptions): Promise<WsWorld> => (world = await startWsWorld(options));
afterEach(async () => {
  await client.dispose();
  await world.close();
});

/** The reference client, as PROTOCOL.md asks for it, on its event stream; `events` holds what it was told. */
function follow(token: () => Promise<string> = () => world.bearer()) {
  const events: string[] = [];
  const closes: number[] = [];
  let ended: unknown = null;
  client = createClient({
    url: world.url,
    webSocketImpl: WebSocket,
    connectionParams: async () => ({ authorization: await token() }),
    shouldRetry: () => true,
    retryAttempts: Infinity,
    retryWait: () => new Promise((resolve) => setTimeout(resolve, 20)),
    on: { closed: (event) => closes.push((event as { code: number }).code) },
  });
  client.subscribe<{ events: { name: string } }>(
    { query: 'subscription { events { name } }' },
    {
      next: ({ data }) => void events.push(data?.events.name ?? 'an error'),
      error: (error) => (ended = error),
      complete: () => (ended = 'complete'),
    },
  );
  return { events, closes, ended: () => ended };
}

/** Resolves when the client's next stream has begun and delivers. */
async function delivers(follower: ReturnType<typeof follow>, streams: number): Promise<void> {
  await until(() => world.streams.length === streams);
  world.streams.at(-1)?.push(`from stream ${streams}`);
  await until(() => follower.events.at(-1) === `from stream ${streams}`);
  expect(follower.ended()).toBeNull();
}

describe('the reference client comes back by itself', () => {
  it('after a restart of the server, however long the port refuses', async () => {
    const { port, login } = await begin();
    const follower = follow();
    await delivers(follower, 1);
    await world.close();
    expect(follower.events.at(-1)).toBe('closed: SHUTDOWN');
    expect(follower.closes).toEqual([1012]);
    // It has knocked in vain ten times before the server is there again.
    await until(() => follower.closes.length > 10);
    await begin({ port, login });
    await delivers(follower, 1);
  });

  it('after its token has expired, with a new one', async () => {
    await begin();
    let tokens = 0;
    const follower = follow(() => {
      tokens += 1;
      return world.bearer(tokens === 1 ? { exp: Math.floor(Date.now() / 1_000) + 1 } : {});
    });
    await delivers(follower, 1);
    await delivers(follower, 2);
    expect(follower.events).toContain('closed: SESSION_EXPIRED');
    expect(follower.closes).toEqual([4403]);
    expect(tokens).toBe(2);
  });

  it('after its token was refused', async () => {
    await begin();
    let tokens = 0;
    const stranger = await createTestLogin();
    const follower = follow(async () => ((tokens += 1) === 1 ? `Bearer ${await stranger.token()}` : world.bearer()));
    await delivers(follower, 1);
    expect(follower.closes).toEqual([4403]);
  });

  it('after it was too slow', async () => {
    await begin();
    const follower = follow();
    await delivers(follower, 1);
    world.streams[0]?.close('TOO_SLOW');
    await delivers(follower, 2);
    expect(follower.closes).toEqual([1013]);
  });

  it('when the server was full, or what it rests on was down', async () => {
    let isDown = true;
    await begin({
      maxSockets: 1,
      nextEpoch: () => {
        if (isDown) throw new SignalingError('CALL_UNAVAILABLE');
        return 1;
      },
    });
    const blocker = new WebSocket(world.url, 'graphql-transport-ws');
    await until(() => world.door.sockets === 1);
    const follower = follow();
    await until(() => follower.closes.length > 2);
    blocker.close();
    await until(() => follower.closes.length > 5);
    isDown = false;
    await delivers(follower, 1);
    expect(new Set(follower.closes)).toEqual(new Set([1013]));
  });

  it('after its connection broke off', async () => {
    await begin({ silenceMs: 60 });
    const follower = follow();
    await delivers(follower, 1);
    client.terminate();
    await delivers(follower, 2);
  });
});
