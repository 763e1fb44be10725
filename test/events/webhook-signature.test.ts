import { describe, expect, it } from '@jest/globals';
import { inspect } from 'node:util';
import { isSigned, signatureKey, signWebhook } from '../../src/events/webhook-signature.js';
import { webCryptoSignature } from '../support/fake-webhook.js';

/** The example that implementations of Standard Webhooks are tested with. */
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const ID = 'msg_p5jXN8AQM9LWM0D4loKWxJek';
const SECONDS = 1_614_265_330;
const BODY = '{"test": 2432232314}';
const SIGNATURE = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=';

const NOW = SECONDS * 1_000;
const key = signatureKey(SECRET);
const HEADERS = { 'webhook-id': ID, 'webhook-timestamp': String(SECONDS), 'webhook-signature': SIGNATURE };
const signed = (changes: Record<string, string | string[] | undefined>, body = BODY, now = NOW): boolean =>
  isSigned(key, { ...HEADERS, ...changes }, Buffer.from(body), now);

describe('a webhook’s signature', () => {
  it('is that of Standard Webhooks, whatever part of a second it is', () => {
    expect(signWebhook(key, ID, NOW + 999, BODY)).toEqual(HEADERS);
    expect(signed({})).toBe(true);
  });

  it('is over the bytes of the body, not only ASCII', async () => {
    const body = '{"name":"Zoë ☎"}';
    expect(signWebhook(key, 'id', NOW, body)['webhook-signature']).toBe(
      await webCryptoSignature(SECRET, 'id', SECONDS, body),
    );
  });

  it('may be one of several, while keys are changed', () => {
    expect(signed({ 'webhook-signature': `v1a,c29tZXRoaW5n v1,b3RoZXI= ${SIGNATURE}` })).toBe(true);
  });

  it('holds for five minutes either way', () => {
    for (const minutes of [-5, 5]) expect(signed({}, BODY, NOW + minutes * 60_000)).toBe(true);
    expect(signed({}, BODY, NOW + 301_000)).toBe(false);
    expect(signed({}, BODY, NOW - 301_000)).toBe(false);
  });

  it.each<[string, Record<string, string | string[] | undefined>]>([
    ['no id', { 'webhook-id': undefined }],
    ['another id', { 'webhook-id': 'msg_other' }],
    ['no timestamp', { 'webhook-timestamp': undefined }],
    ['another timestamp', { 'webhook-timestamp': String(SECONDS + 1) }],
    ['a timestamp that is no number', { 'webhook-timestamp': `${SECONDS}.0` }],
    ['no signature', { 'webhook-signature': undefined }],
    ['an empty signature', { 'webhook-signature': '' }],
    ['a signature without its version', { 'webhook-signature': SIGNATURE.slice(3) }],
    ['a signature of another version', { 'webhook-signature': SIGNATURE.replace('v1', 'v2') }],
    ['the beginning of the signature', { 'webhook-signature': SIGNATURE.slice(0, 20) }],
    ['a list of headers', { 'webhook-signature': [SIGNATURE] }],
  ])('does not hold with %s', (_what, changes) => {
    expect(signed(changes)).toBe(false);
  });

  it('does not hold for another body, or by another key', () => {
    expect(signed({}, BODY.replace(' ', ''))).toBe(false);
    const other = signatureKey(Buffer.alloc(24, 1).toString('base64'));
    expect(isSigned(other, HEADERS, Buffer.from(BODY), NOW)).toBe(false);
  });
});

describe('a webhook’s secret', () => {
  it('may come without its prefix', () => {
    const bare = signatureKey(SECRET.replace('whsec_', ''));
    expect(isSigned(bare, HEADERS, Buffer.from(BODY), NOW)).toBe(true);
  });

  it.each([
    ['empty', ''],
    ['a passphrase', 'correct-horse-battery-staple-and-more'],
    ['short', Buffer.alloc(23, 7).toString('base64')],
    ['only a prefix', 'whsec_'],
  ])('that is %s is refused, and not repeated', (_what, secret) => {
    const refuse = (): unknown => signatureKey(secret);
    expect(refuse).toThrow(TypeError);
    expect(refuse).toThrow('a webhook secret must be at least 24 bytes in base64, whsec_ may stand before it');
  });

  it('is not shown by its key', () => {
    const shown = inspect(key, { showHidden: true, depth: 5 });
    expect(shown).not.toContain(SECRET.slice(6, 16));
    expect(shown).not.toContain(Buffer.from(SECRET.slice(6), 'base64').toString('hex').slice(0, 8));
  });
});
