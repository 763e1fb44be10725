/** `npx voip-call-signaling`, from what npm would publish, in a folder with what the README says to install. */
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { startProcess, type RunningProcess } from '../support/process.js';
import { manifest, pack, run, type Packed } from './packed.js';
import { packagesOfRow } from './registry.js';

jest.setTimeout(300_000);

const PEERS = ['@apollo/server', ...packagesOfRow('the standalone server')];

let packed: Packed;
let whole: string;
beforeAll(async () => {
  packed = await pack();
  whole = await project(...PEERS);
});
afterAll(() => packed.remove());

/** A project, with the links to programs that npm makes when it installs. */
async function project(...packages: readonly string[]): Promise<string> {
  const folder = await packed.project({}, packages);
  await run(folder, 'npm', 'rebuild', '--ignore-scripts');
  return folder;
}
const npx = (cwd: string, env: Readonly<Record<string, string>>, ...args: readonly string[]): RunningProcess =>
  startProcess('npx', {
    args: ['--no', '--', manifest.name, ...args],
    cwd,
    env: { HOME: cwd, npm_config_update_notifier: 'false', PORT: '0', ...env },
  });

it('starts the server as npm start does: addresses, tokens, the page for two, and an end with its npx', async () => {
  const server = npx(whole, {});
  const [, origin = ''] = await server.printed(/GraphQL +(http:\/\/[^/]+)\/graphql/);
  const [, token = ''] = await server.printed(/^(eyJ\S+)$/m);
  const ask = (path: string, init?: RequestInit): Promise<Response> =>
    fetch(origin + path, { ...init, headers: { connection: 'close', ...init?.headers } });
  expect(await (await ask('/')).text()).toMatch(/<script type="module"/);
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
  const answer = await ask('/graphql', { method: 'POST', headers, body: '{"query":"{ openCalls { id } }"}' });
  expect(await answer.json()).toEqual({ data: { openCalls: [] } });
  // Its output ends when the last of its processes has.
  await server.stop();
  await expect(ask('/healthz')).rejects.toThrow();
});

it('says what is wrong: packages that are missing, arguments, a setting', async () => {
  const bare = npx(await project(), {});
  expect([await bare.ended, bare.output()]).toEqual([
    { code: 1, signal: null },
    `The standalone server needs packages that are not installed: npm install ${PEERS.join(' ')}\n`,
  ]);
  const argued = npx(whole, {}, '--port=4001');
  expect([(await argued.ended).code, argued.output()]).toEqual([1, expect.stringMatching(/no arguments.*PORT=4001/)]);
  const mistaken = npx(whole, { PORT: 'x' });
  expect([(await mistaken.ended).code, mistaken.output()]).toEqual([1, expect.stringMatching(/cannot start: PORT/)]);
});
