import { describe, expect, it } from '@jest/globals';
import { LOG_FIELDS, type LogFields } from '../../src/server/log-fields.js';
import { createLog, type Log, type LogLevel } from '../../src/server/log.js';
import { CANARIES, canariesIn } from '../support/canaries.js';
import { ROOT, startProcess } from '../support/process.js';

function record(level: LogLevel = 'trace'): { log: Log; lines: string[]; last(): Record<string, unknown> } {
  const lines: string[] = [];
  const log = createLog({ level, to: { write: (line) => void lines.push(line) } });
  return { log, lines, last: () => JSON.parse(lines.at(-1) ?? '{}') as Record<string, unknown> };
}

/** What a caller might do against the types. */
const anything = (fields: object): LogFields => fields;

describe('a log line', () => {
  it('is one JSON object with level, time, text and the allowed fields', () => {
    const { log, lines, last } = record();
    log.info('Listening', { address: '127.0.0.1', port: 4000 });
    expect(lines[0]).toMatch(/^\{.*\}\n$/);
    expect(last()).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      msg: 'Listening',
      address: '127.0.0.1',
      port: 4000,
    });
  });

  it('of an event has no text, only the published fields', () => {
    const { log, last } = record();
    log.event({ event: 'call_relay.provider_error', account_id: 'alice', http_status: null });
    const { level, time, ...fields } = last();
    expect([level, typeof time]).toEqual(['info', 'string']);
    expect(fields).toEqual({ event: 'call_relay.provider_error', account_id: 'alice', http_status: null });
  });

  it('has one spelling of names: snake_case, also of what is told of a defect', () => {
    const { log, last } = record();
    log.defect(Object.assign(new Error('x', { cause: new Error('y') }), { code: 'ECONNREFUSED' }), 'f00d');
    const names = [...Object.keys(LOG_FIELDS), ...Object.keys(last())];
    expect(names).toEqual(expect.arrayContaining(['account_id', 'error_code', 'cause', 'correlation_id']));
    expect(names.filter((name) => !/^[a-z]+(?:_[a-z]+)*$/.test(name))).toEqual([]);
  });

  it('is written from the configured level on', () => {
    const { log, lines } = record('warn');
    log.debug('d');
    log.info('i');
    log.warn('w');
    log.error('e');
    expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(['w', 'e']);
  });

  it('drops every field that the table does not name', () => {
    const { log, lines } = record();
    const names = [
      'token',
      'authorization',
      'password',
      'turnPassword',
      'sdp',
      'candidate',
      'secret',
      'headers',
      'body',
      'err',
    ];
    for (const name of [...names, ...Object.keys(CANARIES), '__proto__', 'constructor', 'toString']) {
      for (const canary of Object.values(CANARIES)) log.info('x', anything({ [name]: canary }));
    }
    expect(canariesIn(lines.join(''))).toEqual([]);
  });

  it('drops whatever is no plain value of the right type, under allowed names too', () => {
    const { log, lines, last } = record();
    const secret = CANARIES.turnPassword;
    const hidden: unknown[] = [
      { secret },
      [secret],
      new Error(secret),
      Buffer.from(secret),
      new Map([[secret, secret]]),
      { toJSON: () => secret, toString: () => secret },
      () => secret,
      Symbol(secret),
      new String(secret),
    ];
    for (const name of Object.keys(LOG_FIELDS)) {
      for (const value of hidden) log.info('x', anything({ [name]: value }));
    }
    expect(canariesIn(lines.join(''))).toEqual([]);
    log.info('x', anything({ port: secret }));
    expect(Object.keys(last())).toEqual(['level', 'time', 'msg']);
  });

  it('fills no placeholder of its text', () => {
    const { log, last } = record();
    log.info('%s %o %j', { reason: CANARIES.sdp.slice(0, 6) });
    expect(last()).toMatchObject({ msg: '%s %o %j' });
  });

  it('stays one line of bounded length, whatever characters an id has', () => {
    const { log, lines, last } = record();
    const hostile = 'a\r\n{"level":"info"}\u0000\u001b[31m\u0085\u2028\u2029\u202e\u200b\ud800';
    log.warn(hostile, { account_id: hostile, reason: 'x'.repeat(10_000) });
    expect(lines).toHaveLength(1);
    expect(lines[0]?.trimEnd()).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    const { account_id: accountId, reason } = last();
    expect(accountId).toBe('a\ufffd\ufffd{"level":"info"}\ufffd\ufffd[31m\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd');
    expect((reason as string).length).toBeLessThan(300);
  });
});

describe('a defect in the log', () => {
  class DatabaseError extends Error {
    override readonly name = 'DatabaseError';
  }

  it('is told by class, code, cause, place and correlation id', () => {
    const { log, last } = record();
    const cause = new TypeError(CANARIES.apiToken);
    const error = Object.assign(new DatabaseError('x', { cause }), { code: 'ECONNREFUSED' });
    log.defect(error, 'f00d');
    expect(last()).toMatchObject({
      level: 'error',
      msg: 'Internal server error',
      error: 'DatabaseError',
      error_code: 'ECONNREFUSED',
      cause: 'TypeError',
      correlation_id: 'f00d',
    });
    const [first] = last()['stack'] as string[];
    expect(first).toMatch(/^at .*log\.test\.ts:\d+:\d+\)?$/);
  });

  it('shows nothing of what the error says, wherever that stands', () => {
    const { log, lines } = record();
    const secret = CANARIES.accessToken;
    const evil = class extends Error {};
    Object.defineProperty(evil, 'name', { value: `Evil ${secret}` });
    const mutated = new Error(secret);
    mutated.message = 'something else';
    const emptied = new Error(`\n    at f (/${secret}:1:1)`);
    emptied.message = '';
    const thrown: unknown[] = [
      new Error(secret),
      new Error(`first line\n${secret}\n    at ${secret} (file:///${secret}:1:1)\n`),
      new Error(`\n    at f (/${secret}:1:1)`),
      new DatabaseError(`\n    at f (/${secret}:1:1)`),
      mutated,
      emptied,
      Object.assign(new Error('x'), { code: secret, name: secret, headers: { authorization: secret } }),
      new Error('x', { cause: new Error(secret) }),
      new Error('x', { cause: secret }),
      new AggregateError([new Error(secret)], secret),
      new evil('x'),
      secret,
      { secret, message: secret, stack: secret },
      [secret],
      null,
      undefined,
      Object.assign(new Error('x'), { stack: { secret } }),
      Object.assign(new Error('x'), { message: { secret } }),
    ];
    for (const each of thrown) log.defect(each);
    expect(lines).toHaveLength(thrown.length);
    expect(canariesIn(lines.join(''))).toEqual([]);
  });

  it('without an error tells the type of what was thrown', () => {
    const { log, last } = record();
    log.defect(null);
    expect(last()).toMatchObject({ error: 'null', stack: [] });
    log.defect('text');
    expect(last()).toMatchObject({ error: 'string', stack: [] });
  });
});

describe('the log on standard output', () => {
  const script = (body: string): string =>
    `import { createLog } from './dist/server/log.js'; const log = createLog({ level: 'info' }); ${body}`;

  it('is complete when the process ends', async () => {
    const body = 'for (let port = 0; port < 5000; port++) log.info("line", { port }); log.flush(); process.exit(0);';
    const child = startProcess(process.execPath, { args: ['--input-type=module', '-e', script(body)], cwd: ROOT });
    expect(await child.ended).toEqual({ code: 0, signal: null });
    const ports = child
      .output()
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { port: number }).port);
    expect(ports).toEqual(Array.from({ length: 5000 }, (_, port) => port));
  });

  it('stops nothing when its reader goes away', async () => {
    const body =
      'const timer = setInterval(() => log.info("line"), 2); setTimeout(() => { clearInterval(timer); log.flush(); }, 500);';
    const pipeline = `("$0" --input-type=module -e "$1"; echo "ended with $?" >&2) | head -n 1`;
    const child = startProcess('sh', { args: ['-c', pipeline, process.execPath, script(body)], cwd: ROOT });
    await child.ended;
    expect(child.output().trim().split('\n')).toEqual([expect.stringContaining('"msg":"line"'), 'ended with 0']);
  });
});
