/** docs/webhooks.md against the code: its tables have the fields of each message, and its examples are messages. */
import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WakeUp } from '../../src/call/ports.js';
import { EVENT_FIELDS } from '../../src/events/log-sink.js';
import { eventMessage, wakeUpMessage } from '../../src/events/webhook-message.js';
import type { SignalingEvent } from '../../src/ports.js';
import { ROOT } from '../support/process.js';
import { blocksOf } from './blocks.js';

const page = readFileSync(join(ROOT, 'docs/webhooks.md'), 'utf8');
const blocks = blocksOf('docs/webhooks.md');

interface Body {
  readonly type: string;
  readonly timestamp: string;
  readonly data: Readonly<Record<string, unknown>>;
}
const bodies = blocks.flatMap(({ language, text }): Body[] =>
  language === 'json'
    ? [JSON.parse(text)]
    : text
        .trim()
        .split('\n')
        .map((line): Body => JSON.parse(line)),
);

/** What the code makes of the values of an example. */
function bodyOf({ type, timestamp, data }: Body): unknown {
  const clock = { now: () => Date.parse(timestamp), elapsed: () => 0 };
  const { body } =
    type === 'call.wake'
      ? wakeUpMessage({ ...data, expiresAt: Date.parse(String(data['expiresAt'])) } as unknown as WakeUp, clock)
      : eventMessage({ ...data, event: type } as unknown as SignalingEvent, clock);
  return JSON.parse(body);
}

/** The rows of tables under a heading, without their heads. */
function rowsUnder(heading: string): readonly (readonly string[])[] {
  const section = page.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
  const rows = [...section.matchAll(/^\| (`|\|).*$/gm)].map(([row]) => row.split('|').map((cell) => cell.trim()));
  return rows.map((cells) => cells.slice(1, -1).map((cell) => cell.replaceAll('`', '')));
}

describe('the messages of webhooks', () => {
  it('are all shown, as the code makes them', () => {
    expect(bodies.map(({ type }) => type).sort()).toEqual(['call.wake', ...Object.keys(EVENT_FIELDS)].sort());
    for (const body of bodies) expect(bodyOf(body)).toEqual(body);
  });

  it('have the fields of the tables', () => {
    const named = (heading: string): string[] => rowsUnder(heading).map(([field = '']) => field);
    const fieldsOf = (type: string): string[] => Object.keys(bodies.find((body) => body.type === type)?.data ?? {});
    expect(named('call.wake')).toEqual(fieldsOf('call.wake'));
    expect(named('call.started, call.answered, call.ended')).toEqual(EVENT_FIELDS['call.ended']);
    const relay: Record<string, string[]> = {};
    let type = '';
    for (const [first = '', , field = ''] of rowsUnder('call_relay')) {
      if (first !== '') type = first;
      (relay[type] ??= []).push(field);
    }
    expect(relay).toEqual(
      Object.fromEntries(Object.entries(EVENT_FIELDS).filter(([name]) => name.startsWith('call_relay.'))),
    );
  });
});
