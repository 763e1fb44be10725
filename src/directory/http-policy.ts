import { z } from 'zod';
import type { DeviceRef } from '../call/call.js';
import type { CallPolicy } from '../call/ports.js';
import { SignalingError } from '../errors.js';
import { within } from '../http/deadline.js';
import { createJsonClient, ServiceError } from '../http/json-client.js';
import type { HostOptions } from './host.js';

const ANSWER = z.object({ allowed: z.boolean() });

export interface HttpPolicyOptions {
  /** Where `POST {"caller":{"accountId","deviceId"},"calleeAccountId"}` is answered `{"allowed":true}` or false. */
  readonly url: string;
  /** In production only https is spoken. */
  readonly production?: boolean;
  /** Deadline of one request, in milliseconds; 1,000 when left out. */
  readonly timeoutMs?: number;
  /** Told of each request that failed; the error carries nothing secret. */
  readonly onFailure?: (error: ServiceError) => void;
}

export interface HttpPolicy extends CallPolicy {
  /** Whether the last request failed, so that calls cannot be started. */
  degraded(): boolean;
  close(): Promise<void>;
}

/**
 * Who may call whom, asked over HTTP for each call. No answer is kept: who was blocked a second ago is blocked now. And
 * none is made up: without an answer nobody is called, and the caller hears CALL_UNAVAILABLE.
 *
 * @throws TypeError the URL cannot be used
 */
export function createHttpPolicy(options: HttpPolicyOptions): HttpPolicy {
  const client = createJsonClient(options);
  let degraded = false;

  return {
    mayCall: async ({ accountId, deviceId }, calleeAccountId) => {
      try {
        const answer = ANSWER.safeParse(await client.post({ caller: { accountId, deviceId }, calleeAccountId }));
        if (!answer.success) throw new ServiceError('malformed', 200);
        degraded = false;
        return answer.data.allowed;
      } catch (error) {
        degraded = true;
        options.onFailure?.(error instanceof ServiceError ? error : new ServiceError('connection', null));
        throw new SignalingError('CALL_UNAVAILABLE');
      }
    },
    degraded: () => degraded,
    close: () => client.close(),
  };
}

/** A host's own policy, as an object or as its one function. */
export type HostPolicy = CallPolicy | ((caller: DeviceRef, calleeAccountId: string) => boolean | Promise<boolean>);

/** Makes a policy of what a host gave; whatever goes wrong in it, and whatever is no boolean, is CALL_UNAVAILABLE. */
export function asPolicy(given: HostPolicy, { timeoutMs = 1_500, onFailure }: HostOptions = {}): CallPolicy {
  const ask = typeof given === 'function' ? given : given.mayCall.bind(given);
  const mayCall = async (...question: Parameters<CallPolicy['mayCall']>): Promise<boolean> =>
    z.boolean().parse(await ask(...question));
  return {
    mayCall: async (...question) => {
      try {
        return await within(timeoutMs, mayCall(...question));
      } catch (error) {
        if (error instanceof SignalingError) throw error;
        onFailure?.(error);
        throw new SignalingError('CALL_UNAVAILABLE');
      }
    },
  };
}
