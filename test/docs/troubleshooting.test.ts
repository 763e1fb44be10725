/** docs/troubleshooting.md against the code: what it quotes is what the service says, counts and reads. */
import { describe, expect, it } from '@jest/globals';
import * as gql from 'graphql';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { parse } from 'yaml';
import { STREAM_CLOSE_REASONS } from '../../src/call/event.js';
import { CALL_STATES, END_REASONS } from '../../src/call/state.js';
import { ERRORS } from '../../src/errors.js';
import { EVENT_FIELDS } from '../../src/events/log-sink.js';
import { createMetrics } from '../../src/events/metrics.js';
import { REFUSAL_REASONS } from '../../src/jwt/refusal.js';
import { LIMITS } from '../../src/limits.js';
import { LOG_FIELDS } from '../../src/server/log-fields.js';
import { VARIABLES } from '../../src/server/settings-table.js';
import { CLOSE_REASONS } from '../../src/server/websocket-codes.js';
import { ROOT } from '../support/process.js';

const read = (name: string): string => readFileSync(join(ROOT, name), 'utf8');
const page = read('docs/troubleshooting.md');
const contract = gql.buildSchema(read('schema/contract.graphql'), { assumeValidSDL: true });

const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.ts'),
);
const sources = files.map((name) => ts.createSourceFile(name, read(`src/${name}`), ts.ScriptTarget.Latest, true));

function literalsIn(node: ts.Node): string[] {
  const own = ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node) ? [node.text] : [];
  return [...own, ...node.getChildren().flatMap(literalsIn)];
}

const LEVELS = ['debug', 'info', 'warn', 'error', 'fatal', 'defect'];

/** The texts of `log.warn('…')` and the like; also where the text is a constant beside it, or a default. */
function logTexts(source: ts.SourceFile): string[] {
  const constants = new Map<string, string[]>();
  const texts: string[] = [];
  const visit = (node: ts.Node): void => {
    if ((ts.isVariableDeclaration(node) || ts.isParameter(node)) && node.initializer)
      constants.set(node.name.getText(), literalsIn(node.initializer));
    if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
      const { name, expression } = node.expression;
      if (LEVELS.includes(name.text) && /\blog(?:ger)?$/.test(expression.getText())) {
        const [text] =
          name.text === 'defect'
            ? node.arguments.slice(2)
            : expression.getText() === 'logger'
              ? node.arguments.slice(1)
              : node.arguments;
        if (text) texts.push(...(ts.isIdentifier(text) ? (constants.get(text.text) ?? []) : literalsIn(text)));
      }
    }
    node.forEachChild(visit);
  };
  visit(source);
  return texts;
}

const logged = new Set(sources.flatMap(logTexts));
/** Sentences of the code: reasons of problems, messages of answers. */
const sentences = new Set(sources.flatMap(literalsIn).filter((text) => /^[A-Z].* /.test(text)));
/** Words of the code, such as reasons of failures and names of dependencies. */
const words = new Set(sources.flatMap(literalsIn).filter((text) => /^[a-z][a-z_-]+$/.test(text)));
const metricText = await createMetrics().text();
const metrics = new Set([...metricText.matchAll(/^# TYPE (\w+) /gm)].map(([, name]) => String(name)));
const { groups } = parse(read('deploy/prometheus/rules.yaml')) as { groups: { rules: { alert: string }[] }[] };

const fields = Object.values(contract.getTypeMap()).flatMap((type) =>
  'getFields' in type && !type.name.startsWith('__') ? Object.keys(type.getFields()) : [],
);
const codes = new Set<string>([
  ...Object.keys(ERRORS),
  ...Object.keys(CLOSE_REASONS),
  ...[...read('schema/PROTOCOL.md').matchAll(/^\| ([A-Z]+(?:_[A-Z]+)+) \| \d{3} /gm)].map(([, code]) => String(code)),
]);
const known = new Set<string>([
  ...[...logged, ...sentences, ...words, ...metrics, ...codes, ...VARIABLES, ...END_REASONS, ...CALL_STATES],
  ...[...STREAM_CLOSE_REASONS, ...REFUSAL_REASONS, ...Object.keys(LIMITS), ...Object.keys(LOG_FIELDS), ...fields],
  ...[...Object.keys(EVENT_FIELDS), ...groups.flatMap(({ rules }) => rules.map(({ alert }) => alert))],
]);

/** Words of other programs and specifications, and of answers. */
const FOREIGN = [
  ...['/metrics', '/graphql', '/', '__schema', 'msg', 'kid', 'exp', 'x-gateway-secret', 'graphql-transport-ws'],
  ...['connection_init', 'proxy_http_version 1.1', 'voip-call-signaling', 'min-port', 'max-port', 'static-auth-secret'],
  ...['TURN_EXTERNAL_IP', 'MEDIA_FAILED', 'remoteStream', 'noeviction', 'rateLimit', 'error', 'error_code', 'stack'],
  ...['extensions.call', 'extensions.retryAfterSeconds', 'extensions.correlationId', 'status', 'dependencies'],
  ...['server.listen({ port, backlog: 4096 })', 'The server cannot start: …', 'createCallSignaling', 'attachWebSocket'],
  ...['createRedisAdapters', 'createJwtAuthenticator', 'createHttpDirectory', 'createHttpPolicy', 'createWebhook'],
  ...['onDefect', 'onFailure', 'onProblems', 'OptionsError', 'maxSockets', 'allowsOrigin', 'trustProxy'],
];

/** `SETTING=value` and `label="value"` are known by both sides. */
function isKnown(span: string): boolean {
  if (known.has(span) || FOREIGN.includes(span)) return true;
  const [, label = '', value = ''] = /^(\w+)="(\w+)"$/.exec(span) ?? [];
  if (label) return metricText.includes(`${label}="${value}"`) || (label === 'dependency' && words.has(value));
  const [, name = '', set = ''] = /^([A-Z_]+)=(\w+)$/.exec(span) ?? [];
  return VARIABLES.includes(name) && (words.has(set) || set === 'on');
}

const spansOf = (text: string): string[] =>
  [...text.replace(/\]\(\S+\)/g, ']').matchAll(/`([^`]+)`/g)].map(([, span]) => String(span).replace(/\s+/g, ' '));
const symptoms = page.split(/^## /m).slice(1);

describe('the page for who has a problem', () => {
  it('quotes nothing that the service does not say, count or read', () => {
    expect(spansOf(page).filter((span) => !isKnown(span))).toEqual([]);
    expect(FOREIGN.filter((word) => !spansOf(page).includes(word))).toEqual([]);
    const madeUp = [
      'A stream was lost',
      'call_relay_total',
      'REDIS_URI',
      'CALL_GONE',
      '4402',
      'end_reason="LOST"',
      'LOG_LEVEL=chatty',
    ];
    expect(madeUp.filter(isKnown)).toEqual([]);
  });

  it.each(symptoms.map((symptom) => [symptom.split('\n', 1)[0] ?? '', symptom]))(
    'says what shows it: %s',
    (_, symptom) => {
      const [, shown = ''] = /^\*\*Shows it:\*\* ([^]*?)\n\n/m.exec(symptom) ?? [];
      const shows = (span: string): boolean =>
        logged.has(span) || metrics.has(span) || codes.has(span) || span in EVENT_FIELDS;
      expect(spansOf(shown).filter(shows)).not.toEqual([]);
      for (const [, text = ''] of shown.matchAll(/\blogs? `([A-Z][^`]+)`/g))
        expect(logged).toContain(text.replace(/\s+/g, ' '));
      for (const [, name = ''] of shown.matchAll(/\bmetrics? `([^`]+)`/g)) expect(metrics).toContain(name);
    },
  );

  it('speaks of every warning and error of the server in production', () => {
    const IN_DEVELOPMENT = ['The development relay has ended'];
    const told = sources
      .filter(({ fileName }) => fileName.startsWith('server/'))
      .flatMap((source) =>
        [...source.text.matchAll(/log\.(?:warn|error)\(\s*'([^']+)'/g)].map(([, text]) => String(text)),
      );
    expect(told.length).toBeGreaterThan(5);
    const missing = told.filter((text) => !spansOf(page).includes(text) && !IN_DEVELOPMENT.includes(text));
    expect(missing).toEqual([]);
  });
});
