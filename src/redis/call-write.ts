import type { Call } from '../call/call.js';
import type { CallWrite, StartRecord } from '../call/ports.js';
import type { Cipher } from './cipher.js';
import type { Names } from './names.js';

type Arg = string | number | Buffer;

/** @returns the keys of one call in a commit, in the order that its script names */
export function keysOf(pairTag: string, { id, startKeys }: Call, names: Names): readonly string[] {
  return [names.call(id), names.log(id), ...startKeys.map((key) => names.start(pairTag, key))];
}

/** @returns the arguments of one call in a commit, in the order that its script names */
export function argsOf(
  { call, expectedVersion, entries, dropped, expiresAt }: CallWrite,
  { cipher, names }: { readonly cipher: Cipher; readonly names: Names },
): readonly Arg[] {
  const [callAt, logAt] = [names.call(call.id), names.log(call.id)];
  const seal = (value: unknown, key: string, field: string, position: number): Buffer =>
    cipher.seal(JSON.stringify(value), { key, field, position });
  return [
    expectedVersion,
    call.startKeys.length,
    expiresAt ?? '',
    seal(call, callAt, 'call', expectedVersion + 1),
    dropped.join(' '),
    entries[0]?.position ?? 0,
    call.purged ? -1 : entries.length,
    ...(call.purged ? [] : entries.map((entry) => seal(entry, logAt, 'entry', entry.position))),
  ];
}

/** @returns bytes of the call itself, as it stands in the arguments of a write */
export function sealedSize(args: readonly Arg[] = []): number {
  return args.find((arg) => typeof arg === 'object')?.length ?? 0;
}

export function sealedRecord(record: StartRecord, key: string, cipher: Cipher): Buffer {
  return cipher.seal(JSON.stringify(record), { key, field: 'record', position: 0 });
}
