import { ApolloServer } from '@apollo/server';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import type { AddressInfo } from 'node:net';
import { SignalingError } from '../../src/errors.js';
import type { CallContext } from '../../src/graphql/context.js';
import { createHttp, type HttpOptions } from '../../src/server/http.js';
import { serveRevocations, type RevocationOptions } from '../../src/server/revocations.js';
import { CANARIES, canariesIn } from '../support/canaries.js';
import { SetClock } from '../support/clock.js';
import { webCryptoSignature } from '../support/fake-webhook.js';

const SECRET = `whsec_${Buffer.alloc(32, 9).toString('base64')}`;
const BODY = '{"accountId":"alice","deviceId":"phone"}';
const clock = new SetClock();

let app: FastifyInstance;
let url: string;
let revoked: string[];
let defects: unknown[];
let revoke: RevocationOptions['revoke'];

beforeEach(async () => {
  revoked = [];
  defects = [];
  revoke = async (accountId, deviceId) => void revoked.push(`${accountId}/${deviceId}`);
  const apollo = new ApolloServer<CallContext>({ typeDefs: 'type Query { hello: String }' });
  await apollo.start();
  const rules: Partial<HttpOptions> = {
    allowsOrigin: () => false,
    gatewaySecret: null,
    onDefect: (error) => void defects.push(error),
  };
  // What /graphql needs beside is left out: no operation is sent.
  app = await createHttp({ apollo, ...rules } as HttpOptions);
  app.post('/echo', (request) => request.body);
  serveRevocations(app, { secret: SECRET, revoke: (...asked) => revoke(...asked), clock });
  app.addHook('onClose', () => apollo.stop());
  await app.listen({ host: '127.0.0.1', port: 0 });
  url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
});

afterEach(() => app.close());

interface Sent {
  readonly body?: string | Uint8Array<ArrayBuffer>;
  readonly secret?: string;
  readonly at?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Headers that are not sent. */
  readonly without?: string;
}

/** A request signed as the other side would, unless told otherwise. */
async function send({
  body = BODY,
  secret = SECRET,
  at = clock.now(),
  headers,
  without,
}: Sent = {}): Promise<Response> {
  const seconds = Math.floor(at / 1_000);
  const all: Record<string, string> = {
    'content-type': 'application/json',
    'webhook-id': 'msg_1',
    'webhook-timestamp': String(seconds),
    'webhook-signature': await webCryptoSignature(secret, 'msg_1', seconds, Buffer.from(body).toString()),
    ...headers,
  };
  const sent = Object.entries(all).filter(([name]) => name !== without);
  return fetch(`${url}/admin/revocations`, { method: 'POST', headers: Object.fromEntries(sent), body });
}

const refusal = async (response: Response): Promise<unknown> => ({
  status: response.status,
  ...((await response.json()) as object),
});
const refused = (status: number, code: string, message: string, retryable = false): unknown => ({
  status,
  errors: [{ message, extensions: { code, status, retryable } }],
});
const UNAUTHORIZED = refused(401, 'CALL_UNAUTHORIZED', 'Authentication required.');
const INVALID = refused(400, 'CALL_INPUT_INVALID', 'accountId and deviceId: 1 to 256 printable ASCII characters each.');

describe('a revocation', () => {
  it('that is signed revokes the device, and is answered once it has', async () => {
    const response = await send();
    expect(response.status).toBe(204);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.text()).toBe('');
    expect(revoked).toEqual(['alice/phone']);
  });

  it('is told with its id and the end of the second in which it was signed', async () => {
    const requests: unknown[] = [];
    revoke = (_account, _device, request) => Promise.resolve(void requests.push(request));
    const at = clock.now() - 60_000;
    for (let n = 0; n < 2; n++) expect((await send({ at })).status).toBe(204);
    const signed = { id: 'msg_1', at: Math.floor(at / 1_000) * 1_000 + 999 };
    expect(requests).toEqual([signed, signed]);
  });

  it('may be sent again, and may say more than is known here', async () => {
    for (const body of [BODY, BODY, '{ "deviceId": "d é", "accountId": "a", "deviceId": "d", "reason": "lost" }']) {
      expect((await send({ body })).status).toBe(204);
    }
    expect(revoked).toEqual(['alice/phone', 'alice/phone', 'a/d']);
  });

  it.each<[string, Sent]>([
    ['with another secret', { secret: `whsec_${Buffer.alloc(32, 8).toString('base64')}` }],
    ['more than five minutes ago', { at: clock.now() - 301_000 }],
    ['for more than five minutes ahead', { at: clock.now() + 301_000 }],
    ['under another id', { headers: { 'webhook-id': 'msg_2' } }],
    ['without an id', { without: 'webhook-id' }],
    ['without a timestamp', { without: 'webhook-timestamp' }],
    ['not at all', { without: 'webhook-signature' }],
    ['not at all, and is nothing that could be revoked', { without: 'webhook-signature', body: 'null' }],
    ['by a token', { without: 'webhook-signature', headers: { authorization: `Bearer ${CANARIES.accessToken}` } }],
  ])('that is signed %s is refused', async (_what, sent) => {
    expect(await refusal(await send(sent))).toEqual(UNAUTHORIZED);
    expect(revoked).toEqual([]);
  });

  it('whose body was changed on the way is refused', async () => {
    const headers = { 'webhook-signature': await webCryptoSignature(SECRET, 'msg_1', clock.now() / 1_000, BODY) };
    expect(await refusal(await send({ body: BODY.replace('alice', 'carol'), headers }))).toEqual(UNAUTHORIZED);
    expect((await send({ headers })).status).toBe(204);
    expect(revoked).toEqual(['alice/phone']);
  });

  it.each<[string, string]>([
    ['no JSON', `${BODY.slice(0, -1)}`],
    ['empty', ''],
    ['a list', `[${BODY}]`],
    ['without a device', '{"accountId":"alice"}'],
    ['with a device that is a number', '{"accountId":"alice","deviceId":1}'],
    ['with an id that none can have', JSON.stringify({ accountId: 'alice', deviceId: CANARIES.sdp + '\r\n' })],
    ['with an id that is too long', JSON.stringify({ accountId: 'a'.repeat(257), deviceId: 'phone' })],
    ['with an empty id', '{"accountId":"","deviceId":"phone"}'],
  ])('whose body is %s is refused in words of ours', async (_what, body) => {
    const answer = await refusal(await send({ body }));
    expect(answer).toEqual(INVALID);
    expect(canariesIn(JSON.stringify(answer))).toEqual([]);
    expect(revoked).toEqual([]);
  });

  it('over 64 KiB is refused, and one of 64 KiB is not', async () => {
    const padded = (bytes: number): string => BODY + ' '.repeat(bytes - BODY.length);
    expect((await send({ body: padded(64 * 1024) })).status).toBe(204);
    expect(await refusal(await send({ body: padded(64 * 1024 + 1) }))).toEqual(
      refused(413, 'BAD_REQUEST', 'The request body is larger than 65536 bytes.'),
    );
  });

  it('of another content type is refused', async () => {
    expect(await refusal(await send({ headers: { 'content-type': 'text/plain' } }))).toEqual(
      refused(415, 'BAD_REQUEST', 'The content type must be application/json.'),
    );
  });

  it('from a page of another origin is refused', async () => {
    expect((await send({ headers: { origin: 'https://evil.example' } })).status).toBe(403);
    expect(revoked).toEqual([]);
  });

  it('is a POST', async () => {
    expect((await fetch(`${url}/admin/revocations`)).status).toBe(405);
  });

  it('that cannot be carried out now is to be sent again', async () => {
    revoke = () => Promise.reject(new SignalingError('CALL_UNAVAILABLE'));
    expect(await refusal(await send())).toEqual(
      refused(503, 'CALL_UNAVAILABLE', 'The service is temporarily unavailable. Please try again.', true),
    );
    expect(defects).toEqual([]);
  });

  it('that fails by a defect says nothing of it, and is not taken for done', async () => {
    const defect = new Error('connect ECONNREFUSED 10.0.0.5:6379');
    revoke = () => Promise.reject(defect);
    expect(await refusal(await send())).toEqual(refused(500, 'INTERNAL_SERVER_ERROR', 'Internal server error'));
    expect(defects).toEqual([defect]);
  });
});

describe('the endpoint of revocations', () => {
  it('leaves the bodies of other paths as they were', async () => {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${url}/echo`, { method: 'POST', headers, body: BODY });
    expect(await response.json()).toEqual(JSON.parse(BODY));
  });

  it('is not opened with a secret that anybody could guess', () => {
    expect(() => serveRevocations(app, { secret: 'admin', revoke, clock })).toThrow(TypeError);
  });
});
