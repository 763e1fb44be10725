import { z } from 'zod';
import type { CallPolicy } from '../call/ports.js';
import { SignalingError } from '../errors.js';
import { quiet } from '../host/callback.js';
import { createReporter } from '../host/observed.js';
import { boolean, callable, checkGiven, milliseconds, url } from '../options.js';
import { ServiceError } from '../http/client.js';
import { createJsonClient, SERVICE_TIMEOUT_MS } from '../http/json-client.js';

const ANSWER = z.object({ allowed: z.boolean() });

export interface HttpPolicyOptions {
  /** Where `POST {"caller":{"accountId","deviceId"},"calleeAccountId"}` is answered `{"allowed":true}` or false. */
  readonly url: string;
  /** In production only https is spoken. */
  readonly production?: boolean;
  /** Deadline of one request, in milliseconds; 3,000 when left out. */
  readonly timeoutMs?: number;
  /** Told of each request that failed; the error carries nothing secret. */
  readonly onFailure?: (error: ServiceError) => void;
}

const OPTIONS = {
  url,
  production: boolean,
  timeoutMs: milliseconds,
  onFailure: callable,
} satisfies Record<keyof HttpPolicyOptions, unknown>;

export interface HttpPolicy extends CallPolicy {
  /** Whether the last request failed, so that calls cannot be started. */
  degraded(): boolean;
  close(): Promise<void>;
}

/**
 * Who may call whom, asked over HTTP for each call. No answer is kept: who was blocked a second ago is blocked now. And
 * none is made up: without an answer nobody is called, and the caller hears CALL_UNAVAILABLE.
 *
 * @throws OptionsError with every problem of the options
 * @throws TypeError the URL cannot be used
 */
export function createHttpPolicy(options: HttpPolicyOptions): HttpPolicy {
  checkGiven('createHttpPolicy', options, OPTIONS, ['url']);
  const { timeoutMs = SERVICE_TIMEOUT_MS } = options;
  const onFailure = quiet(options.onFailure);
  const client = createJsonClient({ ...options, timeoutMs });
  let degraded = false;
  const reporter = createReporter({
    name: 'call-policy',
    affects: ['calls'],
    state: () => (degraded ? 'degraded' : 'ready'),
  });

  return reporter.shownOn<HttpPolicy>({
    mayCall: async ({ accountId, deviceId }, calleeAccountId) => {
      try {
        const answer = ANSWER.safeParse(await client.post({ caller: { accountId, deviceId }, calleeAccountId }));
        if (!answer.success) throw new ServiceError('malformed', 200);
        degraded = false;
        return answer.data.allowed;
      } catch (error) {
        degraded = true;
        const failure = error instanceof ServiceError ? error : new ServiceError('connection', null);
        onFailure(failure);
        reporter.failed({ operation: 'mayCall', reason: failure.reason, httpStatus: failure.httpStatus });
        throw new SignalingError('CALL_UNAVAILABLE');
      }
    },
    // Until we are sure that it is our own deadline that ran out.
    timeoutMs: timeoutMs + 500,
    degraded: () => degraded,
    close: () => client.close(),
  });
}
