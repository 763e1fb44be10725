import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT, startProcess } from '../support/process.js';
import { put } from './support.js';

interface InstallScript {
  isInstalled(root?: string): boolean;
}
interface ProgramsScript {
  programs(wanted?: readonly { program: string; debian: string }[]): Promise<void>;
  isInstalled(program: string): boolean;
  startingNoService<T>(work: () => Promise<T>, policy: string): Promise<T>;
}
const script = async <T>(name: string): Promise<T> => (await import(`../../setup/${name}`)) as T;
const { isInstalled } = await script<InstallScript>('install.mjs');
const programsScript = await script<ProgramsScript>('programs.mjs');

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'install-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

describe('packages', () => {
  const wanted = { '': { version: '1.0.0' }, 'node_modules/a': { version: '1.0.0' } };
  const lock = (packages: object): string => JSON.stringify({ packages });

  it.each([
    ['when the same versions are there', { 'node_modules/a': { version: '1.0.0' } }, wanted, true],
    ['when only optional ones are missing', {}, { 'node_modules/o': { version: '1.0.0', optional: true } }, true],
    ['not when one is missing', {}, wanted, false],
    ['not when one has another version', { 'node_modules/a': { version: '1.0.1' } }, wanted, false],
    ['not when one is there that nobody wants', { 'node_modules/b': { version: '1.0.0' } }, {}, false],
  ])('are installed %s', (_, present, locked, installed) => {
    put(directory, { 'package-lock.json': lock(locked), 'node_modules/.package-lock.json': lock(present) });
    expect(isInstalled(directory)).toBe(installed);
  });

  it('are not installed where there is no folder for them', () => {
    put(directory, { 'package-lock.json': lock({}) });
    expect(isInstalled(directory)).toBe(false);
  });
});

describe('programs', () => {
  it('that are missing and cannot be installed are named', async () => {
    const child = startProcess(process.execPath, { args: ['setup/programs.mjs'], cwd: ROOT, env: { PATH: directory } });
    expect(await child.ended).toEqual({ code: 1, signal: null });
    expect(child.output()).toMatch(
      /^Programs are missing: turnserver, turnutils_uclient, redis-server, curl, chromium\. Install them by hand/,
    );
  });

  it('that are there are left alone', async () => {
    await expect(programsScript.programs([{ program: 'sh', debian: 'none' }])).resolves.toBeUndefined();
    expect(programsScript.isInstalled('a-program-that-nobody-has')).toBe(false);
  });
});

describe('while packages of the system are installed', () => {
  let policy: string;
  beforeEach(() => {
    policy = join(directory, 'policy-rc.d');
  });
  const during = (): Promise<string> =>
    programsScript.startingNoService(async () => {
      expect(statSync(policy).mode & 0o777).toBe(0o755);
      const asked = startProcess(policy, { args: ['redis-server', 'start'] });
      expect(await asked.ended).toEqual({ code: 101, signal: null });
      return 'done';
    }, policy);

  it('no service is started, and no policy is left behind', async () => {
    expect(await during()).toBe('done');
    expect(readdirSync(directory)).toEqual([]);
  });

  it('a policy that was there comes back exactly as it was', async () => {
    writeFileSync(policy, '#!/bin/sh\nexit 104\n');
    chmodSync(policy, 0o711);
    const before = statSync(policy);
    await during();
    const { ino, mode, mtimeMs } = statSync(policy);
    expect([ino, mode, mtimeMs]).toEqual([before.ino, before.mode, before.mtimeMs]);
    expect(readFileSync(policy, 'utf8')).toBe('#!/bin/sh\nexit 104\n');
    expect(readdirSync(directory)).toEqual(['policy-rc.d']);
  });

  it('a failure leaves everything as it was', async () => {
    const failing = programsScript.startingNoService(() => Promise.reject(new Error('no network')), policy);
    await expect(failing).rejects.toThrow('no network');
    expect(readdirSync(directory)).toEqual([]);
  });

  it('a run that is cut off is tidied up after by the next', async () => {
    writeFileSync(policy, 'theirs');
    const body = `
      import { startingNoService } from './setup/programs.mjs';
      await startingNoService(() => { console.log('installing'); return new Promise(() => setInterval(() => {}, 1000)); }, ${JSON.stringify(policy)});`;
    const child = startProcess(process.execPath, { args: ['--input-type=module', '-e', body], cwd: ROOT });
    await child.printed(/installing/);
    process.kill(child.pid, 'SIGKILL');
    await child.ended;
    expect(existsSync(`${policy}.voip-call-signaling`)).toBe(true);
    await during();
    expect(readFileSync(policy, 'utf8')).toBe('theirs');
    expect(readdirSync(directory)).toEqual(['policy-rc.d']);
  });
});
