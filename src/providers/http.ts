import { type Dispatcher, errors, Pool } from 'undici';
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
  async post<Shape extends z.ZodType>(
    schema: Shape,
    { headers, body, signal }: ProviderPost,
  ): Promise<z.output<Shape>> {
    const text = await new Promise<string>((resolve, reject) => {
      const options: Dispatcher.DispatchOptions = {
        path: this.#path,
        method: 'POST',
        headers: { accept: 'application/json', 'user-agent': USER_AGENT, ...headers },
        body,
      };
      this.#pool.dispatch(options, new Exchange(signal, resolve, reject));
    });
    const answer = schema.safeParse(parsed(text));
    if (!answer.success) throw new ProviderError('malformed', SUCCESS);
    return answer.data;
  }

  /** Lets running requests end first. */
  close(): Promise<void> {
    return this.#pool.close();
  }
}

/** Strips a byte order mark, as readers of a body do (Encoding standard, section 6). */
const UTF8 = new TextDecoder();

/** One exchange, as undici tells of it: no stream is made of an answer that fits into a page. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #signal: AbortSignal;
  readonly #resolve: (text: string) => void;
  readonly #reject: (error: ProviderError) => void;
  readonly #chunks: Buffer[] = [];
  #controller: Dispatcher.DispatchController | null = null;
  /** What was seen before undici was told to give up. */
  #failure: ProviderError | null = null;

  constructor(signal: AbortSignal, resolve: (text: string) => void, reject: (error: ProviderError) => void) {
    this.#signal = signal;
    this.#resolve = resolve;
    this.#reject = reject;
    if (signal.aborted) this.#giveUp();
    else signal.addEventListener('abort', this.#giveUp, { once: true });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#failure) controller.abort(new Error('out of time'));
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: Headers): void {
    // Others follow an informational one (RFC 9110, section 15.2).
    if (status === SUCCESS || status < 200) return;
    this.#fail(statusError(status, headers));
    controller.abort(new Error('the answer is not read'));
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    this.#signal.removeEventListener('abort', this.#giveUp);
    const [first] = this.#chunks;
    const body = this.#chunks.length === 1 && first ? first : Buffer.concat(this.#chunks);
    this.#resolve(UTF8.decode(body));
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    // Its connection is dropped at the first byte too many.
    const isTooLong = error instanceof errors.ResponseExceededMaxSizeError;
    this.#fail(isTooLong ? new ProviderError('malformed', SUCCESS) : new ProviderError('connection', null));
  }

  #giveUp = (): void => {
    this.#fail(new ProviderError('timeout', null));
    this.#controller?.abort(new Error('out of time'));
  };

  /** The first failure counts. */
  #fail(failure: ProviderError): void {
    this.#signal.removeEventListener('abort', this.#giveUp);
    this.#failure ??= failure;
    this.#reject(this.#failure);
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
