import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { SCRIPT_SOURCES } from '../../src/redis/scripts.generated.js';

const DIRECTORY = new URL('../../src/redis/', import.meta.url);
const FILES = readdirSync(DIRECTORY).filter((name) => name.endsWith('.lua'));
const read = (name: string): string => readFileSync(new URL(name, DIRECTORY), 'utf8');

/** Commands that work on no key. */
const KEYLESS = ['TIME'];

/** What a command is given as its key: one of KEYS, or each of them in turn. */
const isDeclared = (key: string, source: string): boolean =>
  /^KEYS\[[^\]]+\]+$/.test(key) || (key === 'key' && source.includes('key in ipairs(KEYS)'));

/** Redis Cluster, Dragonfly and Valkey run a script where the keys are that it was called with. */
function undeclared(source: string): readonly string[] {
  const calls = [...source.matchAll(/redis\.p?call\(\s*([^,)]+)(?:,\s*(\w+(?:\[[^,)]+\])?[^,)]*))?/g)];
  return calls
    .filter(([, command = '']) => !KEYLESS.includes(command.replaceAll("'", '')))
    .filter(([, , key = '']) => !isDeclared(key.trim(), source))
    .map(([call]) => call);
}

describe('scripts', () => {
  it('are in the code as they stand in their files', () => {
    const texts = Object.fromEntries(FILES.map((name) => [name.slice(0, -'.lua'.length), read(name)]));
    expect(SCRIPT_SOURCES).toEqual(texts);
  });

  it.each(FILES)('%s touches only keys that it was given', (name) => {
    expect(undeclared(read(name))).toEqual([]);
  });

  it.each([
    "redis.call('GET', 'voip:x')",
    "redis.call('GET', ARGV[3])",
    "redis.call('HMGET', ARGV[3] .. name, 'call')",
    "redis.call('SET', KEYS[1] .. ':more', 1)",
    'redis.call(ARGV[3], KEYS[1] .. name)',
    "local key = 'x' .. ARGV[1]; redis.pcall('GET', key)",
  ])('one that makes up a key is found: %s', (source) => {
    expect(undeclared(source)).toHaveLength(1);
  });
});
