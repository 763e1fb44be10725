import { createHmac } from 'node:crypto';

/**
 * What a provider sees in place of an account: the same all day, so that it can count, another one tomorrow, and
 * without the key neither can be led back to the account.
 *
 * @param nowMs Unix milliseconds; the pseudonym changes at midnight UTC
 * @returns base64url of HMAC-SHA256(NAME_KEY, account NUL yyyy-mm-dd), 43 characters
 */
export function pseudonymOf(nameKey: Buffer, accountId: string, nowMs: number): string {
  const day = new Date(nowMs).toISOString().slice(0, 10);
  return createHmac('sha256', nameKey).update(`${accountId}\0${day}`).digest('base64url');
}
