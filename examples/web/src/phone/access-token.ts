import type { AccessToken } from 'voip-call-signaling/client';

/**
 * Asks the development server, which gives anybody a token. In an application this is the session of your own login: what
 * matters is that a token which is about to expire, or was refused, is not given again.
 */
export function createAccessToken(account: string, device: string) {
  let kept: { readonly token: string; readonly expiresAt: string } | null = null;
  return async ({ refused }: { readonly refused: boolean }): Promise<Exclude<AccessToken, string>> => {
    if (kept && !refused && Date.parse(kept.expiresAt) - Date.now() > MARGIN_MS) return kept;
    kept = await fetchToken(account, device);
    return kept;
  };
}

/** A token that runs out on its way is of no use. */
const MARGIN_MS = 90_000;

async function fetchToken(account: string, device: string) {
  const response = await fetch('/development/token', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ account, device }),
  });
  if (!response.ok) throw new Error(`No access token: ${response.status}`);
  return (await response.json()) as { token: string; expiresAt: string };
}
