/** What leaves as frames is what ws reads on the other side, whatever its length and its letters. */
import { describe, expect, it } from '@jest/globals';
import type { Writable } from 'node:stream';
import * as ws from 'ws';
import { framesOf, PING } from '../../src/server/websocket-frames.js';

/** Exported by ws, and not in its types. */
const { Receiver } = ws as unknown as { Receiver: new (options: { isServer: boolean }) => Writable };

/** Reads frames as a client does, by ws: checks them against RFC 6455 and UTF-8. */
function read(bytes: Buffer) {
  const heard: string[] = [];
  const receiver = new Receiver({ isServer: false });
  receiver.on('message', (data: Buffer, isBinary: boolean) =>
    heard.push(`${isBinary ? 'binary ' : ''}${String(data)}`),
  );
  receiver.on('ping', (data: Buffer) => heard.push(`ping of ${data.length} bytes`));
  receiver.on('error', (error: Error) => heard.push(error.message));
  receiver.write(bytes);
  return heard;
}

describe('frames of text', () => {
  // Around each length at which the head changes (RFC 6455, section 5.2).
  it.each([0, 1, 124, 125, 126, 127, 65_534, 65_535, 65_536, 65_537, 300_000])('of %s bytes', (length) => {
    const text = 'x'.repeat(length);
    expect(read(framesOf([text]))).toEqual([text]);
  });

  it.each(['é', '€', '😀', '\u0000', '\u2028', '"\\'])('of %j, which counts in bytes', (letter) => {
    for (const times of [1, 41, 42, 63, 126, 16_384, 32_768, 65_536]) {
      const text = letter.repeat(times);
      expect(read(framesOf([text]))).toEqual([text]);
    }
  });

  it('of half a letter are still text', () => {
    expect(read(framesOf(['\ud83d']))).toEqual(['\ufffd']);
  });

  it('of one turn come in order, each by itself', () => {
    const texts = Array.from({ length: 200 }, (_, n) => `${n} ${'ä'.repeat(n)}`);
    expect(read(framesOf(texts))).toEqual(texts);
  });
});

it('a ping is one', () => {
  expect(read(PING)).toEqual(['ping of 0 bytes']);
});
