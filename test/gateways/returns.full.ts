/** What lies behind Hive Gateway goes away and comes back: schemas, sessions, subgraphs. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { HangUpCallDocument, ReportRingingDocument, StartCallDocument } from '../../src/client/generated/documents.js';
import { sdp } from '../support/device.js';
import { eventually } from '../support/process.js';
import { App } from './app.js';
import { START_MS, startGraphWorld, type Answer, type GraphWorld, type Program } from './graph-world.js';

const BACK_MS = 60_000;
const TEST_MS = 90_000;

describe('behind a gateway', () => {
  let world: GraphWorld;
  const apps: App[] = [];
  const app = (name: string, token = () => world.token(name)): App => {
    const made = new App(world.urls['Hive Gateway'].replace('/graphql', ''), token);
    apps.push(made);
    return made;
  };
  const start = async (caller: App, calleeAccountId: string): Promise<string> => {
    const input = { clientCallId: crypto.randomUUID(), calleeAccountId, media: 'AUDIO' as const, offerSdp: sdp('x') };
    return (await caller.run(StartCallDocument, { input })).startCall.call.id;
  };
  /** Waits for a subscription after those there were. */
  const back = async (each: App, before: number): Promise<boolean> => {
    await eventually(() => each.all('StreamReady').length > before, BACK_MS);
    return each.all('StreamReady').at(-1)!.resumed;
  };

  /** What is answered while a program is down; asked again where it was back too soon. */
  const whileDown = async (program: Program, ask: () => Promise<Answer>): Promise<Answer> => {
    for (;;) {
      const restarted = world.kill(program);
      const answer = await ask();
      await restarted;
      if (answer.errors) return answer;
    }
  };

  beforeAll(async () => {
    world = await startGraphWorld();
  }, START_MS);
  afterAll(async () => {
    await Promise.all(apps.map((each) => each.close()));
    await world.close();
  }, 60_000);

  it(
    'streams go on after a new supergraph is served',
    async () => {
      const [caller, callee] = [app('a1/phone'), app('b1/phone')];
      await Promise.all([caller.first('StreamReady'), callee.first('StreamReady')]);
      const callId = await start(caller, 'b1');
      await callee.first('CallInvited');

      const sdl = readFileSync(world.supergraphFile, 'utf8');
      writeFileSync(world.supergraphFile, sdl.replace('"""Who started it."""', '"""Who began it."""'));
      // Whatever the moment at which the streams end, this is told once.
      await callee.run(ReportRingingDocument, { callId });
      expect(await Promise.all([back(caller, 1), back(callee, 1)])).toEqual([true, true]);
      await caller.run(HangUpCallDocument, { input: { callId } });
      await Promise.all(
        [caller, callee].map((each) => each.first('CallStateChanged', ({ state }) => state === 'ENDED')),
      );
      for (const each of [caller, callee]) {
        expect(each.all('CallStateChanged').map(({ state }) => state)).toEqual(['RINGING', 'ENDED']);
      }
      expect(callee.all('CallInvited')).toHaveLength(1);
    },
    TEST_MS,
  );

  it(
    'a device whose session expires comes back with a new token',
    async () => {
      let tokens = 0;
      const exp = Math.floor(Date.now() / 1_000) + 6;
      const callee = app('b2/phone', () => world.token('b2/phone', (tokens += 1) === 1 ? { exp } : {}));
      await callee.first('StreamReady');
      await callee.first('StreamClosed', ({ reason }) => reason === 'SESSION_EXPIRED');
      expect(await back(callee, 1)).toBe(true);
      const callId = await start(app('a2/phone'), 'b2');
      expect((await callee.first('CallInvited')).call.id).toBe(callId);
    },
    TEST_MS,
  );

  it(
    'a call is whole while its accounts cannot be asked for',
    async () => {
      const caller = app('alice/phone');
      await start(caller, 'bob');
      for (const gateway of ['Hive Gateway', 'Apollo Gateway'] as const) {
        const query = '{ openCalls { state callee { account { id displayName } } } }';
        const ask = () => world.ask(world.urls[gateway], 'alice/phone', query);
        const { data, errors } = await whileDown('Accounts', ask);
        expect(data).toEqual({
          openCalls: [{ state: 'INITIATED', callee: { account: { id: 'bob', displayName: null } } }],
        });
        expect(errors?.[0]).toMatchObject(UNAVAILABLE);
      }
    },
    TEST_MS,
  );

  it(
    'clients are told to try again while calls cannot be asked for, and nothing of addresses',
    async () => {
      const listening = app('c/phone');
      await listening.first('StreamReady');
      for (const gateway of ['Hive Gateway', 'Apollo Gateway'] as const) {
        const ask = () => world.ask(world.urls[gateway], 'c/phone', '{ openCalls { id } }');
        expect((await whileDown('Calls', ask)).errors).toMatchObject([UNAVAILABLE]);
      }
      // Calls that were kept in memory are gone, and the stream says so.
      expect(await back(listening, 1)).toBe(false);
    },
    TEST_MS,
  );
});

const UNAVAILABLE = {
  message: 'The service is temporarily unavailable. Please try again.',
  extensions: { code: 'CALL_UNAVAILABLE', status: 503, retryable: true },
};
