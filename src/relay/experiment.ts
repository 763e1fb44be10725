import { createHash } from 'node:crypto';

/** Who takes part in an experiment. */
export interface Enrolment {
  /** Unique; part of the hash, so that two experiments pick their accounts independently. */
  readonly name: string;
  /** 0..100; fractions allowed. */
  readonly percentage: number;
  /** Accounts that take part whatever the percentage. */
  readonly include: readonly string[];
  /** Accounts that never take part; beats `include`. */
  readonly exclude: readonly string[];
}

/** Whether an account takes part: exclude beats include beats percentage. The same answer on every node, for ever. */
export function isEnrolled(experiment: Enrolment, accountId: string): boolean {
  if (experiment.exclude.includes(accountId)) return false;
  if (experiment.include.includes(accountId)) return true;
  return position(experiment.name, accountId) < experiment.percentage;
}

/** The first experiment, in order of configuration, that the account takes part in. */
export function enrolledIn<E extends Enrolment>(experiments: readonly E[], accountId: string): E | undefined {
  return experiments.find((experiment) => isEnrolled(experiment, accountId));
}

/** Where SHA-256 of the experiment's name, NUL and the account puts the account on a scale from 0 to below 100. */
function position(name: string, accountId: string): number {
  const digest = createHash('sha256').update(`${name}\0${accountId}`).digest();
  return (digest.readUInt32BE(0) / 2 ** 32) * 100;
}
