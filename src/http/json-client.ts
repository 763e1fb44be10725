import { Agent, errors, request, type Dispatcher } from 'undici';
import { createSharedLookup } from './shared-lookup.js';

/** What a service around us may answer at most, in bytes. */
const ANSWER_BYTES = 64 * 1024;

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

export interface JsonClientOptions {
  readonly url: string;
  /** Deadline over the whole exchange, body included, in milliseconds; 1,000 when left out. */
  readonly timeoutMs?: number;
  /** In production only https is spoken. */
  readonly production?: boolean;
}

/** Speaks JSON with one service: no redirects, a deadline over everything, at most 64 KiB. */
export interface JsonClient {
  /** @throws ServiceError */
  get(): Promise<unknown>;
  /** @throws ServiceError */
  post(body: unknown): Promise<unknown>;
  /** Ends what is under way and closes the connections. */
  close(): Promise<void>;
}

/** @throws TypeError the URL cannot be used */
export function createJsonClient({ url, timeoutMs = 1_000, production = false }: JsonClientOptions): JsonClient {
  const { protocol } = URL.canParse(url) ? new URL(url) : { protocol: '' };
  if (protocol !== 'https:' && (protocol !== 'http:' || production)) {
    throw new TypeError(`a service's URL must be ${production ? 'https' : 'https or http'}`);
  }
  // The agent's own timeouts restart with each byte; the signal is the deadline.
  const agent = new Agent({
    connections: 32,
    maxResponseSize: ANSWER_BYTES,
    connect: { lookup: createSharedLookup() },
  });

  async function exchange(options: Omit<Dispatcher.RequestOptions, 'origin' | 'path'>): Promise<unknown> {
    const signal = AbortSignal.timeout(timeoutMs);
    let httpStatus: number | null = null;
    try {
      const { statusCode, body } = await request(url, { ...options, dispatcher: agent, signal });
      httpStatus = statusCode;
      // undici follows no redirect by itself, so that one is a status like any other that is not 200.
      if (statusCode !== 200) {
        body.dump().catch(() => undefined);
        throw new ServiceError('status', statusCode);
      }
      return parse(await body.text());
    } catch (error) {
      if (error instanceof ServiceError) throw error;
      if (error instanceof errors.ResponseExceededMaxSizeError) throw new ServiceError('too_large', httpStatus);
      throw new ServiceError(signal.aborted ? 'timeout' : 'connection', httpStatus);
    }
  }

  return {
    get: () => exchange({ method: 'GET', headers: { accept: 'application/json, application/jwk-set+json' } }),
    post: (body) =>
      exchange({
        method: 'POST',
        headers: { accept: 'application/json', 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    close: () => agent.destroy(),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ServiceError('malformed', 200);
  }
}
