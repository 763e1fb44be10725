import type { SendWakeUp } from '../call/ports.js';
import { accountOf, type EventSink } from '../ports.js';
import { createCallback, quiet, type CallbackWatch } from './callback.js';

/** How long a push or an event may take until it counts as lost, in milliseconds: nothing waits for it. */
const TOLD_TIMEOUT_MS = 10_000;
const WAITING = { all: 10_000, lane: 64 };

/** Makes of a host's function what calls can rely on: it never throws, and no call waits for it. */
export function asSendWakeUp(given: SendWakeUp, watch: CallbackWatch): SendWakeUp {
  const callback = createCallback({ name: 'wake-up', timeoutMs: TOLD_TIMEOUT_MS, waiting: WAITING }, watch);
  return (wakeUp) => callback.tell(wakeUp.accountId, () => given(wakeUp));
}

/** Makes of a host's sink one that keeps the port's promise: an event that it does not take is lost, and nothing else. */
export function asEventSink(given: EventSink, watch: CallbackWatch): EventSink {
  const callback = createCallback({ name: 'events', timeoutMs: TOLD_TIMEOUT_MS, waiting: WAITING }, watch);
  return {
    // Each has an event of its own: what one does to it is not seen by the others.
    emit: (event, count) => callback.tell(accountOf(event), () => given.emit({ ...event }, count)),
  };
}

/** An object whose methods only count: each may throw, and nothing comes of it. What is no method stays as it is. */
export function withQuietMethods<Hooks extends object>(hooks: Hooks, answering: readonly (keyof Hooks)[]): Hooks {
  const guarded = Object.entries(hooks).map(([name, value]: [string, unknown]) => {
    const isHook = typeof value === 'function' && !answering.includes(name as keyof Hooks);
    return [name, isHook ? quiet((...told: unknown[]): unknown => Reflect.apply(value, hooks, told)) : value];
  });
  return Object.fromEntries(guarded) as Hooks;
}

/** A question that is answered at once: only true is yes, whatever else a host's function gives, or throws. */
export function asPredicate<Asked>(given: (asked: Asked) => unknown): (asked: Asked) => boolean {
  return (asked) => {
    let answer: unknown;
    quiet(() => (answer = given(asked)))();
    return answer === true;
  };
}
