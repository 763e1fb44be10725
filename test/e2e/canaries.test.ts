/** Nothing secret in what the server prints, counts or refuses with, whatever goes wrong. */
import { describe, expect, it } from '@jest/globals';
import type { ServerResponse } from 'node:http';
import { CANARIES, canariesIn } from '../support/canaries.js';
import type { FakeDns } from '../support/fake-dns.js';
import type { FakeAnswer, FakeProvider } from '../support/fake-provider.js';
import { eventually } from '../support/process.js';
import { relayConfig, withRelayWorld, type Answer, type Ask } from '../support/relay-world.js';

const { accessToken, apiToken, gatewaySecret, relaySecret, turnPassword, turnUsername, sdp, candidate } = CANARIES;
const minted = { username: turnUsername, credential: turnPassword };
const respond =
  (status: number, body: string, type = 'application/json') =>
  (response: ServerResponse): void => {
    response.writeHead(status, { 'content-type': type, 'x-echo': apiToken }).end(body);
  };

/** Providers that put secrets into whatever they send. */
const ANSWERS: FakeAnswer[] = [
  respond(201, JSON.stringify({ iceServers: { urls: ['turn:t.example.com'], ...minted } })),
  respond(200, JSON.stringify({ iceServers: { urls: [], ...minted } })),
  respond(400, JSON.stringify({ error: `token ${apiToken} is bad`, ...minted })),
  respond(401, `${apiToken} ${turnPassword}`, 'text/plain'),
  respond(500, `<html>${turnUsername}:${turnPassword}</html>`, 'text/html'),
  respond(201, JSON.stringify({ iceServers: { urls: [`turn:${turnPassword}`], username: turnUsername } })),
  respond(201, `{"iceServers": {"username": "${turnUsername}", "credential": "${turnPassword}"`),
  (response) => {
    response.writeHead(201, { 'content-length': 1_000 }).write(`{"iceServers":{"credential":"${turnPassword}"`);
    response.socket?.destroy();
  },
  respond(302, apiToken),
  'reset',
];

/** Clients that put secrets where they do not belong. */
const BAD_REQUESTS: Ask[] = [
  { token: accessToken },
  { token: `${accessToken} ${accessToken}` },
  { headers: { authorization: `Basic ${accessToken}` } },
  { body: `{"query": "${accessToken}` },
  { body: { query: `{ callRelay(token: "${accessToken}") { turnUsername } }` } },
  { body: { query: `{ ${'callRelay "'}${sdp}" }` } },
  { body: { query: `query ($v: Int!) { __typename @skip(if: $v) }`, variables: { v: candidate } } },
  { body: { query: 'query ($v: Boolean!) { __typename @skip(if: $v) }', variables: { v: [sdp, candidate] } } },
  { body: { query: '{ __typename }', operationName: accessToken } },
  { body: { query: '{ __typename }', extensions: { persistedQuery: { version: 1, sha256Hash: accessToken } } } },
  { headers: { 'content-type': `text/${accessToken}` } },
  // A refused Origin is logged on purpose, so that its operator finds the setting: none of it is a secret's place.
  { headers: { 'x-gateway-secret': accessToken } },
];

const echoed = (answers: readonly Answer[]) => answers.flatMap(({ errors, text }) => (errors.length > 0 ? [text] : []));

describe('secrets', () => {
  it('are in no log line, no metric and no error, whatever a provider or a client does', async () => {
    const config = (provider: FakeProvider, dns: FakeDns) =>
      relayConfig(provider, dns, { providers: [{ type: 'cloudflare', endpoint: provider.url, token: apiToken }] });
    await withRelayWorld({ config, env: { GATEWAY_SECRET: gatewaySecret } }, async (world) => {
      const answers: Answer[] = [];
      const ask = async (asked: Ask) => {
        const headers = { 'x-gateway-secret': gatewaySecret, ...asked.headers };
        answers.push(await world.ask({ ...asked, headers }));
      };
      const tokens: string[] = [];
      for (const [index, answer] of ANSWERS.entries()) {
        world.provider.setAnswer(answer);
        const token = await world.login.token({ sub: `account-${index}`, device_id: 'phone' });
        tokens.push(token);
        await ask({ token });
      }
      world.provider.setAnswer('object');
      for (const bad of BAD_REQUESTS) await ask(bad);

      expect(answers[0]?.data?.callRelay?.turnPassword).toBe(turnPassword);
      await eventually(() => world.events().length >= ANSWERS.length);
      const metrics = await (await world.get('/metrics')).text();
      const ready = await (await world.get('/readyz')).text();
      await world.server.stop();

      const errors = echoed(answers);
      expect(errors.length).toBeGreaterThan(15);
      const everything = [world.server.output(), metrics, ready, ...errors].join('\n');
      expect(canariesIn(everything)).toEqual([]);
      for (const token of tokens) expect(everything.includes(token)).toBe(false);
    });
  });

  it('are in nothing that is printed of a configuration that cannot be used', async () => {
    const config = (provider: FakeProvider, dns: FakeDns) =>
      relayConfig(provider, dns, {
        providers: [{ type: 'shared-secret', secret: relaySecret }],
        relay: { urls: ['turn:turn.example.com:3478'] },
      });
    await withRelayWorld({ config }, async (world) => {
      const { data } = await world.ask();
      const broken = [
        { ...config(world.provider, world.dns), clientTtlSeconds: relaySecret },
        { ...config(world.provider, world.dns), providers: [{ type: 'shared-secret', secret: { relaySecret } }] },
        { ...config(world.provider, world.dns), relay: { urls: [`turn:${apiToken} `, `http://${apiToken}`] } },
        { [turnPassword]: relaySecret },
      ];
      for (const [index, content] of broken.entries()) {
        world.writeConfig(content);
        const refused = () => world.server.output().split('Relay configuration refused').length - 1;
        await eventually(() => refused() > index);
        expect((await world.ask()).status).toBe(200);
      }
      await world.server.stop();
      const output = world.server.output();
      expect(canariesIn(output.replaceAll(turnPassword, ''))).toEqual([]);
      expect(output).not.toContain(data?.callRelay?.turnPassword);
    });
  });
});
