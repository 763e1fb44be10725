import { safeText } from './log-fields.js';

/** What is written of an error: where it was thrown, and nothing of what it says. */
export interface Defect {
  /** The class, or the type of a value that is no error. */
  readonly error: string;
  /** The system's or the library's code, for example ECONNREFUSED. */
  readonly error_code?: string;
  /** The class of the cause, where one was given. */
  readonly cause?: string;
  /** Frames of the stack, innermost first. */
  readonly stack: readonly string[];
}

const FRAMES = 20;
const CLASS_NAME = /^[A-Za-z_$][\w$]{0,63}$/;
const CODE = /^[A-Z][A-Z_]{2,40}$/;
/** What V8 writes before the message, for example `TypeError [ERR_INVALID_URL]: `. */
const HEADER = /^[\w$.]{1,80}(?: \[\w{1,80}\])?(?:: )?/;
const FRAME = /^ {4}at (?:[^()]{1,200} \()?(?:file:\/\/|node:|\/|[A-Za-z]:\\)[^()]{1,400}:\d+:\d+\)?$/;

/** A message may hold a secret (a URL with a token, a header, an SDP): none is ever written, nor a name or code with odd characters. */
export function describeDefect(thrown: unknown): Defect {
  const code: unknown = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  const cause = thrown instanceof Error ? thrown.cause : undefined;
  return {
    error: classOf(thrown),
    ...(typeof code === 'string' && CODE.test(code) && { error_code: code }),
    ...(cause !== undefined && { cause: classOf(cause) }),
    stack: thrown instanceof Error ? framesOf(thrown) : [],
  };
}

function classOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return thrown === null ? 'null' : typeof thrown;
  const name: unknown = thrown.constructor.name;
  return typeof name === 'string' && CLASS_NAME.test(name) ? name : 'Error';
}

/**
 * The stack begins with the message, which may have many lines, some made to look like frames: so it is cut off as the
 * text that it is. Where it is no longer the one that the stack was made with, nothing of the stack is used.
 */
function framesOf({ stack, message }: Error): readonly string[] {
  if (typeof stack !== 'string' || typeof message !== 'string') return [];
  const header = HEADER.exec(stack)?.[0] ?? '';
  if (!stack.startsWith(`${message}\n`, header.length)) return [];
  return stack
    .slice(header.length + message.length)
    .split('\n')
    .filter((line) => FRAME.test(line))
    .slice(0, FRAMES)
    .map((line) => safeText(line.trim()));
}
