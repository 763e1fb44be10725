import { createHash, createHmac, randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv4 } from 'node:net';

/** As much of TURN (RFC 8656) as asks for a relay and for permissions; nothing is ever sent to a peer. */
export interface TurnClient {
  /** The IPv4 address that peers are told; null of another family. */
  readonly relayed: string | null;
  /** @returns the error code of the answer; null: permitted */
  permit(peer: string): Promise<number | null>;
  close(): void;
}

const METHODS = { allocate: 0x0003, createPermission: 0x0008 };
const ATTRIBUTES = {
  username: 0x06,
  integrity: 0x08,
  error: 0x09,
  peer: 0x12,
  relayed: 0x16,
  realm: 0x14,
  nonce: 0x15,
  family: 0x17,
  transport: 0x19,
};
const COOKIE = Buffer.from('2112a442', 'hex');

type Attribute = readonly [type: number, value: Buffer];

/** Allocates a relay of a family on a TURN server at 127.0.0.1. @throws Error it is refused */
export async function allocate(
  port: number,
  { username, credential }: { readonly username: string; readonly credential: string },
  family: 4 | 6,
): Promise<TurnClient> {
  const socket = createSocket('udp4');
  let key: Buffer | null = null;
  let session: readonly Attribute[] = [];

  async function ask(method: number, given: readonly Attribute[], id = randomBytes(12)): Promise<Map<number, Buffer>> {
    const request = message(method, id, [...given, ...session], key);
    const send = (): void => socket.send(request, port, '127.0.0.1');
    const again = setInterval(send, 500);
    send();
    try {
      for (;;) {
        const [answer] = (await once(socket, 'message')) as [Buffer];
        if (answer.subarray(8, 20).equals(id)) return attributesOf(answer);
      }
    } finally {
      clearInterval(again);
    }
  }

  const wanted: readonly Attribute[] = [
    [ATTRIBUTES.transport, Buffer.from([17, 0, 0, 0])],
    [ATTRIBUTES.family, Buffer.from([family === 4 ? 1 : 2, 0, 0, 0])],
  ];
  const challenge = await ask(METHODS.allocate, wanted);
  const [realm, nonce] = [challenge.get(ATTRIBUTES.realm), challenge.get(ATTRIBUTES.nonce)];
  if (!realm || !nonce) throw new Error('the TURN server did not ask who it is');
  key = createHash('md5').update(`${username}:${realm.toString()}:${credential}`).digest();
  session = [
    [ATTRIBUTES.username, Buffer.from(username)],
    [ATTRIBUTES.realm, realm],
    [ATTRIBUTES.nonce, nonce],
  ];
  const allocated = await ask(METHODS.allocate, wanted);
  const code = errorOf(allocated);
  if (code !== null) throw new Error(`the TURN server refuses an allocation: ${code}`);
  return {
    relayed: family === 4 ? unmasked(allocated.get(ATTRIBUTES.relayed)) : null,
    permit: async (peer) => {
      const id = randomBytes(12);
      return errorOf(await ask(METHODS.createPermission, [[ATTRIBUTES.peer, xorAddress(peer, id)]], id));
    },
    close: () => socket.close(),
  };
}

/** RFC 8489, sections 5 and 14.5. */
function message(method: number, id: Buffer, attributes: readonly Attribute[], key: Buffer | null): Buffer {
  const body = Buffer.concat(attributes.map(encoded));
  if (key === null) return Buffer.concat([header(method, body.length, id), body]);
  const signed = Buffer.concat([header(method, body.length + 24, id), body]);
  return Buffer.concat([signed, encoded([ATTRIBUTES.integrity, createHmac('sha1', key).update(signed).digest()])]);
}

function header(method: number, length: number, id: Buffer): Buffer {
  const start = Buffer.alloc(4);
  start.writeUInt16BE(method, 0);
  start.writeUInt16BE(length, 2);
  return Buffer.concat([start, COOKIE, id]);
}

function encoded([type, value]: Attribute): Buffer {
  const start = Buffer.alloc(4);
  start.writeUInt16BE(type, 0);
  start.writeUInt16BE(value.length, 2);
  return Buffer.concat([start, value, Buffer.alloc((4 - (value.length % 4)) % 4)]);
}

function attributesOf(answer: Buffer): Map<number, Buffer> {
  const found = new Map<number, Buffer>();
  for (let at = 20; at + 4 <= answer.length;) {
    const length = answer.readUInt16BE(at + 2);
    found.set(answer.readUInt16BE(at), answer.subarray(at + 4, at + 4 + length));
    at += 4 + Math.ceil(length / 4) * 4;
  }
  return found;
}

/** XOR-MAPPED-ADDRESS of IPv4 (RFC 8489, section 14.2). */
function unmasked(value: Buffer | undefined): string | null {
  return value ? [...value.subarray(4, 8)].map((byte, n) => byte ^ Number(COOKIE[n])).join('.') : null;
}

function errorOf(attributes: Map<number, Buffer>): number | null {
  const error = attributes.get(ATTRIBUTES.error);
  return error ? (error[2] ?? 0) * 100 + (error[3] ?? 0) : null;
}

/** XOR-PEER-ADDRESS (RFC 8489, section 14.2), of port 9. */
function xorAddress(address: string, id: Buffer): Buffer {
  const mask = Buffer.concat([COOKIE, id]);
  const bytes = isIPv4(address) ? Buffer.from(address.split('.').map(Number)) : ipv6Bytes(address);
  const start = Buffer.from([0, bytes.length === 4 ? 1 : 2, 0x21, 0x12 ^ 9]);
  return Buffer.concat([start, bytes.map((byte, i) => byte ^ (mask[i] ?? 0))]);
}

function ipv6Bytes(address: string): Buffer {
  const [head = '', tail] = address.split('::');
  const groups = (text: string): string[] =>
    (text === '' ? [] : text.split(':')).map((group) => group.padStart(4, '0'));
  const [first, last] = [groups(head), groups(tail ?? '')];
  const zeros = Array<string>(8 - first.length - last.length).fill('0000');
  return Buffer.from([...first, ...zeros, ...last].join(''), 'hex');
}
