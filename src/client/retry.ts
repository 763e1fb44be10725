import { AnswerCallDocument, ReportRingingDocument } from './generated/documents.js';
import type { Document } from './generated/documents.js';
import { callError, notConnected } from './errors.js';
import type { CallError } from './errors.js';
import { delay, Scope } from './scope.js';
import { elapsed } from './time.js';
import type { Transport } from './transport.js';

/** What nobody waits for any longer: as long as the other side is told of the end of a call. */
const LIMIT_MS = 120_000;
/** A call rings no longer, and its answer is of no use after that. */
const RINGING_MS = 62_000;

/** A connection may be dead without anybody having noticed: then what was sent over it is sent again. */
const ANSWER_MS = 10_000;

/** @returns milliseconds to wait before the next try: growing up to 8 s, half of it by chance, so that clients do not come all at once */
export function backoffMs(tries: number): number {
  return Math.min(2 ** tries * 250, 8_000) * (0.5 + Math.random() / 2);
}

/**
 * Runs an operation until it is answered: sent again, as it was, when no answer came or one that says to try again.
 * With a token that was refused it is tried once more, with a new one.
 *
 * @param withinMs after which it is given up: 62 s for `answerCall` and `reportRinging`, 120 s for all others (`sendDescription`
 *   among them), where it is left out
 * @throws CallError
 */
export async function execute<Result, Variables>(
  transport: Pick<Transport, 'execute'>,
  document: Document<Result, Variables>,
  variables: Variables,
  signal: AbortSignal,
  withinMs = limitOf(document),
): Promise<Result> {
  const startedAt = elapsed();
  let unauthorized = 0;
  for (let tries = 0; !signal.aborted; tries += 1) {
    try {
      const leftMs = startedAt + withinMs - elapsed();
      return await once(transport, document, variables, signal, Math.min(ANSWER_MS, leftMs));
    } catch (thrown) {
      const error = callError(thrown);
      const waitMs = error.details.retryAfterMs ?? backoffMs(tries);
      const again = isWorthAnotherTry(error) || (TOKEN_REFUSED.has(error.code) && (unauthorized += 1) === 1);
      if (!again || elapsed() + waitMs - startedAt > withinMs) throw error;
      await delay(waitMs, signal);
    }
  }
  throw notConnected();
}

const TOKEN_REFUSED: ReadonlySet<string> = new Set(['CALL_UNAUTHORIZED', 'CALL_RELAY_UNAUTHORIZED']);

function limitOf(document: Document<unknown, unknown>): number {
  return (document as unknown) === AnswerCallDocument || (document as unknown) === ReportRingingDocument
    ? RINGING_MS
    : LIMIT_MS;
}

/** A gap in the numbers is closed by the signals before it, not by the same one again. */
function isWorthAnotherTry({ code, details }: CallError): boolean {
  return details.retryable === true && code !== 'CALL_SIGNAL_GAP';
}

async function once<Result, Variables>(
  transport: Pick<Transport, 'execute'>,
  document: Document<Result, Variables>,
  variables: Variables,
  signal: AbortSignal,
  answerMs: number,
): Promise<Result> {
  const attempt = new Scope();
  const abort = (): void => attempt.close();
  signal.addEventListener('abort', abort);
  attempt.after(answerMs, abort);
  try {
    return await transport.execute(document, variables, attempt.signal);
  } finally {
    signal.removeEventListener('abort', abort);
    attempt.close();
  }
}
