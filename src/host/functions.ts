import type { CallPolicy, SendWakeUp } from '../call/ports.js';
import { claimDirectory } from '../directory/claim-directory.js';
import type { Login } from '../identity/login.js';
import type { DeviceDirectory } from '../identity/viewer.js';
import { asLogin, type HostAuthenticator } from './authenticator.js';
import type { CallbackWatch } from './callback.js';
import { asDirectory, type HostDirectory } from './directory.js';
import { asSendWakeUp } from './listeners.js';
import { asPolicy, type HostPolicy } from './policy.js';

/** What a host may do in its own way. Each may throw, reject, hang or answer anything; docs/callbacks.md says what then is. */
export interface HostFunctions {
  /** Whose token this is: `createJwtAuthenticator(...)`, or the host's own function. */
  readonly authenticator: HostAuthenticator;
  /** Which devices are registered; when left out, the device that the authenticator names is believed. */
  readonly deviceDirectory?: HostDirectory;
  /** Who may call whom; everyone when left out. */
  readonly callPolicy?: HostPolicy;
  /** Woken devices that have no open stream; nobody is when left out. */
  readonly sendWakeUp?: SendWakeUp;
}

/** The same, as calls can rely on it. */
export interface GuardedFunctions {
  readonly login: Login;
  readonly directory: DeviceDirectory;
  readonly policy: CallPolicy;
  readonly sendWakeUp: SendWakeUp;
}

const everyone: CallPolicy = { mayCall: () => Promise.resolve(true) };

export function guardFunctions(given: HostFunctions, watch: CallbackWatch): GuardedFunctions {
  const { authenticator, deviceDirectory, callPolicy, sendWakeUp } = given;
  return {
    login: asLogin(authenticator, watch),
    directory: deviceDirectory ? asDirectory(deviceDirectory, watch) : claimDirectory,
    policy: callPolicy ? asPolicy(callPolicy, watch) : everyone,
    sendWakeUp: sendWakeUp ? asSendWakeUp(sendWakeUp, watch) : () => undefined,
  };
}
