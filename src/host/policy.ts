import { z } from 'zod';
import type { DeviceRef } from '../call/call.js';
import type { CallPolicy } from '../call/ports.js';
import { createCallback, type CallbackWatch } from './callback.js';
import { readAnswer } from './malformed.js';

/** A host's own policy, as an object or as its one function. */
export type HostPolicy = CallPolicy | ((caller: DeviceRef, calleeAccountId: string) => boolean | Promise<boolean>);

const ALLOWED = z.boolean();

/** Makes a policy of what a host gave; whatever goes wrong in it, and whatever is no boolean, is CALL_UNAVAILABLE. */
export function asPolicy(given: HostPolicy, watch: CallbackWatch): CallPolicy {
  const timeoutMs = typeof given === 'function' ? undefined : given.timeoutMs;
  const callback = createCallback({ name: 'call-policy', ...(timeoutMs !== undefined && { timeoutMs }) }, watch);
  const mayCall = (caller: DeviceRef, calleeAccountId: string): unknown =>
    typeof given === 'function' ? given(caller, calleeAccountId) : given.mayCall(caller, calleeAccountId);
  return {
    mayCall: (caller, calleeAccountId) =>
      callback.ask(
        caller.accountId,
        () => mayCall({ ...caller }, calleeAccountId),
        (answer) => readAnswer(ALLOWED, answer),
      ),
  };
}
