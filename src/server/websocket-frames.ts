/** FIN and the opcode of a text frame. */
const TEXT = 0x81;
/** The length is in the two bytes, or the eight, that follow. */
const [LENGTH_16, LENGTH_64] = [126, 127];

/** A ping without payload (RFC 6455, section 5.5.2). */
export const PING: Buffer = Buffer.from([0x89, 0]);

/** @param payload of the ping, at most 125 bytes (RFC 6455, section 5.5.3) */
export function pongOf(payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0x8a, payload.length]), payload]);
}

/**
 * Text messages as a server sends them: one frame each, not masked, in one piece (RFC 6455, section 5.2). ws would write
 * the head and the text of each by themselves.
 */
export function framesOf(messages: readonly string[]): Buffer {
  const lengths = messages.map((message) => Buffer.byteLength(message));
  const frames = Buffer.allocUnsafe(lengths.reduce((sum, length) => sum + headOf(length) + length, 0));
  let at = 0;
  messages.forEach((message, i) => {
    const length = lengths[i] as number;
    frames[at] = TEXT;
    if (length < LENGTH_16) frames[at + 1] = length;
    else if (length < 0x1_0000) {
      frames[at + 1] = LENGTH_16;
      frames.writeUInt16BE(length, at + 2);
    } else {
      frames[at + 1] = LENGTH_64;
      frames.writeUInt32BE(0, at + 2);
      frames.writeUInt32BE(length, at + 6);
    }
    at += headOf(length);
    at += frames.write(message, at);
  });
  return frames;
}

function headOf(length: number): number {
  return length < LENGTH_16 ? 2 : length < 0x1_0000 ? 4 : 10;
}
