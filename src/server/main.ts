import { TrustedDocumentsError } from '../graphql/trusted-documents.js';
import { RelayConfigError } from '../relay/config.js';
import { welcomeText } from './development.js';
import { createLog } from './log.js';
import { startServer } from './server.js';
import { parseSettings, SettingsError, type Settings } from './settings.js';

/** A drain that does not come to its end is cut off. */
const STOP_MS = 5_000;

function readSettings(): Settings {
  try {
    return parseSettings(process.env);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}

const settings = readSettings();
const log = createLog({ level: settings.logLevel });

try {
  const server = await startServer(settings, log);
  const stop = (signal: string): void => {
    log.info('Stopping', { signal });
    const cutOff = setTimeout(() => process.exit(1), STOP_MS);
    cutOff.unref();
    void server.close().then(() => {
      log.flush();
      process.exit(0);
    });
  };
  for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => stop(signal));

  log.info('Listening', { address: server.origin });
  log.flush();
  // Tokens are for the person at the terminal: they never go to the log.
  process.stdout.write(welcomeText({ ...server, trustedOnly: settings.trustedDocumentsFile !== null }));
} catch (error) {
  if (error instanceof RelayConfigError) {
    process.stderr.write(['RELAY_CONFIG_FILE is not valid:', ...error.problems].join('\n  ') + '\n');
  } else if (error instanceof SettingsError) {
    process.stderr.write(`${error.message}\n`);
  } else if (error instanceof TrustedDocumentsError) {
    process.stderr.write(['TRUSTED_DOCUMENTS_FILE is not valid:', ...error.problems].join('\n  ') + '\n');
  } else {
    log.defect(error);
    log.flush();
  }
  process.exit(1);
}
