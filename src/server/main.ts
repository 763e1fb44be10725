import './no-inspector.js';
import { welcomeText } from './development.js';
import { createLog } from './log.js';
import { startServer } from './server.js';
import { parseSettings, SettingsError, type Settings } from './settings.js';
import { StartError } from './start-error.js';

/** A server is given 5 s to stop, and closes in less; a start that hangs is cut off. */
const STOP_MS = 4_850;

/** In production nothing but JSON is written, for what reads it knows nothing else. */
const isProduction = process.env['NODE_ENV'] === 'production';

/** @returns null: they are no good, which has been told */
function readSettings(): Settings | null {
  try {
    return parseSettings(process.env);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    tellProblems(error.problems);
    return null;
  }
}

/** A line each, whatever LOG_LEVEL says. */
function tellProblems(problems: readonly string[]): void {
  const log = createLog({ level: 'fatal' });
  if (isProduction) for (const reason of problems) log.fatal('The server cannot start', { reason });
  else process.stderr.write(problems.map((problem) => `The server cannot start: ${problem}\n`).join(''));
  log.flush();
}

async function run(settings: Settings): Promise<void> {
  const log = createLog({ level: settings.logLevel });
  if (isProduction) {
    // Node.js writes these as text.
    process.removeAllListeners('warning').on('warning', ({ name }) => log.warn('Node.js warns', { reason: name }));
    process.on('uncaughtException', (error) => {
      log.defect(error, undefined, 'The process ends: an exception was not caught');
      log.flush();
      process.exit(1);
    });
  }
  const starting = startServer(settings, log);
  // From the beginning, for what is being opened has to be closed. More than once, as a terminal and npm both send it.
  let stopping = false;
  const stop = (signal: string): void => {
    if (stopping) return;
    stopping = true;
    log.info('Stopping', { signal });
    const exit = (): never => {
      log.flush();
      process.exit(0);
    };
    setTimeout(exit, STOP_MS).unref();
    // A start that fails is told below.
    void starting.then(
      (server) => server.close().then(exit),
      () => undefined,
    );
  };
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => stop(signal));

  try {
    const server = await starting;
    if (stopping) return;
    log.info('Listening', { address: server.origin });
    log.flush();
    // Tokens are for the person at the terminal: they never go to the log.
    const trustedOnly = settings.trustedDocumentsFile !== null;
    const gatewayOnly = settings.gatewaySecret !== null;
    if (!isProduction) process.stdout.write(welcomeText({ ...server, trustedOnly, gatewayOnly }));
  } catch (error) {
    if (error instanceof StartError) tellProblems(error.problems);
    else log.defect(error, undefined, 'The server cannot start');
    log.flush();
    process.exit(1);
  }
}

const settings = readSettings();
if (settings) await run(settings);
else process.exit(1);
