import { deadlineIn } from './deadline.js';
import { asRedisError } from './failure.js';
import type { KeyProof, RunUnproved } from './key-proof.js';
import { neededCommands } from './rights.js';
import { loadScript } from './script.js';
import type { Server, Topology } from './topology.js';

const RIGHTS = loadScript('rights');

const EVERY_MS = 10_000;
const LOOK_MS = 2_000;
/** ZRANGE BYSCORE, SET NX GET, sharded channels, and scripts that are judged by the access list. */
const LEAST_VERSION = 7;

const UNTRUSTED =
  'The certificate of Redis is not trusted: REDIS_TLS_CA_FILE must name the authority that vouches for the host in REDIS_URL';

export interface InspectionParts {
  readonly topology: Topology;
  readonly keys: KeyProof;
  readonly run: RunUnproved;
  /** Is told what is wrong whenever that changes; empty: nothing any more. Must not throw. */
  readonly onProblems: (problems: readonly string[]) => void;
}

/** Looks, at first and every 10 s, whether Redis is fit for calls, and says what is not in words for the operator. */
export class Inspection {
  readonly #parts: InspectionParts;
  readonly #timer: NodeJS.Timeout;
  #problems: readonly string[] = [];
  #looking: Promise<void> | null = null;

  constructor(parts: InspectionParts) {
    this.#parts = parts;
    this.#timer = setInterval(() => void this.look(), EVERY_MS).unref();
    void this.look();
  }

  /** As last seen; empty also while Redis cannot be reached. */
  get problems(): readonly string[] {
    return this.#problems;
  }

  /** Resolves when it has been looked; never rejects. */
  async look(): Promise<readonly string[]> {
    this.#looking ??= this.#look().finally(() => (this.#looking = null));
    await this.#looking;
    return this.#problems;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
  }

  async #look(): Promise<void> {
    const { topology, keys, run } = this.#parts;
    const deadline = deadlineIn(LOOK_MS);
    try {
      const servers = await topology.servers();
      const found = await Promise.all(servers.map((server) => this.#lacks(server)));
      const lacks = [...new Set(found.flat())];
      if (lacks.length === 0) await keys.look(run, deadline);
      this.#found([...lacks, ...(keys.problem === null ? [] : [keys.problem])]);
    } catch (error) {
      // It cannot be reached, which is told elsewhere; what was seen last stands until it can.
      if (asRedisError(error).reason === 'untrusted') this.#found([UNTRUSTED]);
    }
  }

  #found(problems: readonly string[]): void {
    const changed = problems.join('\n') !== this.#problems.join('\n');
    this.#problems = problems;
    if (changed) this.#parts.onProblems(problems);
  }

  async #lacks(server: Server): Promise<readonly string[]> {
    const deadline = deadlineIn(LOOK_MS);
    try {
      const needed = neededCommands(this.#parts.topology);
      const [refused] = await server.send(
        deadline,
        ({ giveUpAt }) => [['EVAL', RIGHTS.source, '0', giveUpAt, '', ...needed]],
        'usual',
      );
      const missing = (refused as readonly Buffer[]).map(String);
      if (missing.length > 0)
        return [`The user of REDIS_URL may not: ${missing.join(', ')} (README has the access list)`];
      const [info] = await server.send(deadline, () => [['INFO']], 'usual');
      return problemsOf(String(info));
    } catch (error) {
      const { reason, hint } = asRedisError(error);
      if (reason === 'refused') return [refusalOf(hint)];
      throw error;
    }
  }
}

function problemsOf(info: string): readonly string[] {
  const lines = info.split(/\r?\n/);
  const valueOf = (name: string): string | undefined =>
    lines.find((line) => line.startsWith(`${name}:`))?.slice(name.length + 1);
  const problems: string[] = [];
  const version = valueOf('redis_version') ?? '';
  if (Number.parseInt(version, 10) < LEAST_VERSION)
    problems.push(`Redis ${version} is too old: 7.0 or later is needed`);
  const policy = valueOf('maxmemory_policy');
  if (policy !== undefined && policy !== 'noeviction')
    problems.push(`maxmemory-policy of Redis is ${policy}: with another than noeviction calls may be lost`);
  return problems;
}

/** @param hint the first word of the refusal, and the command that it is about, where it says that */
function refusalOf(hint: string | null): string {
  const [, command] = hint?.split(' ') ?? [];
  return command === undefined
    ? 'Redis refuses the user or the password of REDIS_URL'
    : `The user of REDIS_URL may not: ${command.toUpperCase()} (README has the access list)`;
}
