// What the measurements share: peers as processes of their own, their CPU time, medians, tables.
import { exportJWK, exportSPKI, generateKeyPair } from 'jose';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** What is still running when this process has to go is taken along. */
const running = new Set();
const stopAll = () => running.forEach((child) => child.kill('SIGKILL'));

/** Starts a file as a process of its own. */
export function start(file, env, stdio) {
  if (process.listenerCount('exit', stopAll) === 0) {
    process.on('exit', stopAll);
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
  }
  const child = spawn(process.execPath, [fileURLToPath(file)], { env: { PATH: process.env.PATH, ...env }, stdio });
  running.add(child);
  child.once('exit', () => running.delete(child));
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
    await gone;
    clearTimeout(timer);
  };
  return { child, stop };
}

/** Starts a server and waits for the line that names its port. */
export async function startPeer(file, env) {
  const { child, stop } = start(file, env, ['ignore', 'pipe', 'inherit']);
  const port = await new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`${file} ended with ${code}`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const found = /(?:listening |http:\/\/[\w.]+:)(\d+)/.exec(line);
      if (found) resolve(Number(found[1]));
    });
  });
  return { port, pid: child.pid, stop };
}

/**
 * A login service for this project's server, and relay credentials that need no network.
 *
 * @returns the server's settings, and what signs tokens for it: here, and as the environment of another process
 */
export async function makeLogin() {
  const [issuer, audience] = ['https://login.example', 'calls'];
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  process.once('exit', () => rmSync(folder, { recursive: true }));
  const relay = {
    requestedTtlSeconds: 86_400,
    clientTtlSeconds: 43_200,
    rateLimit: { max: 20, windowSeconds: 600 },
    providers: [{ type: 'shared-secret', secret: 'bench' }],
    relay: { urls: ['turn:turn.example.com:3478?transport=udp'] },
  };
  writeFileSync(join(folder, 'key.pem'), await exportSPKI(publicKey));
  writeFileSync(join(folder, 'relay.json'), JSON.stringify(relay));
  const settings = {
    PORT: '0',
    AUTH_PUBLIC_KEY_FILE: join(folder, 'key.pem'),
    AUTH_ISSUER: issuer,
    AUTH_AUDIENCE: audience,
    RELAY_CONFIG_FILE: join(folder, 'relay.json'),
  };
  return {
    settings,
    login: { key: privateKey, issuer, audience },
    env: { KEY: JSON.stringify(await exportJWK(privateKey)), ISSUER: issuer, AUDIENCE: audience },
  };
}

/** CPU time that a process has used in all its threads, in microseconds; Linux counts it in steps of 10 ms (proc(5)). */
export function cpuMicrosOf(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // After the command's name, which may hold anything, come the fields from the third on: utime is 14, stime 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

export function quantileOf(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) * share)];
}

export function medianOf(values) {
  return quantileOf(values, 0.5);
}

/** A Markdown table. */
export function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
