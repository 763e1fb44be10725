import { LIMITS } from '../limits.js';
import type { Call, CallRole, Logged, Outbox, Section } from './call.js';
import { withLeg } from './call.js';
import { invalid } from './input.js';
import type { Change, LogEntry } from './log.js';

/** Superseded descriptions of a side, and changes of state, that a log holds at most: more than may wait for a device. */
const SUPERSEDED_HELD = LIMITS.liveEventsWaiting + 64;
const STATES_HELD = LIMITS.liveEventsWaiting + 64;

/** @returns bytes of UTF-8 that the entries take as they are kept */
function sizeOf(entries: readonly LogEntry[]): number {
  return entries.reduce((sum, entry) => sum + Buffer.byteLength(JSON.stringify(entry), 'utf8'), 0);
}

function sectionOf(of: number, entries: readonly LogEntry[]): Section {
  return { of, positions: entries.map(({ position }) => position), bytes: sizeOf(entries) };
}

/** Notes a description, the first of the entries: what its sender sends from here on goes with it. */
export function begun(logged: Logged, entries: readonly LogEntry[]): Logged {
  if (entries.length === 0) return logged;
  const latest = entries[0]?.position ?? logged.latest;
  return { ...logged, latest, sections: [...logged.sections, sectionOf(latest, entries)] };
}

/** Notes candidates for the latest description. */
export function added(logged: Logged, entries: readonly LogEntry[]): Logged {
  if (entries.length === 0) return logged;
  const more = sectionOf(logged.latest, entries);
  const last = logged.sections.at(-1);
  const known = last?.of === more.of ? last : { of: more.of, positions: [], bytes: 0 };
  const section = { of: more.of, positions: [...known.positions, ...more.positions], bytes: known.bytes + more.bytes };
  return { ...logged, sections: [...logged.sections.filter(({ of }) => of !== more.of), section] };
}

/** An exchange was completed: this description of its is the current one. */
export function exchanged(logged: Logged, position: number): Logged {
  return { ...logged, current: position, latest: position };
}

/** The pending offer was taken back; what says so is superseded as soon as it is said. */
export function takenBack(logged: Logged, entries: readonly LogEntry[]): Logged {
  return { ...begun(logged, entries), latest: logged.current };
}

/** Sets what the party on a side has in the log. */
export function withLogged(call: Call, role: CallRole, change: (logged: Logged) => Logged): Call {
  const changed = (outbox: Outbox): Outbox => ({ ...outbox, logged: change(outbox.logged) });
  if (role === 'CALLER') return { ...call, caller: { ...call.caller, outbox: changed(call.caller.outbox) } };
  const winner = call.legs.find((leg) => leg.deviceId === call.winner);
  return winner ? withLeg(call, winner.deviceId, { outbox: changed(winner.outbox) }) : call;
}

function loggedOf(call: Call, role: CallRole): readonly Logged[] {
  return role === 'CALLER' ? [call.caller.outbox.logged] : call.legs.map((leg) => leg.outbox.logged);
}

function isCurrent({ current, latest }: Logged, { of }: Section): boolean {
  return of === current || of === latest;
}

function supersededOf(call: Call, role: CallRole): Section[] {
  const superseded: Section[] = [];
  for (const logged of loggedOf(call, role))
    for (const section of logged.sections) if (!isCurrent(logged, section)) superseded.push(section);
  return superseded.sort((a, b) => a.of - b.of);
}

/** Asked with each signal. @returns bytes of a side in the log: all, or of what is current */
function bytesIn(call: Call, role: CallRole, current: boolean): number {
  let bytes = 0;
  for (const logged of loggedOf(call, role))
    for (const section of logged.sections) if (!current || isCurrent(logged, section)) bytes += section.bytes;
  return bytes;
}

/** @returns bytes that the log holds of a side, superseded ones included */
export function bytesOf(call: Call, role: CallRole): number {
  return bytesIn(call, role, false);
}

/** @throws SignalingError CALL_INPUT_INVALID: what is current of this side is more than a log holds */
export function checkRoom(call: Call, role: CallRole, field: string): void {
  if (bytesIn(call, role, true) > LIMITS.logBytesPerSide)
    throw invalid(field, `at most ${LIMITS.logBytesPerSide} bytes of current descriptions and candidates of one side`);
}

function without(logged: Logged, gone: ReadonlySet<Section>): Logged {
  return { ...logged, sections: logged.sections.filter((section) => !gone.has(section)) };
}

function trimSide<C extends Change>(change: C, role: CallRole, held: number): C {
  const { call } = change;
  const superseded = supersededOf(call, role);
  if (superseded.length === 0) return change;
  let bytes = bytesOf(call, role);
  const gone = new Set<Section>();
  for (const section of superseded) {
    if (bytes <= held && superseded.length - gone.size <= SUPERSEDED_HELD) break;
    gone.add(section);
    bytes -= section.bytes;
  }
  if (gone.size === 0) return change;
  const positions = [...gone].flatMap((section) => section.positions);
  const kept = (outbox: Outbox): Outbox => ({ ...outbox, logged: without(outbox.logged, gone) });
  return {
    ...change,
    call: {
      ...call,
      ...(role === 'CALLER'
        ? { caller: { ...call.caller, outbox: kept(call.caller.outbox) } }
        : { legs: call.legs.map((leg) => ({ ...leg, outbox: kept(leg.outbox) })) }),
      dropped: { ...call.dropped, [role]: Math.max(call.dropped[role], ...positions) },
    },
    dropped: [...change.dropped, ...positions],
  };
}

function trimStates<C extends Change>(change: C): C {
  const { call } = change;
  const gone = call.states.length > STATES_HELD ? call.states.slice(0, -STATES_HELD) : [];
  const last = gone.at(-1);
  if (last === undefined) return change;
  const { CALLER, CALLEE } = call.dropped;
  const dropped = { CALLER: Math.max(CALLER, last), CALLEE: Math.max(CALLEE, last) };
  return {
    ...change,
    call: { ...call, states: call.states.slice(-STATES_HELD), dropped },
    dropped: [...change.dropped, ...gone],
  };
}

/**
 * Lets superseded entries go, the oldest first, while a side has more bytes in the log than it may hold. Until then they stay:
 * a device that reads along still finds them.
 *
 * @param held bytes of one side; 0: everything superseded goes
 */
export function trim<C extends Change>(change: C, held: number = LIMITS.logBytesPerSide): C {
  return trimStates(trimSide(trimSide(change, 'CALLER', held), 'CALLEE', held));
}

/** An answer decides: candidates that were kept back are told anew, or to nobody, and no reader misses what it never had. */
export function dropKeptBack(change: Change): Change {
  const { call } = change;
  const positions = call.legs.flatMap((leg) => leg.outbox.logged.sections.flatMap((section) => section.positions));
  const legs = call.legs.map((leg) => ({
    ...leg,
    outbox: { ...leg.outbox, logged: { ...leg.outbox.logged, sections: [] } },
  }));
  return { ...change, call: { ...call, legs }, dropped: [...change.dropped, ...positions] };
}
