import { errors, Pool } from 'undici';
import type { z } from 'zod';
import { USER_AGENT } from '../http/client.js';
import { ProviderError } from '../relay/ports.js';

const SUCCESS = 201;
const MAX_BODY_BYTES = 64 * 1024;
/** A try that hangs has one of them until its deadline: with few, those that would be answered at once wait behind it. */
const MAX_CONNECTIONS = 512;
const CONNECT_MS = 3_000;

/** What is posted, and until when. */
export interface ProviderPost {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** When aborted, the request is destroyed, its connection with it, at whatever stage it is. */
  readonly signal: AbortSignal;
}

/**
 * The HTTP side of a provider: one endpoint with connections of its own. Redirects are not followed, certificates are
 * verified, and of an answer that is no success nothing but the status is ever looked at.
 */
export class ProviderEndpoint {
  readonly #pool: Pool;
  readonly #path: string;

  /** @param url an absolute http or https URL */
  constructor(url: string) {
    const { origin, pathname, search } = new URL(url);
    this.#pool = new Pool(origin, {
      connections: MAX_CONNECTIONS,
      connect: { timeout: CONNECT_MS },
      maxResponseSize: MAX_BODY_BYTES,
    });
    this.#path = pathname + search;
  }

  /**
   * @param schema what an answer of 201 must look like
   * @throws ProviderError, and nothing else
   */
  async post<Shape extends z.ZodType>(schema: Shape, post: ProviderPost): Promise<z.output<Shape>> {
    const text = await this.#exchange(post).catch((error: unknown) => {
      if (error instanceof ProviderError) throw error;
      // Its connection is dropped at the first byte too many.
      if (error instanceof errors.ResponseExceededMaxSizeError) throw new ProviderError('malformed', SUCCESS);
      throw new ProviderError(post.signal.aborted ? 'timeout' : 'connection', null);
    });
    const answer = schema.safeParse(parsed(text));
    if (!answer.success) throw new ProviderError('malformed', SUCCESS);
    return answer.data;
  }

  /** Lets running requests end first. */
  close(): Promise<void> {
    return this.#pool.close();
  }

  async #exchange({ headers, body, signal }: ProviderPost): Promise<string> {
    const response = await this.#pool.request({
      path: this.#path,
      method: 'POST',
      headers: { accept: 'application/json', 'user-agent': USER_AGENT, ...headers },
      body,
      signal,
    });
    if (response.statusCode !== SUCCESS) {
      // Destroying the unread body is reported as an error of the stream, which says nothing new.
      response.body.on('error', () => undefined).destroy();
      throw statusError(response.statusCode, response.headers);
    }
    return response.body.text();
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

function statusError(status: number, headers: Headers): ProviderError {
  if (status === 429 || status === 503) return new ProviderError('status', status, retryAfterMs(headers));
  return new ProviderError(status >= 400 && status < 500 ? 'refused' : 'status', status);
}

/**
 * Retry-After as seconds or as a date (RFC 9110, section 10.2.3); anything else is as good as none. A date is measured from
 * the answer's own, as the two clocks may differ.
 */
function retryAfterMs({ 'retry-after': retryAfter, date }: Headers): number {
  const text = String(retryAfter);
  const ms = /^[0-9]{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.parse(String(date));
  return Number.isFinite(ms) && ms > 0 ? ms : 0;
}
