/** How long is kept what has no end yet: a call that goes on is committed anew every minute, and so kept for as long again. */
export const KEPT_MS = 48 * 60 * 60 * 1000;
