import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CallError } from '../../src/client/errors.js';
import { Scope } from '../../src/client/scope.js';
import { Signals, type Signal } from '../../src/client/signals.js';

/** What the service does with each signal that comes, in turn; it takes those after the last. */
type Reaction = 'takes' | CallError;

let scope: Scope;
/** What was sent, refused or not: the number, and what stands for the signal. */
let sent: [number, string][];
beforeEach(() => {
  scope = new Scope();
  sent = [];
});
afterEach(() => scope.close());

function signalsTo(...reactions: Reaction[]): Signals {
  return new Signals((_callId, clientSeq, signal) => {
    sent.push([clientSeq, textOf(signal)]);
    const reaction = reactions.shift() ?? 'takes';
    return reaction === 'takes' ? Promise.resolve({ clientSeq }) : Promise.reject(reaction);
  }, scope.signal);
}

const refused = (code: string, expectedClientSeq?: number): CallError =>
  new CallError(code, '', expectedClientSeq === undefined ? {} : { expectedClientSeq });
const offer = (sdp: string): Signal => ({ type: 'OFFER', sdp, inReplyTo: null });
const candidate = (text: string): Signal => ({ candidates: [{ candidate: text }], endOfCandidates: false });
const END: Signal = { candidates: [], endOfCandidates: true };
const textOf = (signal: Signal): string =>
  'type' in signal
    ? signal.sdp
    : [...signal.candidates.map((each) => each.candidate), ...(signal.endOfCandidates ? ['end'] : [])].join(' ');

describe('the signals of a call', () => {
  it('wait until the call has a name, and are numbered from where the service is', async () => {
    const signals = signalsTo();
    const pushed = [signals.push(offer('a')), signals.push(offer('b'))];
    await Promise.resolve();
    expect(sent).toEqual([]);
    signals.bind('call', 4);
    expect(await Promise.all(pushed)).toEqual([{ clientSeq: 4 }, { clientSeq: 5 }]);
    expect(sent).toEqual([
      [4, 'a'],
      [5, 'b'],
    ]);
  });

  it('carry candidates that are found together as one, in order, at most 50', async () => {
    const signals = signalsTo();
    signals.bind('call', 1);
    const texts = Array.from({ length: 60 }, (_, n) => `c${n}`);
    const pushed = texts.map((text) => signals.push(candidate(text)));
    pushed.push(signals.push(END));
    await Promise.all(pushed);
    expect(sent).toEqual([
      [1, texts.slice(0, 50).join(' ')],
      [2, `${texts.slice(50).join(' ')} end`],
    ]);
  });

  it('keep candidates between the descriptions where they were found', async () => {
    const signals = signalsTo();
    signals.bind('call', 1);
    const all = [candidate('c1'), offer('a'), candidate('c2'), END, candidate('c3'), offer('b')];
    await Promise.all(all.map((signal) => signals.push(signal)));
    expect(sent.map(([, text]) => text)).toEqual(['c1', 'a', 'c2 end', 'c3', 'b']);
  });

  it('are sent again from where the service says that one is missing', async () => {
    const signals = signalsTo('takes', 'takes', refused('CALL_SIGNAL_GAP', 2));
    signals.bind('call', 1);
    for (const text of ['a', 'b', 'c']) await signals.push(offer(text));
    expect(sent).toEqual([
      [1, 'a'],
      [2, 'b'],
      [3, 'c'],
      [2, 'b'],
      [3, 'c'],
    ]);
  });

  it('take the next number where theirs was used for something else', async () => {
    const signals = signalsTo(refused('CALL_SIGNAL_CONFLICT', 7));
    signals.bind('call', 1);
    expect(await signals.push(offer('a'))).toEqual({ clientSeq: 7 });
    expect(await signals.push(offer('b'))).toEqual({ clientSeq: 8 });
  });

  it('are given up where the service asks for other numbers without end', async () => {
    const signals = signalsTo(...Array.from({ length: 4 }, () => refused('CALL_SIGNAL_GAP', 1)));
    signals.bind('call', 1);
    await expect(signals.push(offer('a'))).rejects.toMatchObject({ code: 'CALL_SIGNAL_GAP' });
  });

  it('lose their number when they are stale, and keep it for the next when they are refused', async () => {
    const signals = signalsTo(refused('CALL_SIGNAL_STALE'), refused('CALL_INPUT_INVALID'));
    signals.bind('call', 1);
    await expect(signals.push(offer('a'))).rejects.toMatchObject({ code: 'CALL_SIGNAL_STALE' });
    await expect(signals.push(offer('b'))).rejects.toMatchObject({ code: 'CALL_INPUT_INVALID' });
    await signals.push(offer('c'));
    expect(sent).toEqual([
      [1, 'a'],
      [2, 'b'],
      [2, 'c'],
    ]);
  });

  it('end with the call: what was not sent is not', async () => {
    const signals = signalsTo();
    signals.bind('call', 1);
    const pushed = signals.push(candidate('c1'));
    scope.close();
    await expect(pushed).rejects.toMatchObject({ code: 'NOT_CONNECTED' });
    expect(sent).toEqual([]);
  });
});
