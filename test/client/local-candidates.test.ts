/** Which of a machine's many candidates are sent, as far as the service takes them. */
import { describe, expect, it } from '@jest/globals';
import { LocalCandidates } from '../../src/client/local-candidates.js';
import { LIMITS } from '../../src/limits.js';

interface Found {
  readonly line: string;
  readonly mid: string;
}

/** What a browser finds, in its order: per media section the interfaces, then NATs, then relays. */
function found(interfaces: number, relays: number, mids: readonly string[]): Found[] {
  let port = 40_000;
  const line = (transport: string, address: string, at: number, rest: string): string =>
    `candidate:1 1 ${transport} 1 ${address} ${at} typ ${rest} generation 0 ufrag abcd network-id 1`;
  const hosts = mids.flatMap((mid) =>
    Array.from({ length: interfaces }, (_, n) => [
      { mid, line: line('udp', `10.0.${n}.2`, (port += 1), 'host') },
      { mid, line: line('tcp', `10.0.${n}.2`, 9, 'host tcptype active') },
      { mid, line: line('udp', '192.0.2.1', (port += 1), `srflx raddr 10.0.${n}.2 rport ${port}`) },
    ]).flat(),
  );
  const relayed = mids.flatMap((mid) =>
    Array.from({ length: relays / mids.length }, () => ({
      mid,
      line: line('udp', '198.51.100.1', (port += 1), `relay raddr 192.0.2.1 rport ${port}`),
    })),
  );
  return [...hosts, ...relayed];
}

function gather(candidates: readonly Found[]) {
  const sent: { line: string; ended: boolean }[] = [];
  const warnings: string[] = [];
  const local = new LocalCandidates(
    (each, endOfCandidates) => {
      for (const { candidate } of each) sent.push({ line: candidate, ended: sent.some(({ ended }) => ended) });
      if (endOfCandidates) sent.push({ line: 'end', ended: true });
    },
    ({ code, message }) => warnings.push(`${code}: ${message}`),
  );
  const say = (lines: readonly Found[], fragment = 'abcd'): void => {
    const description = { type: 'offer', sdp: `v=0\r\na=ice-ufrag:${fragment}\r\n` } as RTCSessionDescription;
    for (const { line, mid } of lines)
      local.found({ candidate: line, sdpMid: mid, sdpMLineIndex: 0 } as RTCIceCandidate, description);
    local.found(null, description);
  };
  say(candidates);
  const lines = sent.map(({ line }) => line);
  return { lines, warnings, say, sent, of: (kind: string) => lines.filter((line) => line.includes(kind)).length };
}

const RELAYED = ' typ relay ';

describe('with six TURN URLs', () => {
  it('216 candidates of 20 interfaces: all relays arrive, and the end', () => {
    const candidates = found(20, 96, ['0', '1']);
    expect(candidates).toHaveLength(216);
    const { lines, warnings, of } = gather(candidates);
    expect(lines.at(-1)).toBe('end');
    expect(lines.length - 1).toBe(LIMITS.candidatesPerDescription);
    expect(of(RELAYED)).toBe(96);
    expect(warnings).toEqual([expect.stringMatching(/^CANDIDATES_LEFT_OUT: 16 ICE candidates were left out/)]);
  });

  it('324 candidates of 40 interfaces: all relays arrive, and the end; those of TCP are left out first', () => {
    const { lines, of } = gather(found(40, 84, ['0', '1']));
    expect([lines.length - 1, of(RELAYED), lines.at(-1)]).toEqual([LIMITS.candidatesPerDescription, 84, 'end']);
    // Those over their share get the room that is left: NATs before interfaces, and TCP last.
    expect([of(' typ srflx '), of(' udp 1 10.'), of(' tcp ')]).toEqual([54, 42, 20]);
  });

  it('480 relays of 40 interfaces: as many as the service takes', () => {
    const { lines, of } = gather(found(40, 480, ['0', '1']));
    expect([lines.length - 1, of(RELAYED)]).toEqual([LIMITS.candidatesPerDescription, 108]);
  });
});

describe('a machine with few interfaces', () => {
  it('sends each at once, in order, and says nothing', () => {
    const candidates = found(3, 12, ['0', '1']);
    const { lines, warnings } = gather(candidates);
    expect(lines).toEqual([...candidates.map(({ line }) => line), 'end']);
    expect(warnings).toEqual([]);
  });

  it('sends the same address once', () => {
    const [first, ...others] = found(1, 2, ['0']);
    const { lines } = gather([
      first!,
      { ...first!, line: first!.line.replace('candidate:1', 'candidate:2') },
      ...others,
    ]);
    expect(lines).toHaveLength(1 + others.length + 1);
  });
});

it('each description begins anew, and what was left out is said once', () => {
  const { sent, say, warnings } = gather(found(40, 84, ['0', '1']));
  sent.length = 0;
  say(found(40, 84, ['0', '1']), 'efgh');
  expect(sent).toHaveLength(LIMITS.candidatesPerDescription + 1);
  expect(warnings).toHaveLength(1);
});

it('names the generation of a candidate whose peer connection does not tell it (React Native)', () => {
  const sent: unknown[] = [];
  const local = new LocalCandidates(
    (each) => sent.push(...each),
    () => {},
  );
  const [{ line }] = found(1, 2, ['0']) as [Found];
  local.found({ candidate: line, sdpMid: '0', sdpMLineIndex: 0 } as RTCIceCandidate, null);
  expect(sent).toEqual([{ candidate: line, sdpMid: '0', sdpMLineIndex: 0, usernameFragment: 'abcd' }]);
});
