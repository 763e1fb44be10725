import { Agent, errors, request, type Dispatcher } from 'undici';
import { OptionsError } from '../options.js';
import { createSharedLookup } from './shared-lookup.js';

/** What a service around us may answer at most, in bytes. */
const ANSWER_BYTES = 64 * 1024;
/** How long a connection may take at most, TLS included, in milliseconds. */
const CONNECT_MS = 10_000;

/** Firewalls refuse requests that do not say who sends them (RFC 9110, section 10.1.5). */
export const USER_AGENT = 'voip-call-signaling';

/** Why a service gave no answer that can be used. Carries nothing of what it said: safe to log. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';

  constructor(
    readonly reason: 'status' | 'timeout' | 'connection' | 'too_large' | 'malformed',
    /** Null when no response came. */
    readonly httpStatus: number | null,
  ) {
    super(`service: ${reason}${httpStatus === null ? '' : ` ${httpStatus}`}`);
  }
}

export interface HttpClientOptions {
  readonly url: string;
  /** Deadline over the whole exchange, body included, in milliseconds. */
  readonly timeoutMs: number;
  /** In production only https is spoken. */
  readonly production: boolean;
  /** Connections at the same time; 32 when left out. */
  readonly connections?: number;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** An earlier deadline than the client's, in milliseconds. */
  readonly timeoutMs?: number;
  /** Ends the exchange before its deadline. */
  readonly signal?: AbortSignal;
  /** Whether the body of an answer with this status is wanted. */
  readonly reads: (status: number) => boolean;
}

export interface HttpAnswer {
  readonly status: number;
  readonly retryAfter: string | null;
  /** Null: it was not wanted. */
  readonly text: string | null;
}

/** Every HTTP exchange with a service around us: one URL, no redirects, a deadline over everything, at most 64 KiB. */
export interface HttpClient {
  /** @throws ServiceError `timeout`, `connection` or `too_large`, and nothing else */
  send(request: HttpRequest): Promise<HttpAnswer>;
  /** Ends what is under way and closes the connections. */
  close(): Promise<void>;
}

/** @throws OptionsError the URL cannot be used */
export function createHttpClient({ url, timeoutMs, production, connections = 32 }: HttpClientOptions): HttpClient {
  const { protocol } = URL.canParse(url) ? new URL(url) : { protocol: '' };
  if (protocol !== 'https:' && (protocol !== 'http:' || production)) {
    throw new OptionsError([`url must be a URL with ${production ? 'https' : 'https or http'}`]);
  }
  // The agent's own timeouts restart with each byte; the signal is the deadline.
  const agent = new Agent({
    connections,
    maxResponseSize: ANSWER_BYTES,
    connect: { lookup: createSharedLookup(), timeout: Math.min(timeoutMs, CONNECT_MS) },
  });

  return {
    send: async (asked) => {
      // What is left of a deadline is seldom a whole number, and nothing else is taken here.
      const late = AbortSignal.timeout(Math.ceil(Math.min(timeoutMs, asked.timeoutMs ?? timeoutMs)));
      let status: number | null = null;
      try {
        const options: Omit<Dispatcher.RequestOptions, 'origin' | 'path'> = {
          method: asked.method,
          headers: { 'user-agent': USER_AGENT, ...asked.headers },
          ...(asked.body !== undefined && { body: asked.body }),
        };
        const signal = asked.signal ? AbortSignal.any([late, asked.signal]) : late;
        // undici follows no redirect by itself, so that one is a status like any other that is no success.
        const { statusCode, headers, body } = await Promise.race([
          request(url, { ...options, dispatcher: agent, signal }),
          // undici heeds the signal only once it has a connection, which a TLS handshake may keep it from.
          rejectedBy(signal),
        ]);
        status = statusCode;
        const wanted = asked.reads(statusCode);
        // Read only so that the connection can be used again; after more than that it is given up.
        if (!wanted) body.dump({ limit: ANSWER_BYTES, signal }).catch(() => undefined);
        const retryAfter = headers['retry-after'];
        return {
          status: statusCode,
          retryAfter: retryAfter === undefined ? null : String(retryAfter),
          text: wanted ? await body.text() : null,
        };
      } catch (error) {
        if (error instanceof errors.ResponseExceededMaxSizeError) throw new ServiceError('too_large', status);
        const isLate = late.aborted || error instanceof errors.ConnectTimeoutError;
        throw new ServiceError(isLate ? 'timeout' : 'connection', status);
      }
    },
    close: () => agent.destroy(),
  };
}

/** Never resolves. */
function rejectedBy(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason as Error);
    else signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}
