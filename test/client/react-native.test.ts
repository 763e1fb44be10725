/** The client on what react-native-webrtc has of WebRTC, and without what a page has: whole calls with a phone of the other kind. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { ROOT, startProcess, type RunningProcess } from '../support/process.js';
import { reached, until, type Phone } from './phone.js';
import { online, startPhoneWorld, type PhoneWorld } from './world.js';

const APP = join(ROOT, 'test/client/react-native/app.mjs');
/** Lines that say that something went wrong, or that the call ended. */
const FAULTS = /^(error|.*Error).*$/m;

let phones: PhoneWorld;
let people = 0;
let app: RunningProcess;
let other: Phone;
let [a, b] = ['', ''];
beforeAll(async () => {
  // Credentials that should be renewed within seconds.
  phones = await startPhoneWorld(6);
});
beforeEach(async () => {
  people += 1;
  [a, b] = [`native${people}`, `web${people}`];
  const token = await phones.world.token(`${a}/phone`);
  app = startProcess(process.execPath, { args: [APP, phones.world.origin, token], input: true });
  other = phones.phone(`${b}/phone`);
  await Promise.all([app.printed(/^client online/m), online(other)]);
});
afterAll(() => phones.close());

/** Credentials are renewed, the path is looked for anew, and the picture comes and goes: the call lives on. */
async function goesOn(): Promise<void> {
  const [, before = '1'] = /.*^generations (\d+)/ms.exec(app.output()) ?? [];
  await app.printed(/^configured [2-9]\d* relay/m);
  app.write('restart');
  await app.printed(new RegExp(`^generations ${Number(before) + 1}`, 'm'));
  await until(other.client.calls, ([call]) => call?.connection.value === 'connected');
}

describe('an app on React Native', () => {
  it('calls, is heard, renews its credentials, restarts ICE, shows a picture, and hangs up', async () => {
    app.write(`start ${b}`);
    const call = await other.ringing();
    expect(await call.answer()).toMatchObject({ ok: true });
    await app.printed(/^state ACTIVE/m);
    await reached(call, 'ACTIVE');
    await goesOn();
    app.write('camera on');
    await until(call.remoteVideo, (on) => on);
    await app.printed(/^done camera ok/m);
    expect(await call.setCamera(true)).toMatchObject({ ok: true });
    await app.printed(/^picture true/m);
    app.write('hangUp');
    await app.printed(/^done hangUp ok/m);
    await reached(call, 'ENDED');
    expect(call.endReason.value).toBe('COMPLETED');
    expect(FAULTS.exec(app.output())).toBeNull();
    await app.stop();
  });

  it('is called, answers, and hears that the other side hung up', async () => {
    const call = other.client.start(a, { media: 'VIDEO' });
    await app.printed(new RegExp(`^call ${b}`, 'm'));
    app.write('answer');
    await reached(call, 'ACTIVE');
    await app.printed(/^picture true/m);
    await goesOn();
    await call.hangUp();
    await app.printed(/^state ENDED COMPLETED/m);
    expect(FAULTS.exec(app.output())).toBeNull();
    await app.stop();
  });
});
