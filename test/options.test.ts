/** What is given to each function of the package that takes options: its mistakes are told together, by name, never a value. */
import { describe, expect, it } from '@jest/globals';
import { createServer } from 'node:http';
import * as door from '../src/index.js';
import { createRedisAdapters } from '../src/redis/adapters.js';

type Call = (...given: never[]) => unknown;
const problemsOf = (call: Call, ...given: unknown[]): readonly string[] => {
  try {
    call(...(given as never[]));
  } catch (error) {
    if (error instanceof door.OptionsError) return error.problems;
    throw error;
  }
  return [];
};

const DOORS: Readonly<Record<string, readonly [call: Call, required: readonly string[]]>> = {
  createCallSignaling: [door.createCallSignaling, ['authenticator', 'relay']],
  createJwtAuthenticator: [door.createJwtAuthenticator, ['keys', 'issuer', 'audience']],
  createHttpDirectory: [door.createHttpDirectory, ['url']],
  createHttpPolicy: [door.createHttpPolicy, ['url']],
  createWebhook: [door.createWebhook, ['url', 'secret']],
  createRedisAdapters: [createRedisAdapters, ['url', 'encryptionKeys', 'nameKey']],
};

const RELAY = {
  config: {
    requestedTtlSeconds: 86_400,
    clientTtlSeconds: 43_200,
    rateLimit: { max: 20, windowSeconds: 600 },
    providers: [{ type: 'shared-secret' as const, secret: 'of-the-test' }],
    relay: { urls: ['turn:127.0.0.1:3478'] },
  },
};

describe.each(Object.entries(DOORS))('%s', (_name, [call, required]) => {
  it.each([undefined, null, 'text', 7])('says what it needs where it is given %p', (given) => {
    const [problem, ...others] = problemsOf(call, given);
    for (const name of required) expect(problem).toContain(name);
    expect(others).toEqual([]);
  });

  it('names each option that is missing', () => {
    const problems = problemsOf(call, {});
    for (const name of required)
      expect(problems).toContainEqual(expect.stringMatching(`^${name} is missing: it must be`));
  });

  it('names an option that is misspelt, and not what was given', () => {
    const [name = ''] = required;
    const problems = problemsOf(call, { [`${name}s`]: 'canary' });
    expect(problems).toContain(`${name}s is no option; did you mean ${name}?`);
    expect(problems.join()).not.toContain('canary');
  });
});

describe('relay.config', () => {
  const authenticator = () => null;
  const told = (config: unknown, more: object = {}): readonly string[] =>
    problemsOf(door.createCallSignaling, { authenticator, relay: { config }, ...more });

  it('is named with its path in the options, alone and beside other mistakes', () => {
    const [provider] = RELAY.config.providers;
    const wrong = { ...RELAY.config, providers: [provider, { type: 'twilio' }], extra: 1 };
    const lines = [
      expect.stringMatching(/^relay\.config\.providers\[1\]\.accountSid: /),
      expect.stringMatching(/^relay\.config\.extra: unknown key$/),
    ];
    expect(told(wrong)).toEqual(expect.arrayContaining(lines));
    const beside = told(wrong, { callPolcy: () => true });
    expect(beside).toEqual(expect.arrayContaining([...lines, expect.stringContaining('callPolicy')]));
  });

  it.each([undefined, 'text', []])('%p is none, and speaks of no file', (config) => {
    expect(told(config)).toEqual([expect.stringMatching(/^relay\.config: /)]);
  });

  it('names a secret file that cannot be read by the provider that has it', () => {
    const providers = [{ type: 'shared-secret', secretFile: '/nowhere' }];
    const line = 'relay.config.providers[0]: its secret file cannot be read or is empty';
    expect(told({ ...RELAY.config, providers })).toEqual([line]);
  });
});

describe('a mistake that would be silent', () => {
  const jwks = { jwksUrl: 'https://login.example/keys' };

  it.each([
    ['no audience', { keys: jwks, issuer: 'i', audience: undefined }, /^audience is missing/],
    ['an empty issuer', { keys: jwks, issuer: '', audience: 'a' }, /^issuer must be text/],
    ['a misspelt audience', { keys: jwks, issuer: 'i', audiance: 'a' }, /did you mean audience/],
    [
      'keys as text',
      { keys: 'https://login.example', issuer: 'i', audience: 'a' },
      /^keys must be an object with one of/,
    ],
    [
      'keys from two places',
      { keys: { ...jwks, jwks: {} }, issuer: 'i', audience: 'a' },
      /^keys must be an object with one/,
    ],
    [
      'keys from nowhere',
      { keys: { jwksUrl: 'nope' }, issuer: 'i', audience: 'a' },
      /^keys must have a jwksUrl that is a URL with https or http$/,
    ],
    [
      'a private key',
      {
        keys: { publicKeyPem: '-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----' },
        issuer: 'i',
        audience: 'a',
      },
      /^keys must have a publicKeyPem that is of use: a public key is wanted, this one is private$/,
    ],
    [
      'a key set without a key',
      { keys: { jwks: { keys: [] } }, issuer: 'i', audience: 'a' },
      /^keys must have a jwks that is of use: .* it is empty$/,
    ],
    [
      'an algorithm that anybody could sign with',
      { keys: jwks, issuer: 'i', audience: 'a', algorithms: ['HS256'] },
      /^algorithms must be a list of some of RS256/,
    ],
    [
      'times that are none',
      { keys: jwks, issuer: 'i', audience: 'a', timeoutMs: 'abc' },
      /^timeoutMs must be milliseconds/,
    ],
  ])('of a login is told: %s', (_name, given, problem) => {
    expect(problemsOf(door.createJwtAuthenticator, given)).toContainEqual(expect.stringMatching(problem));
  });

  it('keys of Redis as the setting has them are refused with the shape that is wanted', () => {
    const problems = problemsOf(createRedisAdapters, { url: 'redis://x', encryptionKeys: 'k1:abc', nameKey: 'abc' });
    expect(problems).toEqual([
      expect.stringMatching(/^encryptionKeys must be a list of \{ id, key \}.*Buffer\.from\(text, 'base64'\)/),
      expect.stringMatching(/^nameKey must be at least 32 bytes/),
    ]);
  });

  it.each([door.createHttpDirectory, door.createHttpPolicy, door.createWebhook])(
    '%p is for https and http',
    (create) => {
      for (const url of ['ftp://canary', 'canary', 'file:///canary', 'https:canary:x'])
        expect(problemsOf(create, { url, secret: 'c2hvcnQ=' })[0]).toBe('url must be a URL with https or http');
      expect(problemsOf(create, { url: 'http://a.example', secret: 'A'.repeat(32), production: true })).toEqual([
        'url must be a URL with https',
      ]);
    },
  );

  it('a secret, and a URL of Redis, are told with everything else', () => {
    expect(problemsOf(door.createWebhook, { url: 'nope', secret: 'canary' })).toEqual([
      'url must be a URL with https or http',
      expect.stringMatching(/^secret must be of use: .* at least 24 bytes in base64/),
    ]);
    const mistaken = { url: 'redis://x?canary=1', encryptionKeys: [], nameKey: Buffer.alloc(3), onProblem: () => {} };
    expect(problemsOf(createRedisAdapters, mistaken)).toEqual([
      expect.stringMatching(/^url must be /),
      expect.stringMatching(/^encryptionKeys must be /),
      expect.stringMatching(/^nameKey must be /),
      'onProblem is no option; did you mean onProblems?',
    ]);
  });

  it('of a socket is told: what would let nobody in, or everybody', async () => {
    const signaling = door.createCallSignaling({ authenticator: () => null, relay: RELAY });
    const given = {
      ...signaling.websocket,
      path: 'graphql',
      allowsOrigin: ['https://app.example.com'],
      gatewaySecret: '',
      maxSockets: '20',
      trustProxy: '10.0.0.0/8',
      silencMs: 1,
      ofTheHost: 1,
    };
    const problems = [
      expect.stringMatching(/^path must be a path, for example \/graphql/),
      expect.stringMatching(/^allowsOrigin must be a function of an origin/),
      expect.stringMatching(/^gatewaySecret must be text/),
      expect.stringMatching(/^maxSockets must be a whole number/),
      expect.stringMatching(/^trustProxy must be a list/),
      'silencMs is no option; did you mean silenceMs?',
    ];
    expect(problemsOf(door.createWebSocket, given)).toEqual(problems);
    expect(problemsOf(door.attachWebSocket, createServer(), given)).toEqual(problems);
    // As where a setting is read that is not there.
    const unset = { path: undefined, maxSockets: undefined } as object;
    const socket = door.createWebSocket({ ...signaling.websocket, ...unset });
    await socket.close();
    await signaling.close();
  });

  it('a context of what is no request is refused: each of its operations would be nobody’s', async () => {
    const signaling = door.createCallSignaling({ authenticator: () => null, relay: RELAY });
    for (const given of [undefined, null, {}, { req: { headers: {} } }])
      expect(problemsOf(signaling.context, given)).toEqual([expect.stringMatching(/^request must have headers/)]);
    await signaling.close();
  });

  it('a context of a request as the Fetch standard has it is that of its token', async () => {
    const asked: string[] = [];
    const authenticator = (token: string) => (asked.push(token), null);
    const signaling = door.createCallSignaling({ authenticator, relay: RELAY });
    const request = new Request('http://a.example', { headers: { Authorization: 'Bearer of-alice' } });
    await expect(signaling.context(request).callSignaling.viewer()).rejects.toThrow('Authentication required.');
    expect(asked).toEqual(['of-alice']);
    await signaling.close();
  });

  it('a server or a socket that is none is refused', () => {
    expect(problemsOf(door.attachWebSocket)).toEqual([expect.stringMatching(/^server must be an HTTP server/)]);
    expect(problemsOf(door.attachWebSocket, createServer(), {})).toEqual([
      expect.stringMatching(/^options must be signaling\.websocket/),
    ]);
  });

  it.each<readonly unknown[]>([[], [{ accountId: 'a', deviceId: 'd' }], ['a'], ['a', null], ['', '']])(
    'a revocation of nobody is refused: %p %p',
    async (...given) => {
      const signaling = door.createCallSignaling({ authenticator: () => null, relay: RELAY });
      const revoke = signaling.revokeDevice as (...given: readonly unknown[]) => Promise<boolean>;
      await expect(revoke(...given)).rejects.toThrow(/The options of revokeDevice are not valid/);
      await signaling.close();
    },
  );
});
