/** Gives an access token that is good for a while longer. */
export interface AccessToken {
  get(): Promise<string>;
  /** Milliseconds until another one should be used. */
  readonly renewInMs: number;
}

/** A token that runs out on its way is of no use. */
const MARGIN_MS = 60_000;

/**
 * Asks the development server, which gives anybody a token. In an application this is the session of your own login: what
 * matters is that a token is fetched again before it expires.
 */
export function createAccessToken(account: string, device: string): AccessToken {
  let current: { token: string; expiresAtMs: number } | null = null;
  const renewInMs = (): number => Math.max((current?.expiresAtMs ?? 0) - MARGIN_MS - Date.now(), 0);
  return {
    get: async () => {
      if (current === null || renewInMs() === 0) current = await fetchToken(account, device);
      return current.token;
    },
    get renewInMs() {
      return renewInMs();
    },
  };
}

async function fetchToken(account: string, device: string) {
  const response = await fetch('/development/token', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ account, device }),
  });
  if (!response.ok) throw new Error(`No access token: ${response.status}`);
  const { token, expiresAt } = (await response.json()) as { token: string; expiresAt: string };
  return { token, expiresAtMs: Date.parse(expiresAt) };
}
