import type { IncomingMessage, ServerResponse } from 'node:http';
import { httpError } from './http-error.js';

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
  const { status } = Object(error) as { readonly status?: unknown };
  const isOfRequest = typeof status === 'number' && status >= 400 && status < 500;
  if (!isOfRequest || response.headersSent) return next(error);
  const answer = httpError(status, request.headers.accept);
  response.writeHead(answer.status, answer.headers).end(answer.body);
}
