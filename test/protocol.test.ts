/** schema/PROTOCOL.md against the code, both ways: its tables, its words and its operations. */
import { ApolloServerErrorCode } from '@apollo/server/errors';
import { describe, expect, it } from '@jest/globals';
import * as gql from 'graphql';
import { readFileSync } from 'node:fs';
import { MAX_LEGS } from '../src/call/call.js';
import { CURSOR_CALLS } from '../src/call/cursor.js';
import { DEADLINES, dueAt, expiresAt, remainingMs } from '../src/call/deadline.js';
import { endCall } from '../src/call/end.js';
import { STREAM_CLOSE_REASONS } from '../src/call/event.js';
import { MAX_RECENT_CALLS } from '../src/call/input.js';
import { newCall } from '../src/call/start.js';
import { ACTIONS, ACTORS, CALL_STATES, END_REASONS, moveOf, MOVES } from '../src/call/state.js';
import { ERRORS } from '../src/errors.js';
import { createMasker } from '../src/graphql/errors.js';
import { documentLimits, parseLimits } from '../src/graphql/rules.js';
import { CLIENT_CALL_ID, LIMITS } from '../src/limits.js';
import { CLOSE_REASONS, ENDINGS } from '../src/server/websocket-codes.js';
import { ALICE, candidate, startInput, World } from './call/world.js';

const read = (name: string): string => readFileSync(new URL(`../schema/${name}`, import.meta.url), 'utf8');
const text = read('PROTOCOL.md');
const contract = gql.buildASTSchema(gql.parse(read('contract.graphql')), { assumeValidSDL: true });
const roots = [contract.getQueryType(), contract.getMutationType(), contract.getSubscriptionType()];
const operations = roots.flatMap((type) => Object.values(type?.getFields() ?? {}));

type Row = Readonly<Record<string, string>>;

/** The tables between a heading and the next one; cells without their backticks. */
function tablesUnder(heading: string): Row[][] {
  const section = text.split(/^#+ /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
  return [...section.matchAll(/(?:^\|.*\n)+/gm)].map(([table]) => {
    const lines = table.replaceAll('`', '').trim().split('\n');
    const [head = [], , ...rows] = lines.map((row) => row.split('|').map((cell) => cell.trim()));
    return rows.map((row) => Object.fromEntries(row.map((cell, i) => [head[i], cell])));
  });
}

function differences(documented: readonly string[], actual: readonly string[]): string[] {
  return [
    ...documented.filter((said) => !actual.includes(said)).map((said) => `only in the text: ${said}`),
    ...actual.filter((said) => !documented.includes(said)).map((said) => `only in the code: ${said}`),
    ...documented.filter((said, i) => documented.indexOf(said) !== i).map((said) => `twice in the text: ${said}`),
  ];
}

/** A table, the columns of it that the code has too, and what the code has there. */
const check = (heading: string, columns: string, actual: readonly string[], table = 0) =>
  [
    `${heading}: ${columns}`,
    { rows: tablesUnder(heading)[table] ?? [], columns: columns.split(', '), actual },
  ] as const;
type Check = ReturnType<typeof check>[1];

/** Columns whose cells hold several things, each of which makes a line of its own. */
const LISTS = ['state', 'action', 'actor', 'in state', 'fields', 'mutation'];
const line = (...cells: readonly (string | number)[]): string => cells.join(' · ');

function linesOf(row: Row, columns: readonly string[]): string[] {
  const cells = columns.map((column) => (row[column] ?? '').split(LISTS.includes(column) ? ', ' : '\n'));
  const lines = cells.reduce<string[][]>((done, parts) => done.flatMap((l) => parts.map((part) => [...l, part])), [[]]);
  return lines.map(([first = '', ...rest]) => line(first, ...rest.map((cell) => (cell === 'stays' ? first : cell))));
}

function compare({ rows, columns, actual }: Check): string[] {
  const documented = rows.flatMap((row) => linesOf(row, columns));
  return differences(documented, actual);
}

const yesNo = (is: boolean): string => (is ? 'yes' : 'no');
const counted = (n: number): string => n.toLocaleString('en-US');
const lasting = (ms: number | null): string => (ms === 86_400_000 ? '24 h' : `${Number(ms) / 1_000} s`);

/** How long a signal waits for the one before it. */
async function gapWaitMs(): Promise<number> {
  const world = new World();
  const { callId } = await world.callUpTo('CONNECTING');
  const from = world.clock.now();
  const signal = { callId, clientSeq: 2, candidates: [candidate(1)], endOfCandidates: false };
  const send = async (): Promise<unknown> => world.calls.sendIceCandidates(ALICE, signal);
  const refused = send().catch(() => world.clock.now() - from);
  await world.clock.advance(10_000);
  await world.stop();
  return Number(await refused);
}

const ring = { targets: [], silent: false, accountWoken: false };
const begun = newCall('tag.id', 'offer', 'key', ALICE, startInput('bob'), ring, 0);
const over = endCall(begun, 0, 'CANCELLED', 'CALLER').call;
const times = [
  line('shown ringing', lasting(remainingMs(begun.call, { now: 0, outages: [] }))),
  line('content after the end', lasting(dueAt(over))),
  line('tombstone after the end', lasting(expiresAt(over))),
  line('gap in clientSeq', lasting(await gapWaitMs())),
];

const moves = CALL_STATES.flatMap((state) =>
  Object.entries(MOVES[state]).flatMap(([action, { to, by, reason = '-' }]) =>
    by.map((actor) => line(state, action, actor, to, reason)),
  ),
);

const deadlines = DEADLINES.flatMap(({ action, ms, afterOutage }) => {
  const then = afterOutage === 'resume' ? 'goes on' : 'starts again';
  const reasons = CALL_STATES.map((state) => ({ state, reason: moveOf(state, action, 'SERVER')?.reason }));
  return reasons.flatMap(({ state, reason }) => (reason ? [line(action, state, lasting(ms), reason, then)] : []));
});

const closings = STREAM_CLOSE_REASONS.map((reason) =>
  line(reason, reason === 'TAKEN_OVER' ? 'complete' : `close ${ENDINGS[reason].code}`),
);

/** Those without words are given by the WebSocket implementation. */
const closeCodes = Object.entries({ 1008: '-', ...CLOSE_REASONS }).map((row) => line(...row));

const limits = Object.entries(LIMITS).map(([name, limit]) =>
  line(name, typeof limit === 'number' ? counted(limit) : `${limit.min} to ${limit.max}`),
);

const bounds = [
  line('clientCallId', CLIENT_CALL_ID.source.slice(1, -1)),
  line('legs of a call', MAX_LEGS),
  line('first of recentCalls', `1 to ${MAX_RECENT_CALLS}`),
  line('calls named by a cursor', CURSOR_CALLS),
];

const rateLimits = operations.map(({ name, astNode }) => {
  const directive = contract.getDirective('rateLimit');
  const { bucket, max, windowSeconds, scope } = gql.getDirectiveValues(directive!, astNode!) as Record<string, string>;
  return line(`${bucket}`, name, counted(Number(max)), `${windowSeconds} s`, `${scope}`);
});

const errors = Object.entries(ERRORS).map(([code, { status, message, retryable }]) =>
  line(code, status, code === 'CALL_INPUT_INVALID' ? '(the field and its limit)' : message, yesNo(retryable)),
);

/** The names that GraphQL servers give to errors of requests. */
const REQUEST_CODES = [...Object.values(ApolloServerErrorCode), 'QUERY_NOT_IN_SAFELIST'];

/** What is sent for each of them, where it keeps its own name. */
const requestErrors = REQUEST_CODES.flatMap((thrown) => {
  const mask = createMasker({ onDefect: () => {} });
  const error = thrown === ApolloServerErrorCode.INTERNAL_SERVER_ERROR ? new Error('') : new gql.GraphQLError('');
  const { code, status, retryable } = mask({ message: '', extensions: { code: thrown } }, error).extensions ?? {};
  return code === thrown ? [line(thrown, `${status}`, yesNo(retryable === true))] : [];
});

/** Every input, as the contract has it. */
const inputs = Object.values(contract.getTypeMap())
  .filter(gql.isInputObjectType)
  .flatMap((type) =>
    Object.values(type.getFields()).map((field) => {
      const without = field.defaultValue === undefined ? '' : ` = ${field.defaultValue}`;
      return line(type.name, field.name, `${field.type}${without}`);
    }),
  );

const CHECKS = [
  check('Inputs', 'input, field, type', inputs),
  check('A call', 'state', CALL_STATES),
  check('Actors', 'actor', ACTORS),
  check('Actions', 'action', ACTIONS),
  check('Moves', 'state, action, actor, to, reason', moves),
  check('Deadlines', 'action, in state, after, ends with, after an outage', deadlines),
  check('Deadlines', 'what, lasts', times, 1),
  check('End reasons', 'reason', END_REASONS),
  check('What a client does', 'mutation', Object.keys(contract.getMutationType()?.getFields() ?? {})),
  check('How a stream ends', 'reason, then', closings),
  check('Close codes', 'code, reason', closeCodes),
  check('Limits', 'name, limit', limits),
  check('Limits', 'what, bound', bounds, 1),
  check('Rate limits', 'bucket, fields, at most, window, for each', rateLimits),
  check('Errors', 'code, status, message, retry', errors),
  check('Errors', 'code, status, retry', requestErrors, 1),
];

describe('the tables of the protocol', () => {
  it.each(CHECKS)('say what the code says: %s', (_name, checked) => {
    expect(compare(checked)).toEqual([]);
  });

  it.each(CHECKS)('differ from the code as soon as a row is missing, doubled or changed: %s', (_name, checked) => {
    const { rows, columns, actual } = checked;
    for (const [i, row] of rows.entries()) {
      const changed = columns.map((column) => rows.with(i, { ...row, [column]: `${row[column]}0` }));
      for (const wrong of [rows.toSpliced(i, 1), [...rows, row], ...changed])
        expect(compare({ ...checked, rows: wrong })).not.toEqual([]);
    }
    expect(compare({ ...checked, actual: [...actual, 'new'] })).toEqual(['only in the code: new']);
  });
});

/** Words of other specifications, of libraries and of errors that the text puts in code spans. */
const FOREIGN = [
  ...['extensions', 'code', 'status', 'retryable', 'retryAfterSeconds', 'expectedClientSeq', 'correlationId', 'data'],
  ...['graphql-transport-ws', 'connection_init', 'error', 'complete', 'pong', 'application/graphql-response+json'],
  ...['Retry-After', 'authorization', 'exp', 'v=0', CLIENT_CALL_ID.source.slice(1, -1), 'retryable: true'],
  ...['RTCPeerConnection', 'iceTransportPolicy', 'shouldRetry', 'retryAttempts', 'retryWait'],
  ...['operationName', 'subscribe'],
  ...['/graphql', '!', 'a=', 'next', 'ping', 'errors', 'AUDIO', 'VIDEO', 'callSocket', 'extensions.retryable'],
  'ws://127.0.0.1:4000/graphql',
  ...['Sec-WebSocket-Protocol: graphql-transport-ws', '2026-01-01T12:00:00.000Z'],
];
const ABBREVIATIONS = ['ASCII', 'HTTP', 'ICE', 'JSON', 'NUL', 'POST', 'RFC', 'TURN', 'UTC', 'UTF', 'UUID'];

/** What a field or argument may be, where all of it is known. */
function valuesOf(type: gql.GraphQLType): string[] {
  const named = gql.getNamedType(type);
  if (gql.isEnumType(named)) return named.getValues().map(({ name }) => name);
  return named.name === 'Boolean' ? ['true', 'false'] : [];
}

/** What the contract has, as the text writes it: `name`, `Type.name`, `name: value`. */
const contractWords = Object.values(contract.getTypeMap()).flatMap((type) => {
  const fields = 'getFields' in type && !type.name.startsWith('__') ? Object.values(type.getFields()) : [];
  const named = fields.flatMap((field) => [field, ...('args' in field ? field.args : [])]);
  const worded = named.flatMap((one) => [one.name, ...valuesOf(one.type).map((value) => `${one.name}: ${value}`)]);
  return [type.name, ...valuesOf(type), ...worded, ...fields.map(({ name }) => `${type.name}.${name}`)];
});
const known = new Set([...contractWords, ...FOREIGN]);
const isKnown = (span: string): boolean =>
  known.has(span) || (/^[a-z]\w*\.\w+$/.test(span) && span.split('.').every((word) => known.has(word)));

const prose = text.replace(/^```[^]*?^```/gm, '').replace(/\]\(\S+\)/g, ']');
const spans = [...prose.matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span);

describe('the words of the protocol', () => {
  it('in code spans are those of the contract, or foreign ones', () => {
    expect(spans.filter((span) => !isKnown(span))).toEqual([]);
    const used = spans.flatMap((span) => [span, ...span.split('.')]);
    expect(FOREIGN.filter((word) => !used.includes(word))).toEqual([]);
    const madeUp = ['callEvent', 'StreamReady.ready', 'state: GONE', 'polite: yes', 'reason: COMPLETED', 'a.b'];
    expect(madeUp.filter(isKnown)).toEqual([]);
  });

  it('in capitals are those of the contract, error codes or actors', () => {
    const codes = [...Object.keys(ERRORS), ...REQUEST_CODES];
    const capitals = prose.match(/\b[A-Z][A-Z_]{2,}\b/g) ?? [];
    const all: readonly string[] = [...contractWords, ...codes, ...ACTORS, ...ABBREVIATIONS];
    expect(capitals.filter((word) => !all.includes(word))).toEqual([]);
  });
});

describe('the operations of the protocol', () => {
  const sources = [...text.matchAll(/^```graphql\n([^]*?)^```/gm)].map(([, source = '']) => source);
  const documents = sources.map((source) => gql.parse(source, parseLimits));
  const rules = [...gql.specifiedRules, ...documentLimits];

  it('are valid, and within the limits', () => {
    expect(documents.flatMap((document) => gql.validate(contract, document, rules))).toEqual([]);
    expect(gql.validate(contract, gql.parse('{ openCalls { colour } }'), rules)).toHaveLength(1);
  });

  it('are all that the contract has', () => {
    const definitions = documents.flatMap((document) => document.definitions);
    const selections = definitions.flatMap((one) => ('operation' in one ? one.selectionSet.selections : []));
    const asked = selections.map((one) => ('name' in one ? one.name.value : ''));
    const offered = operations.map(({ name }) => name);
    expect(differences(asked, offered)).toEqual([]);
  });
});
