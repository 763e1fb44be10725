/** GraphQL over HTTP, by the audits of the reference implementation. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { serverAudits } from 'graphql-http';
import { startCallWorld, type CallWorld } from '../support/call-world.js';

let world: CallWorld;
beforeAll(async () => {
  world = await startCallWorld();
});
afterAll(() => world.close());

// The preflight header is what keeps a foreign page from sending queries by GET; the audits do not know of it.
const audits = serverAudits({
  url: () => `${world.origin}/graphql`,
  fetchFn: (input: string, init: RequestInit = {}) =>
    fetch(input, { ...init, headers: { ...init.headers, 'apollo-require-preflight': 'audit' } }),
});

describe('the audits of graphql-http', () => {
  it('are all there', () => {
    expect(audits.length).toBeGreaterThan(50);
  });

  it.each(audits.map((audit) => [audit.name, audit] as const))('%s', async (_name, audit) => {
    const result = await audit.fn();
    const reason = 'reason' in result ? result.reason : '';
    // "notice" is about what a server MAY do.
    expect([result.status, result.status === 'notice' ? '' : reason]).toEqual([
      expect.stringMatching(/^(ok|notice)$/),
      '',
    ]);
  });
});
