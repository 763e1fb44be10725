/** Who uses this window. A window is a device: each tab has a session storage of its own, and keeps it over a reload. */
export interface Identity {
  readonly account: string;
  readonly device: string;
}

export function loadIdentity(): Identity | null {
  const account = sessionStorage.getItem('account');
  return account === null ? null : { account, device: deviceOfThisTab() };
}

export function saveIdentity(account: string): Identity {
  sessionStorage.setItem('account', account);
  return { account, device: deviceOfThisTab() };
}

export function forgetIdentity(): void {
  sessionStorage.removeItem('account');
}

function deviceOfThisTab(): string {
  const device = sessionStorage.getItem('device') ?? `window-${crypto.randomUUID().slice(0, 8)}`;
  sessionStorage.setItem('device', device);
  return device;
}
