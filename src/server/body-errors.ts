import type { IncomingMessage, ServerResponse } from 'node:http';
import { CHARSET, httpError, type HttpErrorOptions } from './http-error.js';

/**
 * The error handler of an app in Express or Connect, after the parser of bodies: `app.use('/graphql', express.json(), …,
 * bodyErrors)`. It answers a body that could not be read as the standalone server does. Without it Express answers a page
 * with a stack, and writes the body to its log, descriptions (SDP) and addresses with it. Other errors are left to others.
 */
export function bodyErrors(
  error: unknown,
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
): void {
  const { status, type } = Object(error) as { readonly status?: unknown; readonly type?: unknown };
  const isOfRequest = typeof status === 'number' && status >= 400 && status < 500;
  if (!isOfRequest || response.headersSent) return next(error);
  const answer = httpError(status, request.headers.accept, OF_TYPE[String(type)]);
  response.writeHead(answer.status, answer.headers).end(answer.body);
}

/** What `express.json()` (body-parser) calls what is wrong, where the status does not say it. */
const OF_TYPE: Readonly<Record<string, HttpErrorOptions>> = {
  'charset.unsupported': { message: CHARSET },
  'encoding.unsupported': { message: 'The content encoding must be gzip, deflate, br or identity.' },
};
