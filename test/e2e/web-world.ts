/** The server as it was built, and people who have its page open in Chromium. */
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { startBrowser } from '../support/browser.js';
import { startServer, type RunningProcess } from '../support/process.js';

export interface WebWorld {
  readonly origin: string;
  readonly server: RunningProcess;
  readonly browser: Browser;
  /** The page, in a browser profile of its own. */
  open(context?: BrowserContext): Promise<Page>;
  /** The page after somebody has said who he is, when calls reach it. */
  openAs(account: string, permissions?: readonly string[]): Promise<Page>;
  close(): Promise<void>;
}

/** What a page is allowed to use. */
export const MEDIA = ['camera', 'microphone'] as const;

/** What a person waits for at most. The machine may be busy. */
const PATIENCE_MS = 90_000;

export async function startWebWorld(): Promise<WebWorld> {
  const server = startServer({ LOG_LEVEL: 'warn' });
  const [, origin = ''] = await server.printed(/Open (http:\S+)\/ in two windows/, 60_000);
  const browser = await startBrowser({ grantsMedia: false });
  const open: WebWorld['open'] = async (context) => {
    const page = await (context ?? (await browser.newContext({ permissions: [...MEDIA] }))).newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    await page.goto(`${origin}/`);
    return page;
  };
  return {
    origin,
    server,
    browser,
    open,
    openAs: async (account, permissions = MEDIA) => {
      const page = await open(await browser.newContext({ permissions: [...permissions] }));
      await page.getByLabel('Somebody else').fill(account);
      await press(page, 'Continue');
      await page.getByText('Online', { exact: true }).waitFor();
      return page;
    },
    close: async () => {
      await browser.close();
      await server.stop();
    },
  };
}

/** Waits until a text is read on the page. */
export function seen(page: Page, text: string | RegExp): Promise<void> {
  return page.getByText(text).first().waitFor();
}

export function press(page: Page, name: string): Promise<void> {
  return page.getByRole('button', { name, exact: true }).click();
}

const timeline = (page: Page): Locator => page.getByRole('complementary', { name: 'What happened' }).locator('li span');

/** Waits until the timeline says something. */
export function happens(page: Page, text: string): Promise<void> {
  return timeline(page).filter({ hasText: text }).first().waitFor();
}

/** What the timeline says from the first to the last, without its times. */
export async function happened(page: Page): Promise<string[]> {
  return (await timeline(page).allTextContents()).reverse();
}
