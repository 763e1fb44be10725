import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium, type Browser } from 'playwright-core';

export interface BrowserOptions {
  /** Whether pages get the microphone and camera without asking; if not, a context says which permissions it grants. */
  readonly grantsMedia?: boolean;
  readonly args?: readonly string[];
}

/** Two pages of the address bar are drawn for every window otherwise. The rest is what Playwright switches off: the last list counts. */
const UNUSED_PARTS = [
  ...['WebUIOmniboxPopup', 'WebUIOmniboxAimPopup'],
  ...['AvoidUnnecessaryBeforeUnloadCheckSync', 'DestroyProfileOnBrowserClose', 'HttpsUpgrades', 'MediaRouter'],
  ...['PaintHolding', 'ThirdPartyStoragePartitioning', 'OptimizationHints', 'NetworkTimeServiceQuerying'],
];

/**
 * The system's Chromium, with a made-up microphone and camera. `close()` of what is returned ends the very processes that
 * were started here.
 */
export function startBrowser({ grantsMedia = true, args = [] }: BrowserOptions = {}): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath(),
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      // Encoding pictures is most of the work of these pages, and more of them prove no more.
      '--use-fake-device-for-media-stream=fps=5',
      `--disable-features=${UNUSED_PARTS.join(',')}`,
      ...(grantsMedia ? ['--use-fake-ui-for-media-stream'] : []),
      '--autoplay-policy=no-user-gesture-required',
      // For machines that have no other network.
      '--allow-loopback-in-peer-connection',
      ...args,
    ],
  });
}

/** @throws Error it is not installed */
function chromiumPath(): string {
  const { CHROMIUM, PATH = '' } = process.env;
  if (CHROMIUM) return CHROMIUM;
  const found = PATH.split(delimiter)
    .map((directory) => join(directory, 'chromium'))
    .find(isExecutable);
  if (!found) throw new Error('chromium is not on the PATH. Install it, or name its program in CHROMIUM.');
  return found;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
