/** What is negotiated in a call that goes on: another path, a picture, silence. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Call } from '../../src/client/index.js';
import { eventually } from '../support/process.js';
import { reached, talk, type Line, type Phone } from './phone.js';
import { startPhoneWorld, talking, type PhoneWorld } from './world.js';

let phones: PhoneWorld;
beforeAll(async () => {
  // Credentials that should be refreshed within seconds, so that a restart has others than the call began with.
  phones = await startPhoneWorld(4);
});
afterAll(() => phones.close());

interface Talk {
  readonly caller: Phone;
  readonly callee: Phone;
  readonly ours: Call;
  readonly theirs: Call;
}

let people = 0;
async function inCall(): Promise<Talk> {
  people += 1;
  const [caller, callee] = [phones.phone(`a${people}/phone`), phones.phone(`b${people}/phone`)];
  const [ours, theirs] = await talking(caller, callee, `b${people}`);
  return { caller, callee, ours, theirs };
}

const fragmentOf = ({ peer }: Line): string => /a=ice-ufrag:(\S+)/.exec(peer.localDescription!.sdp)![1]!;
const usernameOf = ({ peer }: Line): string | undefined => peer.getConfiguration().iceServers?.[0]?.username;

/** The exchange is over, and both sides have the same of it. */
async function settled({ caller, callee }: Talk): Promise<void> {
  await eventually(() =>
    [caller, callee].every(
      ({ line }) => line.peer.signalingState === 'stable' && line.peer.connectionState === 'connected',
    ),
  );
}

describe('an ICE restart', () => {
  it.each(['caller', 'callee'] as const)('of the %s leads over new credentials, and the call goes on', async (side) => {
    const made = await inCall();
    const { caller, callee, ours, theirs } = made;
    const line = made[side].line;
    const before = { fragment: fragmentOf(line), username: usernameOf(line) };
    expect(before.username).toBeDefined();
    // A name has the second in it at which its password expires.
    await eventually(async () => {
      (side === 'caller' ? ours : theirs).restartIce();
      await eventually(() => fragmentOf(line) !== before.fragment);
      return usernameOf(line) !== before.username;
    });
    await settled(made);
    await talk(caller.line, callee.line);
    expect([caller.lines, callee.lines].map(({ length }) => length)).toEqual([1, 1]);
    await ours.hangUp();
  });

  it('of both sides at the same moment ends in one exchange, and the call goes on', async () => {
    const made = await inCall();
    const { caller, callee, ours, theirs } = made;
    const before = [caller, callee].map(({ line }) => fragmentOf(line));
    ours.restartIce();
    theirs.restartIce();
    await eventually(() => [caller, callee].every(({ line }, at) => fragmentOf(line) !== before[at]));
    await settled(made);
    await talk(caller.line, callee.line);
    expect([ours.error.value, theirs.error.value]).toEqual([null, null]);
    await theirs.hangUp();
  });
});

describe('a path that is lost', () => {
  it('is told to both sides, and found again by itself', async () => {
    const made = await inCall();
    const { caller, callee, ours, theirs } = made;
    const states: string[] = [];
    ours.state.subscribe((state) => states.push(state));
    await phones.restartRelay();
    await reached(ours, 'RECONNECTING', 30_000);
    await Promise.all([reached(ours, 'ACTIVE', 30_000), reached(theirs, 'ACTIVE', 30_000)]);
    await settled(made);
    await talk(caller.line, callee.line);
    expect(states).toEqual(['RECONNECTING', 'ACTIVE']);
    await ours.hangUp();
  }, 60_000);
});

describe('a picture', () => {
  const sendsVideo = ({ peer }: Line): boolean =>
    peer
      .getTransceivers()
      .some(({ sender, currentDirection }) => sender.track?.kind === 'video' && currentDirection === 'sendrecv');

  it.each([1, 2, 3])('of both sides is added to a voice call at the same moment (round %i)', async () => {
    const made = await inCall();
    const { caller, callee, ours, theirs } = made;
    expect(await Promise.all([ours.setCamera(true), theirs.setCamera(true)])).toMatchObject([
      { ok: true },
      { ok: true },
    ]);
    await eventually(() => [caller, callee].every(({ line }) => sendsVideo(line)), 20_000);
    await settled(made);
    for (const call of [ours, theirs]) {
      expect(call.camera.value).toBe(true);
      expect(call.remoteStream.value!.getVideoTracks()).toHaveLength(1);
      expect(call.error.value).toBeNull();
    }
    await talk(caller.line, callee.line);
    await ours.hangUp();
  });

  it('that is switched off and on again uses the same place in the descriptions', async () => {
    const made = await inCall();
    const { caller, ours } = made;
    await ours.setCamera(true);
    await eventually(() => made.callee.line.peer.getTransceivers().length === 2);
    await settled(made);
    await ours.setCamera(false);
    expect([ours.camera.value, ours.localStream.value!.getVideoTracks()]).toEqual([false, []]);
    await eventually(() => !caller.line.peer.getTransceivers()[1]!.currentDirection!.includes('send'));
    await ours.setCamera(true);
    await eventually(() => caller.line.peer.getTransceivers()[1]!.currentDirection!.includes('send'));
    expect(caller.line.peer.getTransceivers()).toHaveLength(2);
    await settled(made);
    await talk(caller.line, made.callee.line);
    await ours.hangUp();
  });
});

describe('a user who mutes the microphone', () => {
  it('is not heard, and is again', async () => {
    const { ours } = await inCall();
    const enabled = (): boolean[] => ours.localStream.value!.getAudioTracks().map((track) => track.enabled);
    ours.mute(true);
    expect([ours.muted.value, enabled()]).toEqual([true, [false]]);
    ours.mute(false);
    expect([ours.muted.value, enabled()]).toEqual([false, [true]]);
    await ours.hangUp();
  });
});
