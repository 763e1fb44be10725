import { createSocket, type RemoteInfo } from 'node:dgram';
import { once } from 'node:events';

/** A DNS server on UDP that answers as it is told to. */
export interface FakeDns {
  /** `127.0.0.1:port`, as `dns.servers` takes it. */
  readonly address: string;
  /** Replaces what is known of all names. Names that are not in it do not exist. */
  setZone(zone: FakeZone): void;
  /** Every question, oldest first, for example `A turn.example.com`. */
  readonly queries: readonly string[];
  close(): Promise<void>;
}

export type FakeZone = Readonly<Record<string, { readonly A?: FakeRecords; readonly AAAA?: FakeRecords }>>;

/** Left out: the name exists, but has no records of this type. */
export type FakeRecords =
  { readonly addresses: readonly string[]; readonly ttlSeconds: number } | 'nxdomain' | 'servfail' | 'silent';

const TYPES: Readonly<Record<number, 'A' | 'AAAA'>> = { 1: 'A', 28: 'AAAA' };
const RCODES = { ok: 0, servfail: 2, nxdomain: 3 };

export async function startFakeDns(): Promise<FakeDns> {
  const socket = createSocket('udp4');
  const queries: string[] = [];
  let zone: FakeZone = {};

  socket.on('message', (message: Buffer, from: RemoteInfo) => {
    const { name, type, question } = parseQuestion(message);
    const typeName = TYPES[type];
    if (typeName === undefined) return;
    queries.push(`${typeName} ${name}`);
    const host = zone[name];
    const records = host === undefined ? 'nxdomain' : host[typeName];
    if (records !== 'silent') socket.send(response(message, question, type, records), from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');

  return {
    address: `127.0.0.1:${socket.address().port}`,
    queries,
    setZone: (next) => {
      zone = next;
    },
    close: async () => {
      socket.close();
      await once(socket, 'close');
    },
  };
}

/** The one question of a message (RFC 1035, section 4.1.2). */
function parseQuestion(message: Buffer): { name: string; type: number; question: Buffer } {
  const labels: string[] = [];
  let at = 12;
  for (let length = message.readUInt8(at); length > 0; length = message.readUInt8(at)) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += length + 1;
  }
  const end = at + 5;
  return {
    name: labels.join('.').toLowerCase(),
    type: message.readUInt16BE(at + 1),
    question: message.subarray(12, end),
  };
}

function response(message: Buffer, question: Buffer, type: number, records: FakeRecords | undefined): Buffer {
  const found = typeof records === 'object' ? records : { addresses: [], ttlSeconds: 0 };
  const header = Buffer.alloc(12);
  header.writeUInt16BE(message.readUInt16BE(0), 0);
  header.writeUInt16BE(0x8580 | RCODES[records === 'nxdomain' || records === 'servfail' ? records : 'ok'], 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(found.addresses.length, 6);
  const answers = found.addresses.map((address) => {
    const data = addressBytes(address);
    const record = Buffer.alloc(12);
    record.writeUInt16BE(0xc00c, 0); // the name of the question
    record.writeUInt16BE(type, 2);
    record.writeUInt16BE(1, 4);
    record.writeUInt32BE(found.ttlSeconds, 6);
    record.writeUInt16BE(data.length, 10);
    return Buffer.concat([record, data]);
  });
  return Buffer.concat([header, question, ...answers]);
}

/** IPv4 in decimal; IPv6 in groups of hexadecimal, `::` allowed, no IPv4 within. */
function addressBytes(address: string): Buffer {
  if (!address.includes(':')) return Buffer.from(address.split('.').map(Number));
  const [head = '', tail = ''] = address.split('::');
  const groups = (text: string): number[] => (text === '' ? [] : text.split(':').map((group) => parseInt(group, 16)));
  const [before, after] = [groups(head), groups(tail)];
  const all = [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after];
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 255]));
}
