import { it } from '@jest/globals';

/** Whether the long suites run: `npm run test:full`. */
export const FULL = process.env['FULL'] === '1';

/** A case of the long suites alone. `x.full.ts` imports `x.test.ts`, and so runs all cases of it. */
export const longIt = (FULL ? it : Object.assign(() => undefined, { each: () => () => undefined })) as typeof it;
