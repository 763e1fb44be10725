/** How the media of a call goes. */
export interface CallStats {
  /** How the two sides reach each other: directly, directly through a NAT, or by a relay of either side. */
  readonly path: 'host' | 'srflx' | 'relay';
  /** `udp` or `tcp`, between the two sides or to the relay. */
  readonly protocol: string;
  /** Milliseconds to the other side and back; null until it was measured. */
  readonly rttMs: number | null;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** Audio and video packets of the other side's that did not arrive. */
  readonly packetsLost: number;
}

type Entry = { readonly type: string } & { readonly [name: string]: unknown };

/** @returns null while no path is in use */
export async function statsOf(peer: RTCPeerConnection): Promise<CallStats | null> {
  const report = (await peer.getStats()) as unknown as ReadonlyMap<string, Entry>;
  const entries = [...report.values()];
  const selected = entries.find(({ type, selectedCandidatePairId }) => type === 'transport' && selectedCandidatePairId);
  const pair =
    report.get(String(selected?.['selectedCandidatePairId'])) ??
    entries.find(({ type, nominated, state }) => type === 'candidate-pair' && nominated && state === 'succeeded');
  if (!pair) return null;
  const [local, remote] = [pair['localCandidateId'], pair['remoteCandidateId']].map((id) => report.get(String(id)));
  const kinds = [local?.['candidateType'], remote?.['candidateType']];
  const rtt = pair['currentRoundTripTime'];
  const lost = entries.map(({ type, packetsLost }) => (type === 'inbound-rtp' ? Number(packetsLost ?? 0) : 0));
  return {
    path: kinds.includes('relay') ? 'relay' : kinds.every((kind) => kind === 'host') ? 'host' : 'srflx',
    protocol: String(local?.['relayProtocol'] ?? local?.['protocol'] ?? ''),
    rttMs: typeof rtt === 'number' ? rtt * 1_000 : null,
    bytesSent: Number(pair['bytesSent'] ?? 0),
    bytesReceived: Number(pair['bytesReceived'] ?? 0),
    packetsLost: lost.reduce((sum, count) => sum + count, 0),
  };
}
