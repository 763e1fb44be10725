import { readFileSync } from 'node:fs';
import { RelayConfigError } from '../relay/config.js';
import type { RelayOptions } from '../signaling/options.js';
import { startDevelopmentRelay } from './development-relay.js';
import type { Log } from './log.js';
import { createSecretFiles, watchFile } from './watched-file.js';

/** Where the relay configuration comes from: a file that is watched, or, without one, the development relay. */
export interface RelaySource {
  readonly options: RelayOptions;
  /** From now on hands over each new configuration; what it throws is logged, and the old configuration stays. */
  watch(reload: (config: unknown) => void): void;
  close(): Promise<void>;
}

/** @throws RelayConfigError the file is not JSON */
export async function openRelaySource(file: string | null, log: Log): Promise<RelaySource> {
  return file === null ? developmentSource(log) : fileSource(file, log);
}

function fileSource(file: string, log: Log): RelaySource {
  const vanished = (path: string): void =>
    log.error('A file has vanished, its last content stays in use', { file: path });
  const secrets = createSecretFiles(undefined, vanished);
  let reload: ((config: unknown) => void) | null = null;
  let missed = false;
  const look = (): void => {
    missed = reload === null;
    try {
      reload?.(readConfig(file));
      log.info('Relay configuration reloaded');
    } catch (error) {
      const problems = error instanceof RelayConfigError ? error.inFile : ['cannot be read'];
      for (const problem of problems) log.error('Relay configuration refused', { reason: problem });
    }
  };
  // Watched before it is read, so that no change falls in between.
  const watch = watchFile(file, look, undefined, () => vanished(file));
  return {
    options: { config: readConfig(file) as RelayOptions['config'], readSecret: secrets.readSecret },
    watch: (onChange) => {
      reload = onChange;
      if (missed) look();
    },
    close: () => {
      watch.close();
      secrets.close();
      return Promise.resolve();
    },
  };
}

async function developmentSource(log: Log): Promise<RelaySource> {
  const relay = await startDevelopmentRelay({ onExit: () => log.error('The development relay has ended') });
  if (relay.missingProgram !== null) {
    log.warn('No TURN server runs: credentials are issued, but no relay takes them. Install coturn', {
      program: relay.missingProgram,
    });
  } else {
    log.info('Development relay started', { port: relay.port });
  }
  return {
    options: { config: relay.config, resolver: relay.resolver },
    watch: () => {},
    close: () => relay.close(),
  };
}

function readConfig(file: string): unknown {
  const text = readFileSync(file, 'utf8');
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message quotes the text.
    throw new RelayConfigError([{ path: '', problem: 'is not valid JSON' }]);
  }
}
