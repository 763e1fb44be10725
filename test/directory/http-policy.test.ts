import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { inspect } from 'node:util';
import { createHttpPolicy, type HttpPolicy, type HttpPolicyOptions } from '../../src/directory/http-policy.js';
import { SignalingError } from '../../src/errors.js';
import type { ServiceError } from '../../src/http/client.js';
import { outcomeOf } from '../identity/outcome.js';
import { startFakePolicy, type FakePolicy, type PolicyMode } from '../support/fake-policy.js';

const CALLER = { accountId: 'alice', deviceId: 'phone' };

let service: FakePolicy;
let policy: HttpPolicy;
let failures: ServiceError[];
const opened: HttpPolicy[] = [];

function open(options: Partial<HttpPolicyOptions> = {}): HttpPolicy {
  const one = createHttpPolicy({ url: service.url, onFailure: (error) => failures.push(error), ...options });
  opened.push(one);
  return one;
}

beforeEach(async () => {
  service = await startFakePolicy();
  failures = [];
  policy = open();
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()));
  await service.close();
});

describe('the call policy', () => {
  it('says who may call whom', async () => {
    service.refusing.add('carol');
    expect(await policy.mayCall(CALLER, 'bob')).toBe(true);
    expect(await policy.mayCall(CALLER, 'carol')).toBe(false);
  });

  it('is told the caller, the device and the callee, and nothing else', async () => {
    await policy.mayCall(Object.assign({ token: 'secret' }, CALLER), 'bob');
    expect(service.requests).toEqual([{ caller: CALLER, calleeAccountId: 'bob' }]);
  });

  it('is asked anew for each call: who is blocked is blocked at once', async () => {
    expect(await policy.mayCall(CALLER, 'bob')).toBe(true);
    service.refusing.add('bob');
    expect(await policy.mayCall(CALLER, 'bob')).toBe(false);
  });

  it.each<[PolicyMode, ServiceError['reason']]>([
    ['error', 'status'],
    ['redirect', 'status'],
    ['hang', 'timeout'],
    ['reset', 'connection'],
    ['garbage', 'malformed'],
    ['not-boolean', 'malformed'],
    ['huge', 'too_large'],
  ])('that answers with "%s" lets nobody be called until it is back', async (mode, reason) => {
    const impatient = open({ timeoutMs: 200 });
    service.mode = mode;
    expect(await outcomeOf(impatient.mayCall(CALLER, 'bob'))).toBe('CALL_UNAVAILABLE');
    expect(impatient.degraded()).toBe(true);
    expect(failures.map((failure) => failure.reason)).toEqual([reason]);
    expect(service.requests).toHaveLength(1);

    service.mode = 'ok';
    expect(await impatient.mayCall(CALLER, 'bob')).toBe(true);
    expect(impatient.degraded()).toBe(false);
  });

  it('that is not there says nothing about itself in the error', async () => {
    const { url } = service;
    await service.close();
    const error: unknown = await policy.mayCall(CALLER, 'bob').catch((thrown: unknown) => thrown);
    expect(error).toEqual(new SignalingError('CALL_UNAVAILABLE'));
    expect(inspect([error, failures])).not.toContain(new URL(url).host);
    expect(failures.map(({ reason, httpStatus }) => [reason, httpStatus])).toEqual([['connection', null]]);
    service = await startFakePolicy();
  });

  it('is not spoken to over plain HTTP in production', () => {
    expect(() => open({ production: true })).toThrow(TypeError);
    expect(() => open({ url: 'ftp://127.0.0.1/policy' })).toThrow(TypeError);
  });
});
