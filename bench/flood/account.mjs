// A flood by one account: four devices of it, over sockets and HTTP, each operation as costly as the limits let it be.
import { randomUUID } from 'node:crypto';
import { sdpOf, unique } from '../devices/pairs.mjs';
import { tokenOf } from '../support/login.mjs';
import { openDevice, post } from './wire.mjs';

const [DEVICES, CALLS_BEFORE] = [4, 24];
const times = (n) => Array.from({ length: n }, (_, i) => i);
const json = (query, variables) => JSON.stringify({ query, variables });

const PARTY = '{ account { id } device { id name } }';
const CALL = `id state media viewerRole endReason createdAt ringingAt answeredAt connectedAt endedAt remainingMs caller ${PARTY} callee ${PARTY}`;
/** As an attacker writes it first, which is refused for what it would read, and as much as is let through. */
const RECENT = [50, 13].map((first) =>
  json(
    `{ ${times(15)
      .map((i) => `c${i}: recentCalls(first: ${first}) { ${CALL} }`)
      .join(' ')} }`,
  ),
);
const START = 'mutation ($input: StartCallInput!) { startCall(input: $input) { offerId call { id } } }';
const unknownKeys = (n) => json(START, { input: Object.fromEntries(times(n).map((i) => [i.toString(36), i % 2])) });
/** More values than a message may have, and as many as one may. */
const [UNKNOWN_KEYS, FEWER_KEYS] = [unknownKeys(30_000), unknownKeys(1_000)];
const AS_LONG = json(START, { input: { offerSdp: `v=0${'x'.repeat(240_000)}` } });
const RELAY = json('{ callRelay { turnUrls turnUsername turnPassword iceServers { urls } } }');
const STREAM = json('subscription { callEvents { __typename cursor } }');
const HANG_UP = 'mutation ($input: HangUpCallInput!) { hangUpCall(input: $input) { id } }';
const DESCRIBE = 'mutation ($input: SendDescriptionInput!) { sendDescription(input: $input) { clientSeq } }';
const CANDIDATES = 'mutation ($input: SendIceCandidatesInput!) { sendIceCandidates(input: $input) { clientSeq } }';
const LONG_SDP = `v=0\r\n${'a=rtpmap:96 VP8/90000\r\n'.repeat(2_600)}`;
const LONGEST = times(50).map((i) => ({
  candidate: `candidate:${i} 1 udp 2122260223 192.0.2.7 50000 typ host ${'x'.repeat(1_950)}`,
  sdpMid: '0',
  sdpMLineIndex: 0,
  usernameFragment: 'c2a1',
}));

/** @returns operations, each of which sends one and settles when it is over */
export async function accountFlood(port, login) {
  const name = 'flooder';
  const tokens = await Promise.all(times(DEVICES).map((i) => tokenOf(name, login, `device-${i}`)));
  const devices = await Promise.all(tokens.map((token) => openDevice(port, token)));
  const [device] = devices;
  await rememberCalls(device);
  const call = await answeredCall(port, login, device);
  let [sent, turn] = [0, 0];
  const nextDevice = () => devices[(turn += 1) % DEVICES];
  const nextToken = () => tokens[(turn += 1) % DEVICES];
  const input = (more) => ({ input: { callId: call, clientSeq: (sent += 1), ...more } });

  return [
    () => nextDevice().run(RECENT[0]),
    () => post(port, RECENT[1], { token: nextToken() }),
    () => nextDevice().run(RECENT[1]),
    () => post(port, UNKNOWN_KEYS, { token: nextToken() }),
    () => nextDevice().run(FEWER_KEYS),
    () => nextDevice().run(AS_LONG),
    // A new description each time: the candidates of the one before are dropped, and there is room for more.
    () => device.run(json(DESCRIBE, input({ type: 'OFFER', sdp: LONG_SDP + sdpOf(unique()) }))),
    ...times(4).map(() => () => device.run(json(CANDIDATES, input({ candidates: LONGEST, endOfCandidates: false })))),
    async () => {
      const from = nextDevice();
      await from.run(STREAM);
      from.leave();
    },
    () => post(port, RELAY, { token: nextToken() }),
  ];
}

/** Calls that ended, for `recentCalls` to read. */
async function rememberCalls(device) {
  for (const i of times(CALLS_BEFORE)) {
    const { data } = await device.run(json(START, startOf(`callee-${i}`)));
    await device.run(json(HANG_UP, { input: { callId: data.startCall.call.id } }));
  }
}

/** A call that another account has answered, and stays in. */
async function answeredCall(port, login, caller) {
  const callee = await openDevice(port, await tokenOf('friend', login));
  await callee.run(STREAM);
  const { data } = await caller.run(json(START, startOf('friend')));
  const { offerId, call } = data.startCall;
  const answer = 'mutation ($input: AnswerCallInput!) { answerCall(input: $input) { id } }';
  const answered = await callee.run(json(answer, { input: { callId: call.id, offerId, answerSdp: sdpOf(unique()) } }));
  const report = 'mutation ($input: ReportConnectionInput!) { reportConnection(input: $input) { state } }';
  await caller.run(json(report, { input: { callId: call.id, connection: 'CONNECTED' } }));
  if (!answered.data?.answerCall) throw new Error(`no call to flood: ${JSON.stringify(answered)}`);
  return call.id;
}

function startOf(calleeAccountId) {
  return { input: { clientCallId: randomUUID(), calleeAccountId, media: 'VIDEO', offerSdp: sdpOf(unique()) } };
}
