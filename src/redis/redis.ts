import type { Clock } from '../ports.js';
import { next, type Soon } from '../soon.js';
import { deadlineIn, elapsed } from './deadline.js';
import type { Deadline } from './deadline.js';
import { asRedisError, guarded, RedisError } from './failure.js';
import type { OnRedisFailure } from './failure.js';
import type { KeyProof, RunUnproved } from './key-proof.js';
import type { Script } from './script.js';
import type { Command, Commands, Lane, Topology } from './topology.js';

export interface RedisParts {
  readonly topology: Topology;
  /** Replicas that must have what was written with `replicated` before it counts. */
  readonly waitReplicas: number;
  /** In place of the servers' own clocks, for tests. */
  readonly clock: Clock | null;
  readonly keys: KeyProof;
  readonly onFailure: OnRedisFailure;
  /** An operation answers or fails in this time, all its commands together. */
  readonly operationMs: number;
}

export interface RunOptions {
  /** Until when it may take; {@link Redis.deadline} when left out. */
  readonly deadline?: Deadline;
  /** Whether it fails unless the replicas have it. */
  readonly replicated?: boolean;
}

/**
 * Runs scripts where their keys are. Each call throws SignalingError CALL_UNAVAILABLE when it fails, and then is not carried
 * out any later: the server checks by its own clock that somebody still waits.
 */
export class Redis {
  readonly #parts: RedisParts;

  constructor(parts: RedisParts) {
    this.#parts = parts;
  }

  /** Of an operation that begins now. */
  deadline(): Deadline {
    return deadlineIn(this.#parts.operationMs);
  }

  /**
   * @param keys all that the script touches, in one slot: some servers let it touch no others
   * @param args what the script knows as ARGV[3] and so on
   */
  run(
    script: Script,
    keys: readonly [string, ...string[]],
    args: readonly (string | Buffer | number)[],
    { deadline = this.deadline(), replicated = false }: RunOptions = {},
  ): Promise<unknown> {
    return this.guarded(script.name, () =>
      next(this.#proved(deadline), () => this.#run(script, keys, args, deadline, replicated)),
    );
  }

  /** Reads with one command. What changes anything is a script. */
  read(command: Command, key: string, deadline = this.deadline()): Promise<unknown> {
    return this.guarded(String(command[0]).toLowerCase(), async () => {
      await this.#proved(deadline);
      const [reply] = await this.#parts.topology.send(key, deadline, () => [command], 'usual');
      return reply;
    });
  }

  /** @throws SignalingError CALL_UNAVAILABLE in the place of what the work throws, of which `onFailure` is told */
  guarded<Result>(operation: string, work: () => Soon<Result>): Promise<Result> {
    return guarded(operation, this.#parts.onFailure, work);
  }

  /** Whether this node has the keys of the others; when that is not known, it is found out. @throws RedisError */
  async proved(deadline: Deadline): Promise<void> {
    await this.#proved(deadline);
  }

  #proved(deadline: Deadline): Soon<void> {
    const { keys } = this.#parts;
    return keys.proved ? undefined : keys.prove(this.unproved, deadline);
  }

  /** For the proof itself. @throws RedisError */
  readonly unproved: RunUnproved = (script, keys, args, deadline) => this.#run(script, keys, args, deadline, false);

  /** @throws RedisError: whoever listens to the channel may have heard it, or not */
  async publish(channel: string, message: Buffer): Promise<void> {
    const { topology, keys } = this.#parts;
    const deadline = this.deadline();
    const command = [topology.sharded ? 'SPUBLISH' : 'PUBLISH', channel, message];
    const send = (): Promise<unknown> => topology.send(channel, deadline, () => [command], 'usual');
    // A node that has only just started says it as soon as its keys are proved.
    await (keys.proved ? send() : this.proved(deadline).then(send));
  }

  #run(
    { sha, source }: Script,
    keys: readonly [string, ...string[]],
    args: readonly (string | Buffer | number)[],
    deadline: Deadline,
    replicated: boolean,
  ): Promise<unknown> {
    const { clock, waitReplicas } = this.#parts;
    const replicas = replicated ? waitReplicas : 0;
    const time = clock ? `${clock.now()}` : '';
    const rest = args.map((arg) => (typeof arg === 'number' ? `${arg}` : arg));
    const commands =
      (isNew: boolean): Commands =>
      ({ giveUpAt, knows }) => {
        // The first time on a connection it goes in full, so that those right behind it find it known.
        const script = knows(sha) && !isNew ? ['EVALSHA', sha] : ['EVAL', source];
        const command: Command = [...script, `${keys.length}`, ...keys, giveUpAt, time, ...rest];
        return replicas > 0 ? [command, ['WAIT', `${replicas}`, `${restOf(deadline)}`]] : [command];
      };
    const lane: Lane = replicas > 0 ? 'replicated' : 'usual';
    const send = (isNew: boolean): Promise<readonly unknown[]> =>
      this.#parts.topology.send(keys[0], deadline, commands(isNew), lane);
    const replyOf = ([reply, had]: readonly unknown[]): unknown => {
      if (replicas > 0 && Number(had) < replicas) throw new RedisError('too_few_replicas');
      return reply;
    };
    return send(false).then(replyOf, (error: Error) => {
      if (!asRedisError(error).hint?.startsWith('NOSCRIPT')) throw error;
      return send(true).then(replyOf);
    });
  }
}

/** For the way back, and because Redis looks ten times a second only (`hz`) at who has waited for long enough. */
const NOTICED_MS = 250;

/** What a server may wait until the deadline; 0 would mean for ever. */
function restOf(deadline: Deadline): number {
  return Math.max(1, Math.floor(deadline - elapsed() - NOTICED_MS));
}
