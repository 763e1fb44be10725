/** Every screen of the page, in light and dark, on a desk and on a phone, as axe sees it. */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { AxeResults, RunOptions } from 'axe-core';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { FULL } from '../support/full.js';
import { ROOT } from '../support/process.js';
import { MEDIA, press, seen, startWebWorld, type WebWorld } from './web-world.js';

jest.setTimeout(360_000);

const ALL_SIZES = { phone: { width: 390, height: 844 }, desk: { width: 1280, height: 800 } } as const;
const SIZES = FULL ? ALL_SIZES : { phone: ALL_SIZES.phone };
/** Not looked at by axe: what must fit. */
const NARROW = FULL ? { narrow: { width: 360, height: 640 }, low: { width: 740, height: 360 } } : {};
const SCHEMES = FULL ? (['light', 'dark'] as const) : (['light'] as const);

/** A folder; screenshots are taken when it is set. */
const SCREENSHOTS = process.env['SCREENSHOTS'];

interface Axe {
  run(options: RunOptions): Promise<AxeResults>;
}

let world: WebWorld;
beforeAll(async () => {
  world = await startWebWorld();
});
afterAll(() => world.close());

async function newContext(): Promise<BrowserContext> {
  const context = await world.browser.newContext({ reducedMotion: 'reduce', permissions: [...MEDIA] });
  await context.addInitScript({ path: join(ROOT, 'node_modules/axe-core/axe.min.js') });
  return context;
}

async function shoot(page: Page, name: string): Promise<void> {
  if (!SCREENSHOTS) return;
  mkdirSync(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`) });
}

/** @returns what is wrong with a screen, in any size and scheme */
async function faults(page: Page, screen: string): Promise<string[]> {
  const found: string[] = [];
  for (const [size, viewport] of Object.entries({ ...SIZES, ...NARROW })) {
    await page.setViewportSize(viewport);
    for (const colorScheme of size in SIZES ? SCHEMES : (['light'] as const)) {
      await page.emulateMedia({ colorScheme });
      const look = `${screen}-${size}-${colorScheme}`;
      if (size in SIZES) found.push(...(await axe(page)).map((fault) => `${look}: ${fault}`));
      found.push(...(await misfits(page)).map((fault) => `${look}: ${fault}`));
      await shoot(page, look);
    }
  }
  return found;
}

async function axe(page: Page): Promise<string[]> {
  const { violations } = await page.evaluate(
    async () => await (globalThis as unknown as { axe: Axe }).axe.run({ resultTypes: ['violations'] }),
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id} at ${nodes.map(({ target }) => target.join(' ')).join(', ')}`);
}

/** Nothing stands out to the side, and fingers hit what can be pressed. */
function misfits(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const wide = document.documentElement.scrollWidth > innerWidth ? ['is wider than the window'] : [];
    const small = [...document.querySelectorAll('button, input')]
      .map((control) => ({ control, box: control.getBoundingClientRect() }))
      .filter(({ box }) => box.height < 44 || box.width < 44)
      .map(({ control, box }) => `${control.textContent || control.id}: ${box.width} x ${box.height}`);
    return [...wide, ...small];
  });
}

describe('the page', () => {
  it('can be used by everyone, on every screen', async () => {
    const context = await newContext();
    const alice = await world.open(context);
    await alice.getByRole('heading', { name: 'Who are you?' }).waitFor();
    expect(await faults(alice, '1-who')).toEqual([]);

    await press(alice, 'alice');
    await seen(alice, 'Online');
    expect(await faults(alice, '2-home')).toEqual([]);

    await alice.getByLabel('Name').fill('alice');
    await press(alice, 'Voice call');
    await seen(alice, 'That is you.');
    expect(await faults(alice, '3-problem')).toEqual([]);

    const bob = await world.open(await newContext());
    await press(bob, 'bob');
    await seen(bob, 'Online');
    await alice.getByLabel('Name').fill('bob');
    await press(alice, 'Video call');
    await seen(alice, 'Ringing…');
    expect(await faults(alice, '4-ringing')).toEqual([]);
    expect(await faults(bob, '5-incoming')).toEqual([]);

    await press(bob, 'Answer');
    await seen(bob, /^Path: /);
    await seen(alice, /^Path: /);
    await alice.getByLabel('bob’s camera').waitFor();
    expect(await faults(alice, '6-video')).toEqual([]);
    await press(bob, 'Camera off');
    await press(alice, 'Camera off');
    await press(alice, 'Mute');
    await seen(alice, 'bob’s camera is off');
    expect(await faults(alice, '7-voice')).toEqual([]);

    await press(bob, 'Hang up');
    await seen(alice, 'You were talking to bob.');
    expect(await faults(alice, '8-ended')).toEqual([]);

    const device = await alice.evaluate(() => sessionStorage.getItem('device'));
    const other = await context.newPage();
    await other.addInitScript((name) => {
      sessionStorage.setItem('device', name!);
      sessionStorage.setItem('account', 'alice');
    }, device);
    await other.goto(`${world.origin}/`);
    await seen(alice, 'This phone is in use in another tab');
    expect(await faults(alice, '9-elsewhere')).toEqual([]);
    await press(alice, 'Use it here');
    await seen(alice, 'You were talking to bob.');
    await seen(other, 'This phone is in use in another tab');
    await press(alice, 'Done');

    const long = await world.open(await newContext());
    await long.getByLabel('Somebody else').fill(`carol ${'x'.repeat(250)}`);
    await press(long, 'Continue');
    await seen(long, 'Online');
    await long.getByLabel('Name').fill('alice');
    await press(long, 'Voice call');
    expect(await faults(alice, '11-long-name')).toEqual([]);
    await press(alice, 'Answer');
    await seen(alice, /^Path: /);
    expect(await faults(alice, '12-long-name-talking')).toEqual([]);
    expect(await faults(long, '13-long-name-own')).toEqual([]);
    await press(alice, 'Hang up');
    await press(alice, 'Done');

    await world.server.stop();
    await seen(alice, 'The service cannot be reached');
    expect(await faults(alice, '10-unreachable')).toEqual([]);
  });
});
