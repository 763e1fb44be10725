import { useCallback, useSyncExternalStore } from 'react';
import type { Observable } from 'voip-call-signaling/client';

/** The present value of anything that the call client tells; the component is drawn again when it changes. */
export function useObservable<Value>(observable: Observable<Value>): Value {
  return useSyncExternalStore(
    useCallback((onChange) => observable.subscribe(onChange), [observable]),
    () => observable.value,
  );
}
