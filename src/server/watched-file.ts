import { readFileSync, statSync } from 'node:fs';
import { stat } from 'node:fs/promises';

/** Something that looks again and again until it is closed. It does not keep the process alive. */
export interface Watch {
  close(): void;
}

/**
 * Tells when a file has other content than before: written in place, replaced by a rename, or reached through a symbolic
 * link that points elsewhere now, as with a volume of secrets in Kubernetes. A reader that begins after this call misses no
 * change. It looks at the file, since what file systems notify of does not follow links.
 * @param onChange must not throw
 * @param intervalMs how long a change may go unseen
 * @param onGone told once each time the file vanishes; must not throw
 */
export function watchFile(path: string, onChange: () => void, intervalMs = 1_000, onGone = (): void => {}): Watch {
  let seen: string | null = null;
  let isGone = false;
  try {
    seen = fingerprint(statSync(path, { bigint: true }));
  } catch {
    // Its coming into being is a change.
  }
  let closed = false;
  const look = async (): Promise<void> => {
    const now = await stat(path, { bigint: true }).then(fingerprint, () => null);
    if (closed) return;
    const vanished = now === null && !isGone;
    isGone = now === null;
    if (vanished) onGone();
    if (now === null || now === seen) return;
    seen = now;
    onChange();
  };
  const timer = setInterval(() => void look(), intervalMs);
  timer.unref();
  return {
    close: () => {
      closed = true;
      clearInterval(timer);
    },
  };
}

interface FileIdentity {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}

function fingerprint({ dev, ino, size, mtimeNs, ctimeNs }: FileIdentity): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(':');
}

/** Secrets that live in files and may be replaced while the program runs. */
export interface SecretFiles {
  /**
   * The present secret: the file's text without the line end that editors add. Once it could be read, the last good one
   * stays good while the file cannot be read or is empty, as in the middle of a rewrite.
   * @throws Error when it never could; names the file
   */
  readSecret(path: string): string;
  close(): void;
}

/**
 * Reads each file when first asked for, and again when it has changed.
 *
 * @param onGone told the path of one that vanishes; its last secret stays in use
 */
export function createSecretFiles(intervalMs = 1_000, onGone = (_path: string): void => {}): SecretFiles {
  const secrets = new Map<string, string>();
  const watches: Watch[] = [];
  const load = (path: string): void => {
    const secret = read(path);
    if (secret !== null) secrets.set(path, secret);
  };
  return {
    readSecret(path) {
      const known = secrets.get(path);
      if (known !== undefined) return known;

      const watch = watchFile(
        path,
        () => load(path),
        intervalMs,
        () => onGone(path),
      );
      load(path);
      const secret = secrets.get(path);
      if (secret === undefined) {
        watch.close();
        throw new Error(`The secret file ${path} cannot be read or is empty`);
      }
      watches.push(watch);
      return secret;
    },
    close: () => {
      for (const watch of watches) watch.close();
    },
  };
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '') || null;
  } catch {
    return null;
  }
}
