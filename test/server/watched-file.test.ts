import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecretFiles, watchFile, type SecretFiles, type Watch } from '../../src/server/watched-file.js';
import { CANARIES } from '../support/canaries.js';
import { eventually } from '../support/process.js';

const EVERY_MS = 20;

let directory: string;
let file: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'watched-'));
  file = join(directory, 'secret');
});
afterEach(() => rmSync(directory, { recursive: true }));

function replaceByRename(content: string): void {
  writeFileSync(`${file}.new`, content);
  renameSync(`${file}.new`, file);
}

/** As Kubernetes mounts a secret: the file is a link into a directory that is itself a link, and that one is replaced. */
function publish(version: string, content: string): void {
  mkdirSync(join(directory, version));
  writeFileSync(join(directory, version, 'secret'), content);
  symlinkSync(version, join(directory, '..data.new'));
  renameSync(join(directory, '..data.new'), join(directory, '..data'));
}

describe('a watched file', () => {
  let watch: Watch;
  let changes: number;
  const start = (): void => {
    changes = 0;
    watch = watchFile(file, () => changes++, EVERY_MS);
  };
  afterEach(() => watch.close());

  it('is told of once when it vanishes, and is a change when it comes back', async () => {
    writeFileSync(file, 'one');
    let gone = 0;
    changes = 0;
    watch = watchFile(
      file,
      () => changes++,
      EVERY_MS,
      () => gone++,
    );
    rmSync(file);
    await eventually(() => gone === 1);
    await new Promise((resolve) => setTimeout(resolve, 5 * EVERY_MS));
    expect([gone, changes]).toEqual([1, 0]);
    writeFileSync(file, 'two');
    await eventually(() => changes === 1);
    rmSync(file);
    await eventually(() => gone === 2);
  });

  it('is told of when it is written in place', async () => {
    writeFileSync(file, 'one');
    start();
    writeFileSync(file, 'two');
    await eventually(() => changes === 1);
  });

  it('is told of when another file is renamed over it, even one of the same size and age', async () => {
    writeFileSync(file, 'one');
    start();
    replaceByRename('two');
    await eventually(() => changes === 1);
  });

  it('is told of when a symbolic link on the way to it is replaced', async () => {
    publish('v1', 'one');
    symlinkSync('..data/secret', file);
    start();
    publish('v2', 'two');
    await eventually(() => changes === 1);
  });

  it('is told of when it comes into being, and not when it goes away', async () => {
    start();
    writeFileSync(file, 'one');
    await eventually(() => changes === 1);
    rmSync(file);
    // The watcher of another file that changes after this one has gone has seen a round go by.
    const other = join(directory, 'other');
    for (const round of [1, 2]) {
      let seen = false;
      const marker = watchFile(other, () => (seen = true), EVERY_MS);
      writeFileSync(other, `round ${round}`);
      await eventually(() => seen);
      marker.close();
    }
    expect(changes).toBe(1);
    writeFileSync(file, 'two');
    await eventually(() => changes === 2);
  });

  it('keeps no process alive', () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
    const before = timers();
    start();
    expect(timers()).toBe(before);
  });
});

describe('a secret in a file', () => {
  let secrets: SecretFiles;
  beforeEach(() => {
    secrets = createSecretFiles(EVERY_MS);
  });
  afterEach(() => secrets.close());

  it('is read without the line end that editors add, and with every other character', () => {
    for (const end of ['', '\n', '\r\n']) {
      const path = `${file}${end.length}`;
      writeFileSync(path, ` pass word ${end}`);
      expect(secrets.readSecret(path)).toBe(' pass word ');
    }
  });

  it('is the new one soon after the file was replaced', async () => {
    writeFileSync(file, 'one\n');
    expect(secrets.readSecret(file)).toBe('one');
    replaceByRename('two\n');
    await eventually(() => secrets.readSecret(file) === 'two');
  });

  it('is the new one after a volume of secrets was updated', async () => {
    publish('v1', 'one');
    symlinkSync('..data/secret', file);
    expect(secrets.readSecret(file)).toBe('one');
    publish('v2', 'two');
    await eventually(() => secrets.readSecret(file) === 'two');
  });

  it('stays the last good one while the file is empty or gone', async () => {
    const marker = join(directory, 'marker');
    writeFileSync(file, 'one');
    writeFileSync(marker, '0');
    expect(secrets.readSecret(file)).toBe('one');
    expect(secrets.readSecret(marker)).toBe('0');

    for (const [round, spoil] of [() => writeFileSync(file, ''), () => rmSync(file)].entries()) {
      spoil();
      writeFileSync(marker, `${round + 1}`);
      await eventually(() => secrets.readSecret(marker) === `${round + 1}`);
      expect(secrets.readSecret(file)).toBe('one');
    }
    writeFileSync(file, 'two');
    await eventually(() => secrets.readSecret(file) === 'two');
  });

  it('that could never be read is an error that names the file', () => {
    expect(() => secrets.readSecret(file)).toThrow(file);
    writeFileSync(file, '\n');
    expect(() => secrets.readSecret(file)).toThrow('cannot be read or is empty');
    writeFileSync(file, CANARIES.apiToken);
    expect(secrets.readSecret(file)).toBe(CANARIES.apiToken);
  });
});
