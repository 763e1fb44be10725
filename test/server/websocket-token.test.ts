/** Where a token may stand in connection_init, and what a client without one is told. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { authorizationIn, TOKEN_MISSING } from '../../src/server/websocket-token.js';
import { openWire, type WireClient } from '../support/ws-client.js';
import { startWsWorld, type WsWorld } from '../support/ws-world.js';

let world: WsWorld;
let opened: WireClient[] = [];
beforeAll(async () => {
  world = await startWsWorld();
});
afterAll(async () => {
  for (const { socket } of opened) socket.terminate();
  await world.close();
});

const open = async (payload: unknown): Promise<WireClient> => {
  const client = await openWire(world.url);
  opened = [...opened, client];
  client.send({ type: 'connection_init', payload });
  return client;
};

describe('a token in connection_init', () => {
  it.each<[string, (bearer: string, token: string) => unknown]>([
    ['authorization', (authorization) => ({ authorization })],
    ['Authorization', (bearer) => ({ Authorization: bearer })],
    ['headers.authorization', (authorization) => ({ headers: { authorization } })],
    ['headers.AUTHORIZATION', (bearer) => ({ headers: { AUTHORIZATION: bearer } })],
    ['token', (_bearer, token) => ({ token })],
    ['token, with its scheme', (bearer) => ({ token: bearer })],
    ['connectionParams.token', (_bearer, token) => ({ connectionParams: { token } })],
    ['extensions.headers.authorization', (authorization) => ({ extensions: { headers: { authorization } } })],
    ['extensions.headers.Authorization', (bearer) => ({ extensions: { headers: { Authorization: bearer } } })],
    [
      'the second place, with something else in the first',
      (bearer) => ({ authorization: null, headers: { authorization: bearer } }),
    ],
  ])('is found in %s', async (_name, payload) => {
    const bearer = await world.bearer({ sub: `account-${opened.length}` });
    const client = await open(payload(bearer, bearer.slice('Bearer '.length)));
    expect(await client.next()).toMatchObject({ type: 'connection_ack' });
  });

  it.each([
    [undefined],
    [{}],
    [{ headers: 'x' }],
    [{ authorization: 7 }],
    [{ token: '' }],
    [{ extensions: { headers: [] } }],
  ])('%j has none: closed with 4403 and where it is looked for', async (payload) => {
    const { code, reason } = await (await open(payload)).closed;
    expect(code).toBe(4403);
    for (const place of [
      'authorization',
      'headers.authorization',
      'token',
      'connectionParams.token',
      'extensions.headers.authorization',
    ]) {
      expect(reason).toContain(place);
    }
  });

  it('that is missing is told in as many bytes as a close frame has', () => {
    expect(Buffer.byteLength(TOKEN_MISSING)).toBeLessThanOrEqual(123);
  });

  it('is nothing that a payload inherits', () => {
    expect(authorizationIn(JSON.parse('{"__proto__":{"token":"x"}}') as Record<string, unknown>)).toBeUndefined();
  });
});
