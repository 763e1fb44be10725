import { describe, expect, it } from '@jest/globals';
import { readRedisUrl } from '../../src/redis/url.js';
import { createRedisAdapters } from '../../src/redis/adapters.js';
import { parseSettings } from '../../src/server/settings.js';
import { CANARIES } from '../support/canaries.js';
import { ENCRYPTION_KEYS, NAME_KEY } from './setup.js';

describe('a Redis URL', () => {
  it('names one server, with or without TLS, credentials and a database', () => {
    expect(readRedisUrl('redis://cache.example.com')).toEqual({
      kind: 'single',
      addresses: [{ host: 'cache.example.com', port: 6379 }],
      tls: false,
      username: null,
      password: null,
      database: 0,
      master: '',
    });
    expect(readRedisUrl('rediss://user:p%40ss:word@[2001:db8::1]:6380/3')).toMatchObject({
      addresses: [{ host: '2001:db8::1', port: 6380 }],
      tls: true,
      username: 'user',
      password: 'p@ss:word',
      database: 3,
    });
    expect(readRedisUrl('redis://:secret@h/')).toMatchObject({ username: null, password: 'secret', database: 0 });
  });

  it('names servers of a cluster', () => {
    expect(readRedisUrl('redis+cluster://u:p@h1,h2:7001')).toMatchObject({
      kind: 'cluster',
      addresses: [
        { host: 'h1', port: 6379 },
        { host: 'h2', port: 7001 },
      ],
      username: 'u',
      password: 'p',
    });
  });

  it('names Sentinels and the master that they watch', () => {
    expect(readRedisUrl('redis+sentinel://h1,h2:26380/calls')).toMatchObject({
      kind: 'sentinel',
      addresses: [
        { host: 'h1', port: 26379 },
        { host: 'h2', port: 26380 },
      ],
      master: 'calls',
      database: 0,
    });
  });

  it('names IPv6 addresses in brackets, and TLS by its scheme, for all three', () => {
    expect(readRedisUrl('redis+cluster://[::1]:6379,[::ffff:127.0.0.1]')).toMatchObject({
      addresses: [
        { host: '::1', port: 6379 },
        { host: '::ffff:127.0.0.1', port: 6379 },
      ],
    });
    expect(readRedisUrl('rediss+cluster://h1,h2')).toMatchObject({ kind: 'cluster', tls: true });
    expect(readRedisUrl('rediss+sentinel://u:p@[::1]/calls')).toMatchObject({
      kind: 'sentinel',
      tls: true,
      addresses: [{ host: '::1', port: 26379 }],
    });
  });

  const SECRET = CANARIES.relaySecret;
  it.each([
    ['http://h', /^one of redis:\/\//],
    ['', /^one of redis:\/\//],
    ['redis://', /hosts/],
    ['redis://h/x', /number of a database/],
    ['redis://h/-1', /number of a database/],
    ['redis://h1,h2', /one host/],
    ['redis://h:x', /hosts/],
    ['redis://h:0', /ports from 1/],
    ['redis://h:65536', /ports from 1/],
    ['redis://[::1', /hosts/],
    ['redis://[12345]', /hosts/],
    ['redis://::1', /brackets/],
    ['redis+cluster://', /hosts/],
    ['redis+cluster://h/3', /without a path/],
    ['redis+sentinel://h', /Sentinels' master/],
    [`redis://:${SECRET}@h?tls=true`, /without query/],
    [`redis://:${SECRET}@h#x`, /without query/],
    [`redis://:${SECRET}%@h`, /percent-encoded/],
    [`redis://:${SECRET}%ff@h`, /percent-encoded/],
    [`redis://:${SECRET}/x@h`, /percent-encoded/],
    [`redis://:${SECRET}@x@h`, /percent-encoded/],
    [`redis://:${SECRET}@h/x`, /number of a database/],
    [`redis://:${SECRET}@:1:2`, /hosts/],
  ])('%s is refused with what it must be, and not repeated', (url, reason) => {
    const problem = readRedisUrl(url);
    expect(problem).toMatch(reason);
    expect(problem).not.toContain(SECRET);
    expect(() => createRedisAdapters({ url, encryptionKeys: ENCRYPTION_KEYS, nameKey: NAME_KEY })).toThrow(
      `url must be ${String(problem)}`,
    );
    // The same words at the start of the server: there is one parser.
    expect(() => parseSettings({ REDIS_URL: url === '' ? 'x' : url })).toThrow(`REDIS_URL must be ${String(problem)}`);
  });
});
