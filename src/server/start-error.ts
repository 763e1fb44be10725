import type { FastifyInstance } from 'fastify';
import type { AddressInfo } from 'node:net';
import { RelayConfigError } from '../relay/config.js';
import { fileVariable, settingRow, type SettingName } from './settings-table.js';

/** Why the server cannot start, in lines that each name a setting. Holds no value of a setting. */
export class StartError extends Error {
  override readonly name = 'StartError';

  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
  }
}

/**
 * Runs a part of the start that stands on one setting, so that what it throws names that setting.
 *
 * @throws StartError with the words of the part, where it has words; anything else as it was
 */
export async function using<T>(name: SettingName, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const problems = wordsOf(error);
    if (problems === null) throw error;
    const names = settingRow(name).secret ? `${name} (or ${fileVariable(name)})` : name;
    throw new StartError(problems.map((problem) => `${names} cannot be used: ${problem}`));
  }
}

/** @returns null: it has none that are fit to be read */
function wordsOf(error: unknown): readonly string[] | null {
  if (!(error instanceof Error)) return null;
  if (error instanceof StartError) return null;
  if (error instanceof RelayConfigError) return error.inFile;
  if ('problems' in error && Array.isArray(error.problems)) return error.problems.map(String);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : null;
  // Messages of the system and of Node.js quote paths and URLs; codes do not.
  if (code !== null) return [code];
  return error instanceof TypeError ? [error.message] : null;
}

/** Connections that the system accepts ahead of this process; over it a crowd's are dropped, and come again seconds later. */
const BACKLOG = 4_096;

/** @throws StartError naming HOST or the setting of the port */
export async function listen(
  app: FastifyInstance,
  host: string,
  [portName, port]: readonly ['PORT' | 'METRICS_PORT', number],
): Promise<string> {
  try {
    await app.listen({ host, port, backlog: BACKLOG });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const problem = LISTEN_PROBLEMS[code];
    if (!problem) throw error;
    throw new StartError([problem(portName, port, host)]);
  }
  return originOf(app.server.address() as AddressInfo);
}

type Problem = (portName: string, port: number, host: string) => string;

const noAddress: Problem = (_name, _port, host) => `HOST ${host} is not an address of this machine`;

/** What the system says when a server cannot listen, by its code. */
const LISTEN_PROBLEMS: Readonly<Record<string, Problem>> = {
  EADDRINUSE: (name, port) => `${name} ${port} is taken by another program`,
  EACCES: (name, port) => `${name} ${port} may not be used by this user`,
  EADDRNOTAVAIL: noAddress,
  EAFNOSUPPORT: noAddress,
  EINVAL: noAddress,
  ENOTFOUND: noAddress,
  EAI_AGAIN: noAddress,
};

function originOf({ address, port, family }: AddressInfo): string {
  const host = address === '0.0.0.0' || address === '::' ? 'localhost' : family === 'IPv6' ? `[${address}]` : address;
  return `http://${host}:${port}`;
}
