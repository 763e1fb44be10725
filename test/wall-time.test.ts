/**
 * What reads only `elapsed` cannot be touched by a change of the time, which clocks.test.ts shows. So the places that read
 * wall time are named here, and a new one has to be.
 */
import { expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './support/process.js';

/** Who reads wall time, and what for. A file that is not here asks for `elapsed`. */
const WALL: Readonly<Record<string, string>> = {
  'src/call/notifier.ts': 'tells devices until when a wake-up is of use',
  'src/call/stream.ts': 'exp of a token; when an event was told',
  'src/directory/last-known.ts': 'tells other processes when an answer was given',
  'src/events/webhook-message.ts': 'tells the receiver when it happened',
  'src/events/webhook.ts': 'signs the time of an attempt; reads dates of Retry-After',
  'src/identity/revocations.ts': 'compared with iat of tokens',
  'src/identity/session.ts': 'compared with exp and iat of tokens',
  'src/jwt/authenticator.ts': 'exp, iat and nbf of tokens',
  'src/memory/steady.ts': 'read once, at the start',
  'src/redis/redis.ts': 'only in tests, in place of the clock of Redis',
  'src/relay/kept-credentials.ts': 'tells other processes when credentials were given',
  'src/relay/service.ts': 'tells clients when credentials expire',
  'src/providers/shared-secret.ts': 'tells the TURN server until when a password is good',
  'src/server/development-token.ts': 'exp of a token',
  'src/server/revocations.ts': 'compared with the signed time of a request',
  'src/server/surroundings.ts': 'exp of tokens for development',
  'src/server/websocket-connection.ts': 'exp of a token',
};

it('wall time is read where people and tokens are told of it, and nowhere else', () => {
  const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.startsWith('client/'))
    .map((name) => `src/${name}`);
  const readers = files.filter((name) =>
    /\b\w*[cC]lock\.now\b|#clock\.now\b/.test(readFileSync(join(ROOT, name), 'utf8')),
  );
  expect(readers.sort()).toEqual(Object.keys(WALL).sort());
});
