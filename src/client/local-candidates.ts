import { CallError } from './errors.js';
import type { IceCandidateInput } from './generated/types.js';

/** The protocol's `candidatesPerDescription`. */
const CANDIDATES_MAX = 200;

/**
 * How many of each kind go out as soon as they are found. Relay candidates are found last, and matter most: a machine with many
 * interfaces must not use their room up. What is over its share waits for the end, and gets the room that is left then; some is
 * left for the ends of media sections.
 */
const SHARES = { relay: 100, srflx: 30, host: 42, tcp: 20 } as const;
type Kind = keyof typeof SHARES;

/** Best first. */
const KINDS = Object.keys(SHARES) as readonly Kind[];

/** What a candidate line says (RFC 8839, section 5.1). */
interface Line {
  readonly kind: Kind;
  /** Two candidates with the same address and base are redundant (RFC 8445, section 5.1.3). */
  readonly address: string;
  readonly fragment: string | undefined;
}

/** This side's candidates: no more than the service takes for one description, and the best of them. */
export class LocalCandidates {
  readonly #send: (candidates: readonly IceCandidateInput[], endOfCandidates: boolean) => void;
  readonly #warn: (warning: CallError) => void;
  #fragment: string | null = null;
  #sent: Record<Kind | 'end', number> = noneSent();
  #addresses = new Set<string>();
  #waiting: { readonly kind: Kind; readonly candidate: IceCandidateInput }[] = [];
  #warned = false;

  /** @param warn told when candidates are left out */
  constructor(
    send: (candidates: readonly IceCandidateInput[], endOfCandidates: boolean) => void,
    warn: (warning: CallError) => void,
  ) {
    this.#send = send;
    this.#warn = warn;
  }

  /** @param description what is described now: another username fragment begins another count. */
  found(found: RTCIceCandidate | null, description: RTCSessionDescription | null): void {
    const fragment = /^a=ice-ufrag:(\S+)/m.exec(description?.sdp ?? '')?.[1] ?? null;
    if (fragment !== this.#fragment) this.#begin(fragment);
    if (found === null) return this.#end();
    const { candidate, sdpMid = null, sdpMLineIndex = null } = found;
    // Empty: the end for one media section.
    const line = candidate === '' ? null : parse(candidate);
    const usernameFragment = found.usernameFragment || line?.fragment || null;
    const input = { candidate, sdpMid, sdpMLineIndex, usernameFragment };
    if (line === null) return this.#total < CANDIDATES_MAX ? this.#go('end', input) : undefined;
    const address = `${sdpMid ?? sdpMLineIndex} ${line.address}`;
    if (this.#addresses.has(address)) return;
    this.#addresses.add(address);
    if (this.#sent[line.kind] < SHARES[line.kind]) this.#go(line.kind, input);
    else this.#waiting.push({ kind: line.kind, candidate: input });
  }

  get #total(): number {
    return Object.values(this.#sent).reduce((sum, count) => sum + count, 0);
  }

  #begin(fragment: string | null): void {
    this.#fragment = fragment;
    this.#sent = noneSent();
    this.#addresses = new Set();
    this.#waiting = [];
  }

  #end(): void {
    const best = KINDS.flatMap((kind) => this.#waiting.filter((waiting) => waiting.kind === kind));
    const room = CANDIDATES_MAX - this.#total;
    for (const { kind, candidate } of best.slice(0, room)) this.#go(kind, candidate);
    this.#send([], true);
    this.#waiting = [];
    const left = best.length - room;
    if (left <= 0 || this.#warned) return;
    this.#warned = true;
    const message = `${left} ICE candidates were left out: the service takes ${CANDIDATES_MAX} of a side and description.`;
    this.#warn(new CallError('CANDIDATES_LEFT_OUT', message));
  }

  #go(kind: Kind | 'end', candidate: IceCandidateInput): void {
    this.#sent[kind] += 1;
    this.#send([candidate], false);
  }
}

const noneSent = (): Record<Kind | 'end', number> => ({ relay: 0, srflx: 0, host: 0, tcp: 0, end: 0 });

/** `candidate:<foundation> <component> <transport> <priority> <address> <port> typ <type> …` */
function parse(candidate: string): Line {
  const [, component, transport = '', , host, port, , type, ...rest] = candidate.split(' ');
  const value = (name: string): string | undefined => rest[rest.indexOf(name) + 1 || rest.length];
  const kind =
    type === 'relay' ? 'relay' : transport.toLowerCase() === 'tcp' ? 'tcp' : type === 'host' ? 'host' : 'srflx';
  // Relayed addresses differ by their server; the base of others is their related address, or their own.
  const base = type === 'relay' ? '' : `${value('raddr') ?? ''} ${value('rport') ?? ''}`;
  return {
    kind,
    address: [component, transport, host, port, type, base].join(' '),
    fragment: value('ufrag'),
  };
}
