/** A promise may be given where a promise was promised, but not without end. */
const DEPTH = 8;

/**
 * What a function gave, or what its promise comes to. A value is taken at once. `await` would run forever, and nothing beside
 * it, for a thenable that resolves with itself; here it is a failure.
 *
 * @param onValue never called with a promise
 */
export function settle(given: unknown, onValue: (value: unknown) => void, onFailure: (error: unknown) => void): void {
  adopt(given, onValue, onFailure, DEPTH);
}

/** The same, as a promise. */
export function settled(given: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => settle(given, resolve, reject));
}

function adopt(
  given: unknown,
  onValue: (value: unknown) => void,
  onFailure: (error: unknown) => void,
  depth: number,
): void {
  let then: unknown;
  try {
    const canHaveThen = (typeof given === 'object' && given !== null) || typeof given === 'function';
    then = canHaveThen ? (given as { readonly then?: unknown }).then : undefined;
    if (typeof then !== 'function') return onValue(given);
    if (depth === 0) return onFailure(new TypeError('its promise resolves with promises without end'));
    Reflect.apply(then, given, [(value: unknown) => adopt(value, onValue, onFailure, depth - 1), onFailure]);
  } catch (error) {
    onFailure(error);
  }
}
