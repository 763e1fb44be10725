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

/** The text that a function has to give at once; null: anything else, a promise too, whose failure is heard of nowhere. */
export function textAtOnce(ask: () => unknown): string | null {
  const answer = atOnce(ask);
  return typeof answer === 'string' ? answer : null;
}

/** A number that is read at once; 0 where there is none. */
export function numberAtOnce(ask: () => unknown): number {
  const answer = atOnce(ask);
  return typeof answer === 'number' ? answer : 0;
}

/** What a host adds to the context of an operation, at once: nothing where it throws, or gives a promise or no object. */
export function asOwnContext<Asked>(given: (asked: Asked) => unknown, watch: CallbackWatch): (asked: Asked) => object {
  const callback = createCallback({ name: 'own-context' }, watch);
  return (asked) => {
    let own: object = {};
    callback.tell(null, () => {
      const answer = given(asked);
      const isOwn = typeof answer === 'object' && answer !== null && !Array.isArray(answer) && !('then' in answer);
      if (isOwn) own = { ...answer };
      return answer;
    });
    return own;
  };
}

/** A question that is answered at once: only true is yes, whatever else a host's function gives, or throws. */
export function asPredicate<Asked>(given: (asked: Asked) => unknown): (asked: Asked) => boolean {
  return (asked) => atOnce(() => given(asked)) === true;
}

/** @returns what a host's function gives; undefined where it throws */
function atOnce(ask: () => unknown): unknown {
  let answer: unknown;
  quiet(() => (answer = ask()))();
  return answer;
}
