/**
 * The fields that a log line may carry, and the only ones: what is not named here is not written, wherever it came from.
 * A name is added when its values can be neither a secret nor anything of a client's but an id. Names are in snake_case, as
 * those of the published events `call_relay.*` are.
 */
export const LOG_FIELDS = {
  // Payloads of events.
  event: 'string',
  account_id: 'string',
  turn_ttl_seconds: 'number',
  http_status: 'number',
  error_rate: 'number',
  call_id: 'string',
  caller_account_id: 'string',
  callee_account_id: 'string',
  media: 'string',
  end_reason: 'string',
  ring_ms: 'number',
  talk_ms: 'number',
  // The server and what it depends on.
  address: 'string',
  // Names, and never values.
  claims: 'string',
  correlation_id: 'string',
  dependency: 'string',
  file: 'string',
  max_sockets: 'number',
  open_files: 'number',
  operation: 'string',
  origin: 'string',
  host: 'string',
  port: 'number',
  program: 'string',
  reason: 'string',
  seconds: 'number',
  signal: 'string',
  // How many of its kind a line stands for.
  count: 'number',
} as const satisfies Record<string, 'string' | 'number'>;

/** What may be given to the log. A value of another type than the table's is not written. */
export type LogFields = {
  readonly [Name in keyof typeof LOG_FIELDS]?:
    ((typeof LOG_FIELDS)[Name] extends 'string' ? string : number) | null | undefined;
};

/** The longest id is 256 characters; what is longer is no id. */
const TEXT_LENGTH = 256;

/** Controls, invisible formatting (also what turns text around), lone surrogates, line and paragraph separators. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** Bounded, on one line, and without characters that a terminal or a log viewer would act on. */
export function safeText(text: string): string {
  const bounded = text.length > TEXT_LENGTH ? `${text.slice(0, TEXT_LENGTH)}…` : text;
  return bounded.replace(UNSAFE, '\ufffd');
}

/** Picks what the table allows: never an object, an array or an error, under any name. */
export function allowedFields(given: Readonly<Record<string, unknown>>): Record<string, string | number | null> {
  const fields: Record<string, string | number | null> = {};
  for (const [name, type] of Object.entries(LOG_FIELDS)) {
    const value = given[name];
    if (value === null) fields[name] = null;
    else if (typeof value === 'string' && type === 'string') fields[name] = safeText(value);
    else if (typeof value === 'number' && type === 'number') fields[name] = value;
  }
  return fields;
}
