import { SCRIPT_SOURCES } from './scripts.generated.js';

/** Stands for any of ours: names of keys and channels begin alike. */
const ANY = 'voip:{any}';

/** What scripts do, as they say themselves. `TIME` takes no key. */
function inScripts(): readonly string[] {
  const named = Object.values(SCRIPT_SOURCES).flatMap((text) => [...text.matchAll(/redis\.p?call\('(\w+)'/g)]);
  return [...new Set(named.map(([, command = '']) => command))].filter((command) => command !== 'TIME').sort();
}

/** What is done beside scripts: connections, reads, and the scripts themselves. */
const ALWAYS = ['PING', 'TIME', 'ROLE', 'INFO', 'EVAL', 'EVALSHA', 'GET', 'HGETALL', 'ZRANGE', 'WAIT'];
const CHANNELS = {
  single: ['PUBLISH', 'SUBSCRIBE', 'UNSUBSCRIBE'],
  sharded: ['SPUBLISH', 'SSUBSCRIBE', 'SUNSUBSCRIBE', 'CLUSTER|SLOTS', 'ASKING'],
} as const;

/** The least that a key's or channel's command is sent with, so that the access list can judge it. */
const ARGUMENTS: Readonly<Record<string, string>> = {
  EVAL: 'return 0',
  EVALSHA: '0 0',
  UNSUBSCRIBE: '',
  SUNSUBSCRIBE: '',
  PUBLISH: `${ANY} m`,
  SPUBLISH: `${ANY} m`,
  'CLUSTER|SLOTS': '',
};
const KEYLESS: ReadonlySet<string> = new Set(['PING', 'TIME', 'ROLE', 'INFO', 'WAIT', 'ASKING']);

/** Every command that a user of Redis must be allowed, one line each, on keys and channels that begin with `voip:`. */
export function neededCommands({ sharded }: { readonly sharded: boolean }): readonly string[] {
  const commands = [...new Set([...ALWAYS, ...inScripts(), ...CHANNELS[sharded ? 'sharded' : 'single']])];
  return commands.map((command) => {
    const rest = ARGUMENTS[command] ?? (KEYLESS.has(command) ? '' : ANY);
    return `${command.replace('|', ' ')} ${rest}`.trim();
  });
}

/** A line of an access list (ACL SETUSER) that allows just that, for one server and for a cluster alike. */
export function aclRules(): string {
  const commands = [...new Set([...ALWAYS, ...inScripts(), ...CHANNELS.single, ...CHANNELS.sharded])];
  return ['~voip:*', '&voip:*', ...commands.map((command) => `+${command.toLowerCase()}`).sort()].join(' ');
}
