/** A login service that is slow with its keys, before the server as it is started. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startFakeJwks, type FakeJwks } from '../support/fake-jwks.js';
import { eventually, startOneFileServer, type RunningProcess } from '../support/process.js';
import { createTestLogin, type TestLogin } from '../support/tokens.js';

let login: TestLogin;
let jwks: FakeJwks;
beforeAll(async () => {
  login = await createTestLogin();
  jwks = await startFakeJwks(login.jwks);
});
afterAll(() => jwks.close());

/** Runs the server with a login service that takes so long, and asks it with a good token. */
async function withServer(
  delayMs: number,
  env: Readonly<Record<string, string>>,
  test: (ask: () => Promise<string>) => Promise<void>,
): Promise<void> {
  Object.assign(jwks, { delayMs, jwks: login.jwks });
  const settings = { AUTH_JWKS_URL: jwks.url, AUTH_ISSUER: login.issuer, AUTH_AUDIENCE: login.audience };
  const server: RunningProcess = startOneFileServer({ ...settings, ...env });
  try {
    const [, origin = ''] = await server.printed(/"address":"(http[^"]+)","msg":"Listening"/);
    await test(async () => {
      const token = await login.token({ sub: 'alice', device_id: 'phone' });
      const response = await fetch(`${origin}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify({ query: '{ openCalls { id } }' }),
      });
      return response.text();
    });
  } finally {
    await server.stop();
  }
}

const SERVED = '{"data":{"openCalls":[]}}';

describe('keys that take', () => {
  it('1.3 s are waited for', () => withServer(1_300, {}, async (ask) => expect(await ask()).toBe(SERVED)));

  it('3 s are waited for with a setting above', () =>
    withServer(3_000, { AUTH_TIMEOUT_MS: '9000' }, async (ask) => expect(await ask()).toBe(SERVED)));

  it('longer than the setting are there for the next request', () =>
    withServer(1_300, { AUTH_TIMEOUT_MS: '500' }, (ask) => eventually(async () => (await ask()) === SERVED)));
});
