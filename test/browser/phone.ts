import type { BrowserContext, Page } from 'playwright-core';
import type { CallMedia, Outcome } from '../../src/client/index.js';
import type { Look, Media } from './page/main.js';

type Answer = Promise<Outcome>;

/** The app of `page/main.ts` in a browser, as its user sees it. */
export class BrowserPhone {
  readonly page: Page;

  private constructor(page: Page) {
    this.page = page;
  }

  /** Resolves when the app is online. */
  static async open(page: Page, url: string): Promise<BrowserPhone> {
    await page.goto(url);
    return BrowserPhone.of(page);
  }

  /** @param page where the app is already, or about to be */
  static async of(page: Page): Promise<BrowserPhone> {
    await page.waitForFunction(() => 'app' in window);
    const phone = new BrowserPhone(page);
    await phone.until(({ client }) => client === 'online');
    return phone;
  }

  get context(): BrowserContext {
    return this.page.context();
  }

  start(account: string, media: CallMedia = 'VIDEO'): Promise<void> {
    return this.page.evaluate(([callee, kind]) => window.app.start(callee, kind), [account, media] as const);
  }

  answer(): Answer {
    return this.page.evaluate(() => window.app.call.answer());
  }

  hangUp(): Answer {
    return this.page.evaluate(() => window.app.call.hangUp());
  }

  setCamera(on: boolean): Answer {
    return this.page.evaluate((on) => window.app.call.setCamera(on), on);
  }

  mute(muted: boolean): Promise<void> {
    return this.page.evaluate((muted) => window.app.call.mute(muted), muted);
  }

  restartIce(): Promise<void> {
    return this.page.evaluate(() => window.app.call.restartIce());
  }

  look(): Promise<Look> {
    return this.page.evaluate(() => window.app.look());
  }

  media(): Promise<Media> {
    return this.page.evaluate(() => window.app.media());
  }

  until(holds: (look: Look) => boolean, withinMs?: number): Promise<Look> {
    return until(() => this.look(), holds, withinMs);
  }

  async ringing(): Promise<void> {
    await this.until(({ rings }) => rings);
  }

  reached(state: Look['state'], withinMs?: number): Promise<Look> {
    return this.until((look) => look.state === state, withinMs);
  }

  /** Sound that is not silence arrives from now on, over the relay. */
  async hears(withinMs?: number): Promise<void> {
    const { energy } = await this.media();
    await until(
      () => this.media(),
      (now) => now.energy > energy && now.path === 'relay',
      withinMs,
    );
  }

  /** Pictures arrive from now on. */
  async sees(withinMs?: number): Promise<void> {
    const { frames } = await this.media();
    await until(
      () => this.media(),
      (now) => now.frames > frames + 2,
      withinMs,
    );
  }

  /** Two seconds of what arrives are silence; the made-up microphone says something twice a second. */
  async hearsSilence(): Promise<void> {
    let from = await this.media();
    await until(
      () => this.media(),
      (now) => {
        if (now.energy > from.energy + SILENCE) from = now;
        return now.seconds > from.seconds + 2;
      },
    );
  }

  /** A second of sound arrives, and not one picture. */
  async seesNothing(): Promise<void> {
    let from = await this.media();
    await until(
      () => this.media(),
      (now) => {
        if (now.frames > from.frames) from = now;
        return now.seconds > from.seconds + 1;
      },
    );
  }
}

/** Loudness of what is left of silence by its coding. */
const SILENCE = 1e-6;

/** Looks again and again. @throws Error with what was seen last */
export async function until<Seen>(
  look: () => Promise<Seen>,
  holds: (seen: Seen) => boolean,
  withinMs = 60_000,
): Promise<Seen> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const seen = await look();
    if (holds(seen)) return seen;
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${String(holds)}\n${JSON.stringify(seen)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** In a call that goes on, and told of everything. */
export const isBack = ({ client, state, connection }: Look): boolean =>
  client === 'online' && state === 'ACTIVE' && connection === 'connected';

/** A call that was answered, with sound (and, in a video call, pictures) both ways. @param account the callee's */
export async function talking(
  caller: BrowserPhone,
  callee: BrowserPhone,
  account: string,
  media: CallMedia = 'VIDEO',
): Promise<void> {
  await caller.start(account, media);
  await callee.ringing();
  await callee.answer();
  await Promise.all([caller, callee].map((phone) => phone.reached('ACTIVE')));
  await bothHear(caller, callee);
  if (media === 'VIDEO') await bothSee(caller, callee);
}

export async function bothHear(...phones: readonly BrowserPhone[]): Promise<void> {
  await Promise.all(phones.map((phone) => phone.hears()));
}

export async function bothSee(...phones: readonly BrowserPhone[]): Promise<void> {
  await Promise.all(phones.map((phone) => phone.sees()));
}
