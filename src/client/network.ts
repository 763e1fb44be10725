interface NetworkInformation extends EventTarget {
  /** wifi, cellular, …; its other properties change all the time. */
  readonly type?: string;
}

/**
 * Calls the listener when the device may have another network than before, as far as the browser tells.
 *
 * @returns ends it
 */
export function onNetworkChange(listener: () => void): () => void {
  // Network Information API: not in every browser.
  const { connection } = (globalThis.navigator ?? {}) as { readonly connection?: NetworkInformation };
  let type = connection?.type;
  const look = (): void => {
    if (connection?.type === type) return;
    type = connection?.type;
    listener();
  };
  const page: Partial<EventTarget> = globalThis;
  page.addEventListener?.('online', listener);
  connection?.addEventListener?.('change', look);
  return () => {
    page.removeEventListener?.('online', listener);
    connection?.removeEventListener?.('change', look);
  };
}
