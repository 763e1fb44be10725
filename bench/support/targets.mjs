// The ratios of medians that are asked for, with what earlier versions had in the same run of the same bench.
const MORE = (value, bound) => value >= bound;
const LESS = (value, bound) => value <= bound;

/** Name in the reports; words; on c406053 (issue 12) and on 2026-11-27; must; aim; how it compares. */
export const TARGETS = [
  ['candidatesToBare', 'candidates/s, one a mutation, to bare ws', 0.07, 0.14, 0.3, 0.5, MORE],
  ['candidatesToSocketIo', 'the same, to socket.io acknowledged', 0.12, 0.22, 0.6, 1, MORE],
  ['callsToPeerJs', 'whole calls/s to PeerJS, candidates gathered', 0.08, null, 0.7, 1.5, MORE],
  ['latencyToBare', 'median time of one candidate, to bare', 3.2, 5.2, 1.7, 1.3, LESS],
  ['relayToBare', 'callRelay to bare that checks each time', 0.52, 0.56, 1, 1.5, MORE],
  ['relayToMercurius', 'callRelay to Mercurius', 0.75, 0.86, 1.5, 2, MORE],
  ['callsOnRedisToMemory', '2 nodes on Redis to memory, whole calls a CPU second', 0.27, 0.19, 0.5, 0.7, MORE],
  ['commandsACandidate', 'Redis commands a candidate across nodes', 9, 3, 3, 2, LESS],
  ['waitingMicrosRedis', 'waiting device on Redis: server CPU µs/s', 174, 45, 10, 3, LESS],
  ['waitingCommandsRedis', 'waiting device on Redis: commands/s', 1.2, 0.017, 0.02, 0, LESS],
  ['waitingKibRedis', 'waiting device on Redis: KiB', 110, 27, 32, 20, LESS],
  ['waitingMicrosMemory', 'waiting device in memory: server CPU µs/s', 28, null, 5, 2, LESS],
  ['waitingKibMemory', 'waiting device in memory: KiB', 21, null, 16, 12, LESS],
  ['devicesAtOnce', 'devices on one process, all connecting at once', null, null, 15_000, 50_000, MORE],
  ['refusedAtOnce', 'of them refused, closed or not let in', null, null, 0, 0, LESS],
  ['growthCalls', 'growth: calls a CPU second with the most calls kept', null, null, 0.9, 1, MORE],
  ['growthLatency', 'growth: time of a candidate with the most calls kept', null, null, 0.9, 1, MORE],
  ['growthDevices', 'growth: calls a CPU second with 100 devices an account', null, null, 0.9, 1, MORE],
  ['stormSeconds', 'a node dies: all are back after s', null, null, 10, 10, LESS],
  ['stormLost', 'events lost or doubled, streams begun anew', null, null, 0, 0, LESS],
  ['stormP99', "p99 ms of the other node's calls meanwhile", null, null, 250, 250, LESS],
];

/** @returns 'missed', 'must' or 'aim': what a value has reached; '-' when it was not measured */
export function reached(value, must, aim, isGood) {
  if (value === undefined) return '-';
  if (!isGood(value, must)) return '**missed**';
  return isGood(value, aim) ? 'aim' : 'must';
}
