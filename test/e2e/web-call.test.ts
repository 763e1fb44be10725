/** People call each other through the page: with its buttons, with the keyboard, and when something goes wrong. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Page } from 'playwright-core';
import { longIt } from '../support/full.js';
import { eventually } from '../support/process.js';
import { happened, happens, press, seen, startWebWorld, type WebWorld } from './web-world.js';

jest.setTimeout(360_000);

let world: WebWorld;
beforeAll(async () => {
  world = await startWebWorld();
});
/** People of their own for each test: two who were talking are not over it when their windows are closed. */
let people = 0;
let [a, b] = ['', ''];
beforeEach(() => {
  people += 1;
  [a, b] = [`alice${people}`, `bob${people}`];
});
afterEach(() => Promise.all(world.browser.contexts().map((context) => context.close())));
afterAll(() => world.close());

const opened = (...accounts: string[]): Promise<Page[]> =>
  Promise.all(accounts.map((account) => world.openAs(account)));

/** Whether the picture moves. */
async function moves(page: Page, label: string): Promise<void> {
  const picture = page.getByLabel(label);
  const frames = () => picture.evaluate((video: HTMLVideoElement) => video.getVideoPlaybackQuality().totalVideoFrames);
  await picture.waitFor();
  const before = await frames();
  await eventually(async () => (await frames()) > before, 90_000);
}

/** Moves the focus forward until it is on a button, and presses that. */
async function pressByKeyboard(page: Page, name: string): Promise<void> {
  const button = page.getByRole('button', { name, exact: true });
  await button.waitFor();
  const isThere = () => button.evaluate((element) => element === document.activeElement);
  for (let steps = 0; !(await isThere()); steps += 1) {
    expect(steps).toBeLessThan(20);
    await page.keyboard.press('Tab');
  }
  await page.keyboard.press('Enter');
}

const focused = (page: Page): Promise<string> => page.evaluate(() => document.activeElement?.textContent ?? '');

async function call(caller: Page, callee: string, kind: 'Voice call' | 'Video call'): Promise<void> {
  await caller.getByLabel('Name').fill(callee);
  await press(caller, kind);
}

describe('two people', () => {
  it('talk, see each other, and are told what happened', async () => {
    const [alice, bob] = (await opened(a, b)) as [Page, Page];
    await call(alice, b, 'Video call');
    await bob.getByRole('alertdialog', { name: `${a} is calling` }).waitFor();
    expect(await bob.title()).toBe(`${a} is calling`);
    await seen(alice, 'Ringing…');
    await press(bob, 'Answer');
    await Promise.all([moves(alice, `${b}’s camera`), moves(bob, `${a}’s camera`), moves(alice, 'Your camera')]);
    await Promise.all([alice, bob].map((page) => seen(page, /^Path: (Direct|Relayed) .* · UDP/)));
    await happens(alice, 'Connected');

    await press(alice, 'Mute');
    await alice.getByRole('button', { name: 'Unmute' }).waitFor();
    await press(bob, 'Camera off');
    await seen(alice, `${b}’s camera is off`);
    await press(bob, 'Camera on');
    await moves(alice, `${b}’s camera`);

    await press(bob, 'Hang up');
    await seen(alice, `You were talking to ${b}.`);
    await seen(bob, `You were talking to ${a}.`);
    await seen(alice, /^Duration \d+:\d\d$/);
    const told = (await happened(alice)).filter((entry) => !entry.startsWith('Path: '));
    expect(told.slice(0, 4)).toEqual([
      `You start a video call to ${b}`,
      'Your camera is on',
      `The service tells ${b}’s devices`,
      `It rings at ${b}’s`,
    ]);
    expect(told.slice(4, 7).sort()).toEqual(['Connected', `${b} answered`, `${b}’s camera is on`]);
    expect(told.slice(7)).toEqual(['You are muted', `${b}’s camera is off`, `${b}’s camera is on`, 'Call ended']);
    expect((await happened(bob)).slice(0, 2)).toEqual([`${a} starts a video call to you`, 'It rings here']);

    await press(alice, 'Call again');
    await bob.getByRole('alertdialog', { name: `${a} is calling` }).waitFor();
    await press(alice, 'Hang up');
    await seen(bob, `${a} hung up before you answered.`);
  });

  longIt('can do everything with the keyboard alone', async () => {
    const [alice, bob] = (await Promise.all([world.open(), world.open()])) as [Page, Page];
    await pressByKeyboard(alice, 'alice');
    await pressByKeyboard(bob, 'bob');
    await Promise.all([alice, bob].map((page) => seen(page, 'Online')));
    expect(await focused(alice)).toBe('Call somebody');
    await bob.keyboard.press('Tab');
    const before = await bob.evaluate(() => document.activeElement?.id);
    expect(before).toBe('callee');

    await pressByKeyboard(alice, 'Voice call');
    const dialog = bob.getByRole('alertdialog');
    await dialog.waitFor();
    await eventually(async () => await dialog.evaluate((element) => element === document.activeElement));
    // Behind the dialog nothing can be reached.
    for (let steps = 0; steps < 4; steps += 1) {
      await bob.keyboard.press('Tab');
      expect(await bob.evaluate(() => document.activeElement?.closest('.app') ?? null)).toBeNull();
    }
    await pressByKeyboard(alice, 'Hang up');
    await seen(bob, 'Missed call');
    expect(await focused(bob)).toBe('Missed call');

    await pressByKeyboard(bob, 'Call back');
    await pressByKeyboard(alice, 'Answer');
    await Promise.all([alice, bob].map((page) => seen(page, 'Connected')));
    await pressByKeyboard(alice, 'Mute');
    await seen(alice, 'You are muted');
    await pressByKeyboard(alice, 'Hang up');
    await seen(bob, 'You were talking to alice.');
    await pressByKeyboard(bob, 'Done');
    expect(await focused(bob)).toBe('Call somebody');
  });

  longIt('decline, on all devices, and answer on one', async () => {
    const [alice, bob, tablet] = (await opened(a, b, b)) as [Page, Page, Page];
    await call(alice, b, 'Voice call');
    await tablet.getByRole('alertdialog').waitFor();
    await press(bob, 'Decline');
    await seen(alice, `${b} declined the call.`);
    await seen(tablet, 'You declined the call on another of your devices.');
    await press(alice, 'Call again');
    await bob.getByRole('alertdialog').waitFor();
    await press(tablet, 'Answer');
    await seen(bob, 'You took the call on another of your devices.');
    await seen(alice, 'Connected');
  });

  longIt('go on talking when one of them loads the page again, and learn when one has gone', async () => {
    const [alice, bob] = (await opened(a, b)) as [Page, Page];
    await call(alice, b, 'Voice call');
    await press(bob, 'Answer');
    await Promise.all([alice, bob].map((page) => seen(page, /^Path: /)));
    await bob.reload();
    await seen(alice, 'Connected again');
    await seen(bob, /^Path: /);
    await bob.context().close();
    await seen(alice, 'Reconnecting…');
    await press(alice, 'Hang up');
    await seen(alice, `You were talking to ${b}.`);
  });
});

describe('a call whose window was closed', () => {
  longIt('is shown where the phone is opened again, and goes on there', async () => {
    const [alice, bob] = (await opened(a, b)) as [Page, Page];
    await call(alice, b, 'Voice call');
    await press(bob, 'Answer');
    await Promise.all([alice, bob].map((page) => seen(page, /^Path: /)));
    const device = await alice.evaluate(() => sessionStorage.getItem('device')!);
    const again = await alice.context().newPage();
    await alice.close();
    await again.addInitScript(
      ([account, name]) => {
        sessionStorage.setItem('account', account!);
        sessionStorage.setItem('device', name!);
      },
      [a, device],
    );
    await again.goto(`${world.origin}/`);
    await seen(again, 'Open, but not on this page');
    await press(again, 'Go on here');
    await Promise.all([again, bob].map((page) => seen(page, /^Path: /)));
    await press(again, 'Hang up');
    await seen(bob, `You were talking to ${a}.`);
  });
});

describe('somebody who is called while talking', () => {
  longIt('goes on where he was when he declines, or hangs up to answer', async () => {
    const [alice, bob, carol] = (await opened(a, b, `carol${people}`)) as [Page, Page, Page];
    await call(alice, b, 'Voice call');
    await press(bob, 'Answer');
    await happens(alice, 'Connected');
    const mute = bob.getByRole('button', { name: 'Mute' });
    await mute.focus();

    await call(carol, b, 'Voice call');
    await press(bob, 'Decline');
    await seen(carol, `${b} declined the call.`);
    await eventually(() => mute.evaluate((element) => element === document.activeElement), 30_000);

    await press(carol, 'Call again');
    await press(bob, 'Hang up and answer');
    await seen(alice, `You were talking to ${b}.`);
    await happens(carol, 'Connected');
    await seen(bob, `Call with carol${people}`);
  });
});

describe('somebody whose camera is in use', () => {
  longIt('is told so, and answers without it', async () => {
    const [alice, bob] = (await opened(a, b)) as [Page, Page];
    await bob.evaluate(() => {
      const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
      navigator.mediaDevices.getUserMedia = (constraints) =>
        constraints?.video ? Promise.reject(new DOMException('', 'NotReadableError')) : open(constraints);
    });
    await call(alice, b, 'Video call');
    await press(bob, 'Answer');
    await seen(bob, /Your microphone or camera is in use by another program/);
    await press(bob, 'Answer without video');
    await Promise.all([alice, bob].map((page) => seen(page, 'Connected')));
  });
});

describe('somebody who refuses the microphone', () => {
  it('is told how to allow it', async () => {
    const alice = await world.openAs(a, []);
    await call(alice, b, 'Voice call');
    await seen(alice, 'The call did not come about');
    await seen(alice, /This page may not use your microphone\. Allow it beside the address/);
  });
});

describe('somebody whose service goes away', () => {
  it('is told so, and talks on', async () => {
    const [alice, bob] = (await opened(a, b)) as [Page, Page];
    await call(alice, b, 'Voice call');
    await press(bob, 'Answer');
    await seen(alice, /^Path: /);
    await world.server.stop();
    await seen(alice, 'The service cannot be reached. Your call goes on; trying again…');
    await seen(alice, 'Connected');
    await press(alice, 'Hang up');
    await seen(alice, `You were talking to ${b}.`);
  });
});
