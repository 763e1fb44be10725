/** What the page says, where waiting for it would take minutes. */
import { describe, expect, it } from '@jest/globals';
import { buildSchema, type GraphQLEnumType } from 'graphql';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { durationText, endingOf, errorText, pathText } from '../../examples/web/src/phone/words.js';
import { CallError, type CallEndReason } from '../../src/client/index.js';
import { ROOT } from '../support/process.js';

// The directives of federation are none of ours to check.
const schema = buildSchema(readFileSync(join(ROOT, 'schema/schema.graphql'), 'utf8'), { assumeValidSDL: true });
const reasons = (schema.getType('CallEndReason') as GraphQLEnumType).getValues().map(({ name }) => name);

describe('the words of the page', () => {
  it('has words of its own for every reason that a call can end for', () => {
    expect(reasons).toContain('NO_ANSWER');
    const unknown = endingOf('SOMETHING_NEW' as CallEndReason, 'outgoing', 'bob');
    for (const reason of reasons as CallEndReason[]) {
      for (const direction of ['outgoing', 'incoming'] as const) {
        const { title, text } = endingOf(reason, direction, 'bob');
        expect([reason, title.length > 3, text.length > 10, text === unknown.text]).toEqual([
          reason,
          true,
          true,
          false,
        ]);
      }
    }
    expect(unknown.title).toBe('Call ended');
  });

  it('tells a caller that nobody answered, and a callee what was missed', () => {
    expect(endingOf('NO_ANSWER', 'outgoing', 'bob')).toEqual({
      title: 'No answer',
      text: 'It rang, but bob did not answer.',
    });
    expect(endingOf('NO_ANSWER', 'incoming', 'bob')).toEqual({ title: 'Missed call', text: 'bob tried to reach you.' });
  });

  it('says how long to wait when it was too much', () => {
    const limited = new CallError('CALL_RATE_LIMITED', '', { retryAfterMs: 41_500 });
    expect(errorText(limited)).toBe('Too many calls in a short time. Try again in 42 seconds.');
    expect(errorText(new CallError('SOMETHING_NEW', ''))).toBe('Something went wrong.');
  });

  it('says why microphone or camera cannot be used, and which of them', () => {
    const failed = (reason: string, audio: boolean, video: boolean): string =>
      errorText(new CallError('MEDIA_FAILED', '', { media: { reason, audio, video } }));
    expect(failed('NotFoundError', true, false)).toMatch(/^No microphone was found/);
    expect(failed('NotAllowedError', true, true)).toMatch(/^This page may not use your microphone or camera/);
    expect(failed('NotReadableError', false, true)).toMatch(/^Your camera is in use/);
    expect(errorText(new CallError('MEDIA_FAILED', ''))).toMatch(/^Your microphone cannot be used here/);
  });

  it('shows paths and durations as people read them', () => {
    const stats = { protocol: 'tcp', rttMs: 0.2, bytesSent: 1, bytesReceived: 1, packetsLost: 0 };
    expect(pathText({ ...stats, path: 'relay' })).toBe('Relayed (relay) · TCP · 1 ms');
    expect(pathText({ ...stats, path: 'srflx', rttMs: null })).toBe('Direct through NAT (srflx) · TCP');
    expect([0, 61_999, 600_000, 3_661_000].map(durationText)).toEqual(['0:00', '1:01', '10:00', '1:01:01']);
  });
});
