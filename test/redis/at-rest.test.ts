import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { device, startInput } from '../call/world.js';
import { outcomeOf } from '../identity/outcome.js';
import { CANARIES } from '../support/canaries.js';
import { startRedis } from '../support/redis.js';
import type { RedisServer } from '../support/redis.js';
import { contentsOf } from './contents.js';
import { ENCRYPTION_KEYS, NAME_KEY, PATIENT, pairTag, startNode } from './setup.js';
import type { Node } from './setup.js';

const ALICE = device('account-of-alice', 'phone');
const BOB = device('account-of-bob', 'phone');
const OFFER = `v=0\r\no=- 1 1 IN IP4 192.0.2.71\r\ns=${CANARIES.sdp}\r\n`;
const ANSWER = `v=0\r\no=- 1 1 IN IP6 2001:db8::71\r\ns=${CANARIES.sdp}\r\n`;
const LINE = `candidate:${CANARIES.candidate} 1 udp 1 198.51.100.71 50000 typ host`;

/** What nobody may find who gets hold of the server's memory or of its files. */
const HIDDEN: Readonly<Record<string, string>> = {
  'an SDP': CANARIES.sdp,
  'a candidate': CANARIES.candidate,
  'an address in an offer': '192.0.2.71',
  'an address in an answer': '2001:db8::71',
  'an address in a candidate': '198.51.100.71',
  'an attachment': 'attachment-of-alice',
  'a TURN password': CANARIES.turnPassword,
  'a TURN username': CANARIES.turnUsername,
  'the calling account': ALICE.accountId,
  'the called account': BOB.accountId,
  'a device': 'phone',
  'another device': 'laptop',
  'a client-made id': 'client-call-id',
  'an encryption key': ENCRYPTION_KEYS[0]?.key.toString('latin1') ?? '',
  'the name key': NAME_KEY.toString('latin1'),
};

/** @returns what is found of it, as it is and in the encodings that hide nothing */
function foundIn(bytes: Buffer): readonly string[] {
  return Object.entries(HIDDEN)
    .filter(([, text]) => {
      const raw = Buffer.from(text, 'latin1');
      return [raw.toString('latin1'), raw.toString('base64').slice(0, -4), raw.toString('hex')].some((form) =>
        bytes.includes(form, 0, 'latin1'),
      );
    })
    .map(([what]) => what);
}

/** Two calls of every kind of content, one going on and one ended, and all else that is kept of the two accounts. */
async function makeTraces(node: Node): Promise<void> {
  const { calls, presence, accountIndex, keyv } = node;
  const candidates = [{ candidate: LINE, sdpMid: '0', sdpMLineIndex: 0, usernameFragment: 'ufrag' }];
  for (const ends of [true, false]) {
    await presence.enter(ALICE, 'stream', await presence.nextEpoch());
    await presence.enter(BOB, 'stream', await presence.nextEpoch());
    const { call, offerId } = await calls.startCall(
      ALICE,
      startInput(BOB.accountId, { offerSdp: OFFER, attachment: 'attachment-of-alice', calleeDeviceId: 'phone' }),
    );
    const callId = call.id;
    await calls.sendIceCandidates(ALICE, { callId, clientSeq: 1, candidates, endOfCandidates: false });
    await calls.reportRinging(BOB, callId);
    await calls.answerCall(BOB, { callId, offerId, answerSdp: ANSWER });
    await calls.sendDescription(ALICE, { callId, clientSeq: 2, type: 'OFFER', sdp: OFFER, inReplyTo: null });
    if (ends) await calls.hangUpCall(ALICE, callId, 'HUNG_UP');
  }
  await node.callStore.beat();
  await accountIndex.takePlace(ALICE.accountId, 'call', 4);
  await keyv.set(`devices:${ALICE.accountId}`, { username: CANARIES.turnUsername, password: CANARIES.turnPassword });
}

describe('what is at rest in Redis', () => {
  let server: RedisServer;
  let node: Node;
  beforeEach(async () => {
    server = await startRedis({ appendOnly: true, args: ['--rdbcompression', 'no'] });
    node = startNode(server.url, PATIENT);
  });
  afterEach(async () => {
    await node.close();
    await server.stop();
  });

  it('shows no id, address, SDP, candidate or credential, in no key and no value', async () => {
    await makeTraces(node);
    const contents = await contentsOf(server);
    const kinds = new Set(contents.map(({ key }) => key.split(':')[1]));
    // All that is ever kept has to be among what is looked at.
    expect([...kinds].sort()).toEqual(
      'cache call claim devices due due-ids entries epoch heartbeat ids live pair permits places start'.split(' '),
    );
    expect(contents.flatMap(({ key }) => foundIn(Buffer.from(key)))).toEqual([]);
    expect(contents.flatMap(({ value }) => foundIn(value))).toEqual([]);
    // The way it is looked for finds what is there.
    await server.command('SET', 'plain', OFFER);
    const plain = (await contentsOf(server)).find(({ key }) => key === 'plain');
    expect(foundIn(plain?.value ?? Buffer.of())).toEqual(['an SDP', 'an address in an offer']);
  });

  it('shows none in the files that it writes either, before or after they are written anew', async () => {
    await makeTraces(node);
    const files = (): readonly Buffer[] =>
      readdirSync(server.directory, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => readFileSync(join(entry.parentPath, entry.name)));
    expect(files().some((file) => file.includes('voip:call:'))).toBe(true);
    expect(files().flatMap(foundIn)).toEqual([]);
    await server.command('SAVE');
    expect(files().some((file) => file.includes('REDIS'))).toBe(true);
    expect(files().flatMap(foundIn)).toEqual([]);
  });

  it('cannot be exchanged: what stands for one call is not taken for another', async () => {
    await makeTraces(node);
    const calls = (await contentsOf(server)).filter(({ key }) => key.startsWith('voip:call:'));
    const [one = '', other = ''] = calls.map(({ key }) => key);
    const read = (): Promise<string> =>
      outcomeOf(node.callStore.readPair(pairTag(ALICE.accountId, BOB.accountId), 'none'));
    expect(await read()).toBe('ok');
    await server.command('RENAME', one, 'kept');
    await server.command('COPY', other, one, 'REPLACE');
    await server.command('COPY', 'kept', other, 'REPLACE');
    expect(await read()).toBe('CALL_UNAVAILABLE');
    expect(node.failures.at(-1)).toEqual({ operation: 'pair', reason: 'undecipherable' });
  });

  it('cannot be put in another order: an entry of a log is taken only where it was said', async () => {
    await makeTraces(node);
    const [entry] = await node.accountIndex.live(ALICE.accountId);
    const read = (): Promise<string> => outcomeOf(node.callStore.log(entry?.callId ?? '', 0, 10));
    expect(await read()).toBe('ok');
    const logs = (await contentsOf(server)).map(({ key }) => key).filter((key) => key.startsWith('voip:entries:'));
    const move = "return redis.call('ZADD', KEYS[1], 1000, redis.call('ZRANGE', KEYS[1], 0, 0)[1])";
    for (const log of logs) await server.command('EVAL', move, '1', log);
    expect(await read()).toBe('CALL_UNAVAILABLE');
    expect(node.failures.at(-1)).toEqual({ operation: 'log', reason: 'undecipherable' });
  });

  it('stays readable while keys are exchanged one after the other', async () => {
    await makeTraces(node);
    const newKey = { id: 'k2', key: Buffer.alloc(32, 2) };
    const rotated = startNode(server.url, { ...PATIENT, encryptionKeys: [newKey, ...ENCRYPTION_KEYS] });
    const [{ id: callId } = { id: '' }] = await rotated.calls.openCalls(ALICE);
    // Not before: a node that has only the new key may come when one with both has sealed the proof anew.
    const retired = startNode(server.url, { ...PATIENT, encryptionKeys: [newKey] });
    expect(await outcomeOf(retired.calls.openCalls(ALICE))).toBe('CALL_UNAVAILABLE');
    expect(retired.failures.at(-1)).toMatchObject({ reason: 'undecipherable' });
    await rotated.calls.reportConnection(ALICE, callId, 'CONNECTED');
    await expect(retired.calls.call(ALICE, callId)).resolves.toMatchObject({ state: 'ACTIVE' });
    await Promise.all([rotated.close(), retired.close()]);
  });
});
