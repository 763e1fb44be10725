import { asRedisError, RedisError } from './failure.js';

/** What a server says (Redis serialization protocol, version 2); an error is one that Redis answered with. */
export type Reply = Buffer | string | number | Error | null | readonly Reply[];

interface Found {
  readonly reply: Reply;
  /** Where the next one begins. */
  readonly end: number;
}

const EOL = '\r\n';

export function commandOf(words: readonly string[]): string {
  return [`*${words.length}`, ...words.map((word) => `$${Buffer.byteLength(word)}${EOL}${word}`), ''].join(EOL);
}

/**
 * @returns what is said from there on; null: it has not come whole
 * @throws RedisError `unexpected`: this is no Redis
 */
export function replyIn(bytes: Buffer, from: number): Found | null {
  const eol = bytes.indexOf(EOL, from);
  if (eol < 0) return null;
  const end = eol + EOL.length;
  const [kind, line] = [bytes.toString('latin1', from, from + 1), bytes.toString('utf8', from + 1, eol)];
  if (kind === '+') return { reply: line, end };
  if (kind === '-') return { reply: asRedisError(new Error(line)), end };
  const number = Number(line);
  if (kind === ':') return { reply: number, end };
  if (kind !== '$' && kind !== '*') throw new RedisError('unexpected');
  if (number < 0) return { reply: null, end };
  return kind === '*' ? repliesIn(bytes, end, number) : bulkIn(bytes, end, number);
}

function bulkIn(bytes: Buffer, from: number, length: number): Found | null {
  const end = from + length + EOL.length;
  return bytes.length < end ? null : { reply: bytes.subarray(from, from + length), end };
}

function repliesIn(bytes: Buffer, from: number, count: number): Found | null {
  const reply: Reply[] = [];
  let end = from;
  while (reply.length < count) {
    const found = replyIn(bytes, end);
    if (!found) return null;
    reply.push(found.reply);
    end = found.end;
  }
  return { reply, end };
}
