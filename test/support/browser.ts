import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium, type Browser } from 'playwright-core';

export interface BrowserOptions {
  /** Whether pages get the microphone and camera without asking; if not, a context says which permissions it grants. */
  readonly grantsMedia?: boolean;
  readonly args?: readonly string[];
}

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
      '--use-fake-device-for-media-stream',
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
