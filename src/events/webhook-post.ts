import { createHttpClient, ServiceError } from '../http/client.js';

/** An attempt that did not deliver. Carries nothing of what the receiver said but its status. */
export interface PostFailure {
  readonly reason: 'status' | 'timeout' | 'connection';
  /** Null when no response came. */
  readonly httpStatus: number | null;
  /** The receiver does not want it, now or later. */
  readonly refused: boolean;
  /** How long the receiver wants to be left alone, in milliseconds; 0: it did not say. */
  readonly retryAfterMs: number;
}

/** Delivers bodies to one URL. */
export interface Poster {
  /** @returns null: delivered */
  post(headers: Readonly<Record<string, string>>, body: string): Promise<PostFailure | null>;
  /** Ends what is under way. */
  close(): Promise<void>;
}

export interface PosterOptions {
  readonly url: string;
  /** Deadline of one attempt, in milliseconds. */
  readonly timeoutMs: number;
  readonly connections: number;
  /** In production only https is spoken. */
  readonly production: boolean;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** @throws TypeError the URL cannot be used */
export function createPoster({ now, ...options }: PosterOptions): Poster {
  const client = createHttpClient(options);
  return {
    post: async (headers, body) => {
      const request = { headers: { 'content-type': 'application/json', ...headers }, body, reads: () => false };
      try {
        const { status, retryAfter } = await client.send({ method: 'POST', ...request });
        return failureOf(status, retryAfter, now());
      } catch (error) {
        const reason = error instanceof ServiceError && error.reason === 'timeout' ? 'timeout' : 'connection';
        return { reason, httpStatus: null, refused: false, retryAfterMs: 0 };
      }
    },
    close: () => client.close(),
  };
}

/** Statuses that say "not now" although they are among those that say "never". */
const NOT_NOW = [408, 429];

/** What a status means to a sender (Standard Webhooks, "Delivery success and failure"). Redirects are not followed. */
function failureOf(status: number, retryAfter: string | null, now: number): PostFailure | null {
  if (status >= 200 && status < 300) return null;
  const refused = status >= 400 && status < 500 && !NOT_NOW.includes(status);
  return { reason: 'status', httpStatus: status, refused, retryAfterMs: refused ? 0 : millisecondsIn(retryAfter, now) };
}

/** Retry-After as seconds or as a date (RFC 9110, section 10.2.3); anything else is as good as none. */
function millisecondsIn(retryAfter: string | null, now: number): number {
  const text = String(retryAfter);
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - now;
  return Number.isFinite(ms) && ms > 0 ? ms : 0;
}
