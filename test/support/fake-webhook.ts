import { webcrypto } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How one request is answered: a status, perhaps with headers, or not at all. */
export type FakeReply =
  | number
  | 'hang'
  | 'reset'
  | 'redirect'
  | { readonly status: number; readonly headers: Readonly<Record<string, string>> };

export interface ReceivedWebhook {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** The body as it came. */
  readonly raw: string;
  readonly body: {
    readonly type: string;
    readonly timestamp: string;
    readonly data: Readonly<Record<string, unknown>>;
  };
}

/** A receiver of webhooks over real HTTP on a free port. */
export interface FakeWebhook {
  readonly url: string;
  /** Everything that came, oldest first, whatever was answered. */
  readonly requests: readonly ReceivedWebhook[];
  /** What was answered with 2xx, in the order of the answers. */
  readonly accepted: readonly ReceivedWebhook[];
  /** Requests not answered yet, now and at most. */
  readonly open: { now: number; most: number };
  /** Decides each answer; 204 when not set. A promise holds the request. */
  reply: (request: ReceivedWebhook) => FakeReply | Promise<FakeReply>;
  close(): Promise<void>;
}

/** What a refusal says, and nobody may repeat. */
export const RECEIVER_TEXT = 'receiver-internal-detail';

export async function startFakeWebhook(): Promise<FakeWebhook> {
  const requests: ReceivedWebhook[] = [];
  const accepted: ReceivedWebhook[] = [];

  const server = createServer((request, response) => {
    fake.open.now += 1;
    fake.open.most = Math.max(fake.open.most, fake.open.now);
    response.once('close', () => (fake.open.now -= 1));
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const raw = Buffer.concat(chunks).toString('utf8');
      const body = JSON.parse(raw) as ReceivedWebhook['body'];
      const received = { path: request.url ?? '', headers: request.headers, raw, body };
      requests.push(received);
      void Promise.resolve(fake.reply(received)).then((reply) => {
        if (reply === 'hang') return;
        if (reply === 'reset') return request.socket.resetAndDestroy();
        if (reply === 'redirect') return response.writeHead(307, { location: '/elsewhere' }).end();
        const { status, headers } = typeof reply === 'number' ? { status: reply, headers: {} } : reply;
        if (status < 300) accepted.push(received);
        return response.writeHead(status, headers).end(status === 204 ? undefined : RECEIVER_TEXT);
      });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  const fake: FakeWebhook = {
    url: `http://127.0.0.1:${port}/hooks`,
    requests,
    accepted,
    open: { now: 0, most: 0 },
    reply: () => 204,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
  return fake;
}

/** Signs, and checks signatures, as the specification of Standard Webhooks says, by Web Crypto. */
export async function webCryptoSignature(secret: string, id: string, timestamp: number, body: string): Promise<string> {
  const bytes = Uint8Array.from(atob(secret.replace(/^whsec_/, '')), (character) => character.charCodeAt(0));
  const key = await webcrypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  const signed = await webcrypto.subtle.sign('HMAC', key, new TextEncoder().encode(`${id}.${timestamp}.${body}`));
  return `v1,${btoa(String.fromCharCode(...new Uint8Array(signed)))}`;
}
