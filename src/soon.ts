/** A value that is there, or a promise of it. What need not wait is passed on as it is, in the same turn. */
export type Soon<Value> = Value | Promise<Value>;

export function isPromise(value: unknown): value is Promise<unknown> {
  return typeof (value as { readonly then?: unknown } | null | undefined)?.then === 'function';
}

/** What `await value` and the lines after it would do, at once where the value is there. */
export function next<Value, Result>(value: Soon<Value>, work: (value: Value) => Soon<Result>): Soon<Result> {
  return isPromise(value) ? (value as Promise<Value>).then(work) : work(value);
}

/** What `try { return await work() } catch (error) { … }` would do. */
export function caught<Result>(work: () => Soon<Result>, onError: (error: unknown) => Soon<Result>): Soon<Result> {
  let result: Soon<Result>;
  try {
    result = work();
  } catch (error) {
    return onError(error);
  }
  return isPromise(result) ? (result as Promise<Result>).catch(onError) : result;
}

/** What `try { return await work() } finally { … }` would do. */
export function lastly<Result>(work: () => Soon<Result>, onOver: () => void): Soon<Result> {
  let result: Soon<Result>;
  try {
    result = work();
  } catch (error) {
    onOver();
    throw error;
  }
  if (isPromise(result)) return (result as Promise<Result>).finally(onOver);
  onOver();
  return result;
}

/** For who may use a promise: what is thrown rejects, as it would of an async function. */
export function orRejected<Result>(work: () => Soon<Result>): Soon<Result> {
  return caught(work, (error) => Promise.reject(error as Error));
}
