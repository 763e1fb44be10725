import { createHttpClient, ServiceError, type HttpRequest } from './client.js';

/** How long a service is waited for where its setting says nothing else, in milliseconds. */
export const SERVICE_TIMEOUT_MS = 3_000;

export interface JsonClientOptions {
  readonly url: string;
  /** Deadline over the whole exchange, body included, in milliseconds; 3,000 when left out. */
  readonly timeoutMs?: number;
  /** In production only https is spoken. */
  readonly production?: boolean;
}

/** Speaks JSON with one service, within the bounds of {@link HttpClient}. Only 200 is an answer. */
export interface JsonClient {
  /** @param signal ends the exchange early. @throws ServiceError */
  get(signal?: AbortSignal): Promise<unknown>;
  /** @param timeoutMs an earlier deadline for this one. @throws ServiceError */
  post(body: unknown, timeoutMs?: number): Promise<unknown>;
  /** Ends what is under way and closes the connections. */
  close(): Promise<void>;
}

/** @throws TypeError the URL cannot be used */
export function createJsonClient(options: JsonClientOptions): JsonClient {
  const { url, timeoutMs = SERVICE_TIMEOUT_MS, production = false } = options;
  const client = createHttpClient({ url, timeoutMs, production });

  async function exchange(request: Omit<HttpRequest, 'reads'>): Promise<unknown> {
    const { status, text } = await client.send({ ...request, reads: (code) => code === 200 });
    if (text === null) throw new ServiceError('status', status);
    try {
      return JSON.parse(text);
    } catch {
      throw new ServiceError('malformed', status);
    }
  }

  return {
    get: (signal) =>
      exchange({
        method: 'GET',
        headers: { accept: 'application/json, application/jwk-set+json' },
        ...(signal && { signal }),
      }),
    post: (body, deadlineMs) =>
      exchange({
        method: 'POST',
        headers: { accept: 'application/json', 'content-type': 'application/json' },
        body: JSON.stringify(body),
        ...(deadlineMs !== undefined && { timeoutMs: deadlineMs }),
      }),
    close: () => client.close(),
  };
}
