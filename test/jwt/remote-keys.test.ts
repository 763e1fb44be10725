import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ServiceError } from '../../src/http/client.js';
import { asLogin } from '../../src/host/authenticator.js';
import { createJwtAuthenticator, type JwtAuthenticator } from '../../src/jwt/authenticator.js';
import { createSetClock, type SetClock } from '../identity/clock.js';
import { eventually } from '../identity/eventually.js';
import { outcomeOf } from '../identity/outcome.js';
import { startFakeJwks, type FakeJwks, type JwksMode } from '../support/fake-jwks.js';
import { createTestLogin, type TestLogin } from '../support/tokens.js';

const DAY = 86_400;

let clock: SetClock;
let login: TestLogin;
let service: FakeJwks;
let authenticator: JwtAuthenticator;
let failures: ServiceError[];

beforeEach(async () => {
  clock = createSetClock();
  login = await createTestLogin({ clock });
  service = await startFakeJwks(login.jwks);
  failures = [];
});

afterEach(async () => {
  await authenticator.close();
  await service.close();
});

function start(timeoutMs = 1_000): void {
  authenticator = createJwtAuthenticator({
    issuer: login.issuer,
    audience: login.audience,
    keys: { jwksUrl: service.url },
    clock,
    timeoutMs,
    onFailure: (error) => failures.push(error),
  });
}

const longLived = (of: TestLogin): Promise<string> => of.token({ exp: clock.now() / 1_000 + DAY });
const outcome = (token: string): Promise<string> => outcomeOf(authenticator.authenticate(token));

/** A token that nobody signed, naming a key of its own. */
function unsigned(kid: string): string {
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${encode({ alg: 'ES256', kid })}.${encode({ sub: 'account-1' })}.${'A'.repeat(86)}`;
}

describe('keys of a login service that answers', () => {
  it('are fetched once for all who wait for them', async () => {
    start();
    const tokens = await Promise.all(Array.from({ length: 50 }, (_, i) => login.token({ sub: `account-${i}` })));
    expect(new Set(await Promise.all(tokens.map(outcome)))).toEqual(new Set(['ok']));
    expect(service.requests).toBe(1);
    expect(authenticator.degraded()).toBe(false);
  });

  it('are not asked for by a kid that is not known more than once in 30 s, by however many tokens', async () => {
    start();
    expect(await outcome(await longLived(login))).toBe('ok');
    clock.advanceSeconds(30);
    const refused = await Promise.all(Array.from({ length: 1_000 }, (_, i) => outcome(unsigned(`random-${i}`))));
    expect(new Set(refused)).toEqual(new Set(['CALL_UNAUTHORIZED']));
    expect(service.requests).toBe(2);

    for (let i = 0; i < 50; i += 1) await outcome(unsigned(`later-${i}`));
    clock.advanceSeconds(29);
    await outcome(unsigned('much later'));
    expect(service.requests).toBe(2);
    clock.advanceSeconds(1);
    await outcome(unsigned('late enough'));
    expect(service.requests).toBe(3);
  });

  it('are fetched anew when a token names a new one', async () => {
    start();
    expect(await outcome(await login.token())).toBe('ok');
    const next = await createTestLogin({ kid: 'login-key-2', clock });
    service.jwks = { keys: [login.publicJwk, next.publicJwk] };
    clock.advanceSeconds(30);
    expect(await outcome(await next.token())).toBe('ok');
    expect(await outcome(await login.token())).toBe('ok');
  });

  it('are refreshed in the background, and tokens wait for nothing meanwhile', async () => {
    start();
    const token = await longLived(login);
    expect(await outcome(token)).toBe('ok');
    service.mode = 'hang';
    clock.advanceSeconds(120);
    expect(await outcome(token)).toBe('ok');
    // Would the token have waited for the service that hangs, this would not be the case yet.
    expect(authenticator.degraded()).toBe(false);
    await eventually(() => service.requests === 2);
  });

  it('that are withdrawn are believed for five minutes at most, by tokens that were verified before too', async () => {
    start();
    const token = await longLived(login);
    expect(await outcome(token)).toBe('ok');
    const next = await createTestLogin({ kid: 'login-key-2', clock });
    service.jwks = next.jwks;
    clock.advanceSeconds(300);
    expect(await outcome(token)).toBe('CALL_UNAUTHORIZED');
    expect(await outcome(await next.token())).toBe('ok');
  });

  it('that are replaced under the same kid no longer vouch for tokens verified before', async () => {
    start();
    const token = await longLived(login);
    expect(await outcome(token)).toBe('ok');
    const next = await createTestLogin({ kid: login.kid, clock });
    service.jwks = next.jwks;
    clock.advanceSeconds(300);
    expect(await outcome(token)).toBe('CALL_UNAUTHORIZED');
    expect(await outcome(await next.token())).toBe('ok');
  });
});

describe('a token that was verified', () => {
  it('is refused from the second it expires', async () => {
    start();
    const token = await login.token({ exp: clock.now() / 1_000 + 60 });
    expect(await outcome(token)).toBe('ok');
    clock.advanceSeconds(59);
    expect(await outcome(token)).toBe('ok');
    clock.advanceSeconds(1);
    expect(await outcome(token)).toBe('CALL_UNAUTHORIZED');
  });

  it('gives the very same answer to all who present it', async () => {
    start();
    const token = await login.token();
    const together = await Promise.all(Array.from({ length: 100 }, () => authenticator.authenticate(token)));
    const later = await authenticator.authenticate(token);
    // The object itself is shared, so the signature was checked once.
    expect(together.every((viewer) => viewer === later)).toBe(true);
  });

  it('is not verified again while its keys are the same, however often they are fetched', async () => {
    start();
    const token = await longLived(login);
    const viewer = await authenticator.authenticate(token);
    clock.advanceSeconds(300);
    expect(await authenticator.authenticate(token)).toBe(viewer);
    expect(service.requests).toBe(2);
  });
});

describe('keys of a login service that is down', () => {
  const DOWN: [JwksMode, ServiceError['reason']][] = [
    ['error', 'status'],
    ['redirect', 'status'],
    ['hang', 'timeout'],
    ['drip', 'timeout'],
    ['garbage', 'malformed'],
    ['empty', 'malformed'],
    ['huge', 'too_large'],
  ];

  it.each(DOWN)('cannot be had at all while it answers with "%s", and can once it is back', async (mode, reason) => {
    const other = await startFakeJwks(login.jwks);
    service.redirectTo = other.url;
    service.mode = mode;
    start();
    expect(await outcome(await login.token())).toBe('CALL_UNAVAILABLE');
    expect(authenticator.degraded()).toBe(true);
    expect(failures.map((failure) => failure.reason)).toEqual([reason]);
    expect(other.requests).toBe(0);
    await other.close();

    service.mode = 'ok';
    clock.advanceSeconds(2);
    expect(await outcome(await login.token())).toBe('ok');
    expect(authenticator.degraded()).toBe(false);
  });

  it.each(DOWN)('go on for 15 minutes while it answers with "%s", minute by minute', async (mode) => {
    start(250);
    const verified = await longLived(login);
    expect(await outcome(verified)).toBe('ok');
    service.mode = mode;
    const outcomes: string[] = [];
    for (let minute = 1; minute <= 16; minute += 1) {
      clock.advanceSeconds(60);
      const fresh = await login.token();
      outcomes.push(`${minute} ${await outcome(verified)} ${await outcome(fresh)}`);
      // Each refresh comes to its end before the clock goes on, as it would in a minute.
      await eventually(() => failures.length >= minute - 1);
    }
    expect(failures).toHaveLength(15);
    expect(outcomes.slice(0, 14)).toEqual(Array.from({ length: 14 }, (_, i) => `${i + 1} ok ok`));
    expect(outcomes.slice(14)).toEqual([
      '15 CALL_UNAVAILABLE CALL_UNAVAILABLE',
      '16 CALL_UNAVAILABLE CALL_UNAVAILABLE',
    ]);
    service.mode = 'ok';
    clock.advanceSeconds(5);
    expect(await outcome(verified)).toBe('ok');
  });

  it('go on when it hangs and they are stale, for a host too that hands our authenticator over as its own', async () => {
    start();
    const token = await longLived(login);
    expect(await outcome(token)).toBe('ok');
    service.mode = 'hang';
    clock.advanceSeconds(300);
    expect(
      await outcomeOf(asLogin(authenticator, { onDefect: () => undefined })(`Bearer ${token}`, { headers: {} })),
    ).toBe('ok');
  });

  it('leave it open whether a kid that is not known is a good one', async () => {
    start();
    expect(await outcome(await login.token())).toBe('ok');
    service.mode = 'error';
    clock.advanceSeconds(30);
    expect(await outcome(unsigned('unknown'))).toBe('CALL_UNAVAILABLE');
    expect(await outcome(await login.token())).toBe('ok');
    expect(await outcome((await login.token()).slice(0, -4))).toBe('CALL_UNAUTHORIZED');
  });

  it('are asked for every two seconds at most', async () => {
    service.mode = 'error';
    start();
    for (let i = 0; i < 50; i += 1) await outcome(unsigned(`random-${i}`));
    expect(service.requests).toBe(1);
    clock.advanceSeconds(2);
    for (let i = 0; i < 50; i += 1) await outcome(unsigned(`random-${i}`));
    expect(service.requests).toBe(2);
  });

  it('are asked for by one request at a time', async () => {
    service.mode = 'hang';
    start();
    const first = outcome(await login.token());
    clock.advanceSeconds(30);
    const second = outcome(await login.token());
    expect(await Promise.all([first, second])).toEqual(['CALL_UNAVAILABLE', 'CALL_UNAVAILABLE']);
    expect(service.requests).toBe(1);
  });

  it('are not waited for after the authenticator was closed', async () => {
    service.mode = 'hang';
    start();
    const waiting = outcome(await login.token());
    await authenticator.close();
    expect(await waiting).toBe('CALL_UNAVAILABLE');
  });
});
