import type { CallStore } from '../../src/call/ports.js';

/** A store that counts what it is asked for, by method. */
export function counting(): {
  readonly counts: Record<string, number>;
  readonly wrapStore: (store: CallStore) => CallStore;
} {
  const counts: Record<string, number> = {};
  const wrapStore = (store: CallStore): CallStore =>
    new Proxy(store, {
      get: (target, name) => {
        const method = Reflect.get(target, name) as ((...args: unknown[]) => unknown) | undefined;
        if (!method) return undefined;
        return (...args: unknown[]) => {
          counts[String(name)] = (counts[String(name)] ?? 0) + 1;
          return method.apply(target, args);
        };
      },
    });
  return { counts, wrapStore };
}
