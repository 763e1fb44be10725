import { destination, pino, stdTimeFunctions, type DestinationStream, type LevelWithSilent } from 'pino';
import type { EventRecord } from '../events/log-sink.js';
import { describeDefect } from './log-defect.js';
import { allowedFields, safeText, type LogFields } from './log-fields.js';

export type LogLevel = LevelWithSilent;

/** The server's log: one JSON object a line. Texts are fixed words of the program's; what varies goes into fields. */
export interface Log {
  debug(text: string, fields?: LogFields): void;
  info(text: string, fields?: LogFields): void;
  warn(text: string, fields?: LogFields): void;
  error(text: string, fields?: LogFields): void;
  /** An event for whoever runs the service: a line of its fields alone. */
  event(record: EventRecord): void;
  /** The server cannot start, or goes on no longer. */
  fatal(text: string, fields?: LogFields): void;
  /**
   * A failure that is ours: class, code and place of what was thrown, never its message.
   * @param correlationId what the client was given to report
   * @param text what failed; "Internal server error" when left out
   */
  defect(thrown: unknown, correlationId?: string, text?: string): void;
  /** Writes what is still waiting. To be called last. */
  flush(): void;
}

export interface LogOptions {
  readonly level: LogLevel;
  /** Where lines go; standard output when left out. */
  readonly to?: DestinationStream;
}

/** Unwritten lines kept for a reader that is slow; what comes on top is dropped, because a log must not stop a call. */
const WAITING_BYTES = 4 * 1024 * 1024;

/** A log that writes only what the table of fields allows, so that no secret can come in by a new field or an error. */
export function createLog({ level, to }: LogOptions): Log {
  const standardOutput = to ? null : openStandardOutput();
  const logger = pino(
    { level, base: null, timestamp: stdTimeFunctions.isoTime, formatters: { level: (label) => ({ level: label }) } },
    to ?? standardOutput ?? undefined,
  );
  const writer =
    (method: 'debug' | 'info' | 'warn' | 'error' | 'fatal') =>
    (text: string, fields: LogFields = {}): void =>
      logger[method](allowedFields(fields), safeText(text));

  return {
    debug: writer('debug'),
    info: writer('info'),
    warn: writer('warn'),
    error: writer('error'),
    fatal: writer('fatal'),
    event: (record) => {
      if (logger.isLevelEnabled('info')) logger.info(allowedFields(record));
    },
    defect: (thrown, correlationId, text = 'Internal server error') =>
      logger.error({ ...allowedFields({ correlation_id: correlationId }), ...describeDefect(thrown) }, text),
    flush: () => {
      try {
        standardOutput?.flushSync();
      } catch {
        // Nobody reads any more.
      }
    },
  };
}

function openStandardOutput(): ReturnType<typeof destination> {
  const stream = destination({ fd: 1, sync: false, maxLength: WAITING_BYTES });
  // A full disk or a closed pipe costs log lines, never the server.
  stream.on('error', () => {});
  return stream;
}
