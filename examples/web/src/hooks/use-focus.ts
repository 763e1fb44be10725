import { useEffect, useRef } from 'react';

/** Puts the focus on what has just appeared, so that keyboard and screen reader begin there. */
export function useFocusOnMount<Part extends HTMLElement>() {
  const ref = useRef<Part>(null);
  useEffect(() => ref.current?.focus({ preventScroll: true }), []);
  return ref;
}

/** As {@link useFocusOnMount}, and brings it back to where it was in the end. For dialogs. */
export function useBorrowedFocus<Part extends HTMLElement>() {
  const ref = useRef<Part>(null);
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    ref.current?.focus();
    return () => (before?.isConnected ? before.focus() : undefined);
  }, []);
  return ref;
}
