import { describe, expect, it } from '@jest/globals';
import { parseRelayConfig } from '../../src/providers/config.js';
import { RelayConfigError } from '../../src/relay/config.js';

const ENDPOINT = 'https://relay.test/v1/turn/keys/ID/credentials/generate';
const PROVIDER = { type: 'cloudflare', endpoint: ENDPOINT, tokenFile: '/run/secrets/turn' };
const RELAY = {
  urls: ['turn:turn.example.com:3478?transport=udp'],
  urlsWithIps: ['turn:{ip}:3478?transport=udp', 'turns:{ip}:443?transport=tcp'],
  hostname: 'turn.example.com',
};
const EXPERIMENT = { name: 'turnBeta', percentage: 5, include: [], exclude: [], relay: RELAY };
const FILE = {
  requestedTtlSeconds: 86_400,
  clientTtlSeconds: 43_200,
  rateLimit: { max: 20, windowSeconds: 600 },
  providers: [PROVIDER],
  relay: RELAY,
  dns: { servers: ['127.0.0.1:5353'], allowPrivate: false },
  experiments: [EXPERIMENT],
};

function problemsOf(json: unknown, production = true): readonly string[] {
  try {
    parseRelayConfig(json, { production });
  } catch (error) {
    if (error instanceof RelayConfigError) return error.inFile;
    throw error;
  }
  return [];
}

describe('the relay configuration', () => {
  it('of the documentation is taken as it is', () => {
    expect(parseRelayConfig(FILE, { production: true })).toEqual({
      ...FILE,
      providers: [{ type: 'cloudflare', endpoint: ENDPOINT, secret: { file: '/run/secrets/turn' } }],
    });
  });

  it('may leave out DNS, experiments and where the relay is', () => {
    const { requestedTtlSeconds, clientTtlSeconds, rateLimit, providers } = FILE;
    const file = { requestedTtlSeconds, clientTtlSeconds, rateLimit, providers, relay: {} };
    expect(parseRelayConfig(file, { production: true })).toMatchObject({
      relay: { urls: [], urlsWithIps: [], hostname: null },
      dns: { servers: [], allowPrivate: false },
      experiments: [],
    });
  });

  it('knows the endpoint of Twilio', () => {
    const providers = [{ type: 'twilio', accountSid: 'AC123', authTokenFile: '/run/secrets/twilio' }];
    expect(parseRelayConfig({ ...FILE, providers }, { production: true }).providers).toEqual([
      {
        type: 'twilio',
        accountSid: 'AC123',
        endpoint: 'https://api.twilio.com/2010-04-01/Accounts/AC123/Tokens.json',
        secret: { file: '/run/secrets/twilio' },
      },
    ]);
  });

  it('tells all problems at once, by path', () => {
    const problems = problemsOf({
      requestedTtlSeconds: 100,
      clientTtlSeconds: 200,
      rateLimit: { max: 0, windowSeconds: 600, burst: 3 },
      providers: [{ type: 'cloudflare', endpoint: 'http://relay.test/', tokenFile: 7 }, { type: 'carrier-pigeon' }],
      relay: { urls: ['stun:turn.example.com'], urlsWithIps: ['turn:{ip}:3478'], host: 'turn.example.com' },
      experiments: [
        { name: 'a', percentage: 101, relay: { urls: ['turn:a.example.com', 'turn:a b'] } },
        { name: 'a', percentage: 5, relay: { urls: [] } },
      ],
    });
    expect(problems.map((problem) => problem.split(':')[0]).sort()).toEqual([
      'clientTtlSeconds',
      'experiments',
      'experiments[0].percentage',
      'experiments[0].relay.urls[1]',
      'experiments[1].relay.urls',
      'providers[0].endpoint',
      'providers[0].tokenFile',
      'providers[1].type',
      'rateLimit.burst',
      'rateLimit.max',
      'relay.host',
      'relay.hostname',
      'relay.urls[0]',
    ]);
  });

  it('never repeats a value', () => {
    const text = JSON.stringify(
      problemsOf({
        ...FILE,
        providers: [{ ...PROVIDER, endpoint: 'https://user:hunter2@relay.test/', token: 'hunter2' }],
        relay: { urls: ['hunter2'] },
      }),
    );
    expect(text).toContain('providers[0].endpoint');
    expect(text).not.toContain('hunter2');
  });

  it.each<[string, object, string]>([
    ['client lifetime above the requested one', { clientTtlSeconds: 86_401 }, 'clientTtlSeconds: '],
    ['lifetime that is no whole number', { clientTtlSeconds: 1.5 }, 'clientTtlSeconds: '],
    ['unknown key', { relays: {} }, 'relays: unknown key'],
    ['no provider', { providers: [] }, 'providers: '],
    ['lifetime above the provider’s', { requestedTtlSeconds: 172_801 }, 'providers[0]: grants at most 172800 seconds'],
    [
      'lifetime above the provider’s in an experiment',
      {
        requestedTtlSeconds: 86_401,
        experiments: [
          {
            ...EXPERIMENT,
            relay: { ...RELAY, provider: { type: 'twilio', accountSid: 'AC1', authTokenFile: '/run/secrets/t' } },
          },
        ],
      },
      'experiments[0].relay.provider: grants at most 86400 seconds',
    ],
    ['secret in the file', { providers: [{ type: 'shared-secret', secret: 'x' }] }, 'providers[0].secret: not allowed'],
    ['no secret', { providers: [{ ...PROVIDER, tokenFile: undefined }] }, 'providers[0].tokenFile: '],
    ['plain endpoint', { providers: [{ ...PROVIDER, endpoint: 'http://127.0.0.1/' }] }, 'providers[0].endpoint: '],
    [
      'shared secret without URLs',
      { providers: [{ type: 'shared-secret', secretFile: '/run/secrets/s' }], relay: {} },
      'relay.urls: required',
    ],
    [
      'pattern without its place',
      { relay: { ...RELAY, urlsWithIps: ['turn:turn.example.com'] } },
      'relay.urlsWithIps[0]: ',
    ],
    ['patterns without host name', { relay: { urlsWithIps: ['turn:{ip}'] } }, 'relay.hostname: required'],
    ['address as host name', { relay: { ...RELAY, hostname: '192.0.2.1' } }, 'relay.hostname: '],
    ['arm without URLs', { experiments: [{ ...EXPERIMENT, relay: {} }] }, 'experiments[0].relay.urls: '],
    ['experiment called control', { experiments: [{ ...EXPERIMENT, name: 'control' }] }, 'experiments[0].name: '],
    ['two experiments of a name', { experiments: [EXPERIMENT, EXPERIMENT] }, 'experiments: names must be unique'],
    ['negative percentage', { experiments: [{ ...EXPERIMENT, percentage: -1 }] }, 'experiments[0].percentage: '],
    ['DNS server by name', { dns: { servers: ['dns.example.com'] } }, 'dns.servers[0]: '],
    ['DNS server with a wrong port', { dns: { servers: ['192.0.2.1:65536'] } }, 'dns.servers[0]: '],
  ])('is refused in production: %s', (_, changes, problem) => {
    const problems = problemsOf({ ...FILE, ...changes });
    expect(problems.filter((line) => line.startsWith(problem))).toHaveLength(1);
    expect(problems).toHaveLength(1);
  });

  it.each([null, 'text', 7, []])('is refused when it is %j', (json) => {
    expect(problemsOf(json)).toHaveLength(1);
  });

  it('takes secrets in the file, and endpoints without TLS on this machine, outside production only', () => {
    const providers = [
      { type: 'cloudflare', endpoint: 'http://127.0.0.1:4010/', token: 'x' },
      { type: 'cloudflare', endpoint: 'http://[::1]:4010/', token: 'x' },
      { type: 'cloudflare', endpoint: 'http://localhost:4010/', token: 'x' },
    ];
    expect(problemsOf({ ...FILE, providers }, false)).toEqual([]);
    expect(problemsOf({ ...FILE, providers }, true)).toHaveLength(6);
    expect(problemsOf({ ...FILE, providers: [{ ...providers[0], endpoint: 'http://relay.test/' }] }, false)).toEqual([
      'providers[0].endpoint: not an https URL, nor http on this machine',
    ]);
  });

  it.each(['127.0.0.1', '127.0.0.1:53', '::1', '[::1]:53', '2001:db8::53'])('takes DNS server %s', (server) => {
    expect(problemsOf({ ...FILE, dns: { servers: [server] } })).toEqual([]);
  });
});
