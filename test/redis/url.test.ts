import { describe, expect, it } from '@jest/globals';
import { parseRedisUrl } from '../../src/redis/url.js';
import { CANARIES } from '../support/canaries.js';

describe('a Redis URL', () => {
  it('names one server, with or without TLS, credentials and a database', () => {
    expect(parseRedisUrl('redis://cache.example.com')).toEqual({
      kind: 'single',
      addresses: [{ host: 'cache.example.com', port: 6379 }],
      tls: false,
      username: null,
      password: null,
      database: 0,
      master: '',
    });
    expect(parseRedisUrl('rediss://user:p%40ss:word@[2001:db8::1]:6380/3')).toMatchObject({
      addresses: [{ host: '2001:db8::1', port: 6380 }],
      tls: true,
      username: 'user',
      password: 'p@ss:word',
      database: 3,
    });
    expect(parseRedisUrl('redis://:secret@h/')).toMatchObject({ username: null, password: 'secret', database: 0 });
  });

  it('names servers of a cluster', () => {
    expect(parseRedisUrl('redis+cluster://u:p@h1,h2:7001')).toMatchObject({
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
    expect(parseRedisUrl('redis+sentinel://h1,h2:26380/calls')).toMatchObject({
      kind: 'sentinel',
      addresses: [
        { host: 'h1', port: 26379 },
        { host: 'h2', port: 26380 },
      ],
      master: 'calls',
      database: 0,
    });
  });

  it('is refused without being repeated, as it may hold a password', () => {
    const secret = CANARIES.relaySecret;
    const wrong = ['http://h', '', 'redis://', 'redis://h/x', 'redis+sentinel://h', 'redis+cluster://', 'redis://h:x'];
    for (const url of [...wrong, `redis://:${secret}@h/x`, `redis://:${secret}@:1:2`]) {
      let message = 'accepted';
      try {
        parseRedisUrl(url);
      } catch (error) {
        message = String(error);
      }
      expect(message).toMatch(/^TypeError: /);
      expect(message).not.toContain(secret);
    }
  });
});
