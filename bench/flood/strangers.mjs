// A flood by clients that do not say who they are, or lie about it: what is said to cost a GraphQL server most.
import { generateKeyPair } from 'jose';
import { tokenOf } from '../support/login.mjs';
import { openSocket, post } from './wire.mjs';

const times = (n) => Array.from({ length: n }, (_, i) => i);
const json = (query, variables) => JSON.stringify({ query, variables });
const START = 'mutation ($input: StartCallInput!) { startCall(input: $input) { outcome } }';

/** One field so often that every pair of them would be compared: 3 KB. */
const OVERLAPPING = json(`{openCalls{${'id '.repeat(1_000)}}}`);
/** As many of them as a document without a session may have. */
const WITHIN = (n) => json(`{openCalls{${'id '.repeat(40)}}recentCalls{${'state '.repeat(20)}}} #${n}`);
const UNKNOWN_KEYS = json(START, { input: Object.fromEntries(times(30_000).map((i) => [i.toString(36), i % 2])) });
const SHORTER = json(START, { input: Object.fromEntries(times(1_000).map((i) => [i.toString(36), i % 2])) });
const SILENT_MS = 2_000;

/** @param addresses of the clients, each with limits of its own */
export async function strangersFlood(port, addresses) {
  const { privateKey } = await generateKeyPair('ES256');
  const token = await tokenOf('alice', privateKey);
  let sent = 0;
  const from = () => ({ address: addresses[(sent += 1) % addresses.length] });
  const silent = async () => {
    const socket = await openSocket(port, from().address);
    if (socket) setTimeout(() => socket.terminate(), SILENT_MS);
  };
  return [
    () => post(port, OVERLAPPING, from()),
    () => post(port, UNKNOWN_KEYS, from()),
    () => post(port, WITHIN(sent), from()),
    () => post(port, UNKNOWN_KEYS, { ...from(), token }),
    () => post(port, SHORTER, from()),
    () => post(port, WITHIN(sent), { ...from(), token }),
    silent,
  ];
}
