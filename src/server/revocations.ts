import type { FastifyError, FastifyInstance } from 'fastify';
import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import { invalid } from '../call/input.js';
import { SignalingError } from '../errors.js';
import { isSigned, signatureKey } from '../events/webhook-signature.js';
import { extensionsOf } from '../graphql/errors.js';
import type { RevocationRequest } from '../identity/revocations.js';
import { LIMITS, OPAQUE_ID } from '../limits.js';
import type { Clock } from '../ports.js';

const BODY_BYTES = 64 * 1024;

/** What Fastify itself refuses of a request, before it is ours. */
const REFUSALS: Readonly<Record<number, string>> = {
  413: `The request body is larger than ${BODY_BYTES} bytes.`,
  415: 'The content type must be application/json.',
};

const id = z.string().regex(OPAQUE_ID);
const REVOCATION = z.object({ accountId: id, deviceId: id });

export interface RevocationOptions {
  /** Signs the requests: at least 24 bytes in base64, `whsec_` may stand before it. */
  readonly secret: string;
  /** Ends what the device has open, on every node; a request with the same id, which is sent again, ends nothing more. */
  readonly revoke: (accountId: string, deviceId: string, request: RevocationRequest) => Promise<void>;
  readonly clock: Clock;
}

/**
 * `POST /admin/revocations` `{"accountId","deviceId"}`, signed as Standard Webhooks are: 204 once the device is revoked, 401
 * without a valid signature, 400 for a body that is not that.
 *
 * @throws TypeError the secret cannot be used
 */
export function serveRevocations(app: FastifyInstance, { secret, revoke, clock }: RevocationOptions): void {
  const key = signatureKey(secret);

  // A plugin of its own: only here the body stays as it came, because that is what was signed.
  void app.register(async (admin) => {
    admin.removeAllContentTypeParsers();
    admin.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));

    admin.setErrorHandler((error: FastifyError | SignalingError, _request, reply) => {
      const answer = answerTo(error);
      if (answer === null) throw error;
      const { status, message, extensions } = answer;
      return reply
        .code(status)
        .header('cache-control', 'no-store')
        .send({ errors: [{ message, extensions }] });
    });

    admin.post<{ Body: Buffer | undefined }>(
      '/admin/revocations',
      { bodyLimit: BODY_BYTES },
      async (request, reply) => {
        const body = request.body ?? Buffer.alloc(0);
        if (!isSigned(key, request.headers, body, clock.now())) throw new SignalingError('CALL_UNAUTHORIZED');
        const { accountId, deviceId } = parse(body);
        await revoke(accountId, deviceId, requestOf(request.headers));
        return reply.code(204).header('cache-control', 'no-store').send();
      },
    );
  });
}

/** The id and the time are signed with the body. A token of the same second as the request was issued before it. */
function requestOf(headers: IncomingHttpHeaders): RevocationRequest {
  const at = Number(headers['webhook-timestamp']) * 1_000 + 999;
  return { id: String(headers['webhook-id']), at };
}

/** @throws SignalingError CALL_INPUT_INVALID */
function parse(body: Buffer): z.output<typeof REVOCATION> {
  try {
    return REVOCATION.parse(JSON.parse(body.toString('utf8')));
  } catch {
    throw invalid('accountId and deviceId', `1 to ${LIMITS.idLength} printable ASCII characters each`);
  }
}

interface Answer {
  readonly status: number;
  readonly message: string;
  readonly extensions: object;
}

/** @returns null: a defect, which is not for this route to answer */
function answerTo(error: FastifyError | SignalingError): Answer | null {
  if (error instanceof SignalingError) {
    return { status: error.status, message: error.message, extensions: extensionsOf(error) };
  }
  const status = error.statusCode ?? 500;
  const message = REFUSALS[status];
  return message === undefined
    ? null
    : { status, message, extensions: { code: 'BAD_REQUEST', status, retryable: false } };
}
