/** A service that gave no answer, in fixed words: safe to log. */
export interface ServiceFailure {
  /** What it was asked for. */
  readonly operation: string;
  readonly reason: string;
  /** Null when no response came. */
  readonly httpStatus: number | null;
}

/** Told of what happens between this package and the services around it. Must not throw. */
export interface Observer {
  onFailure(dependency: string, failure: ServiceFailure): void;
  /** An access token was refused. */
  onRefused(reason: string): void;
}

/** What a client comes for. */
export type Service = 'calls' | 'relay';

/** `degraded`: gone on without, or on what was kept; `unavailable`: what needs it cannot be served. */
export type DependencyState = 'ready' | 'degraded' | 'unavailable';

/** Something around this service, by the name that metrics and health have for it. */
export interface Dependency {
  readonly name: string;
  /** What is not, or not fully, served without it. */
  readonly affects: readonly Service[];
  readonly state: () => DependencyState;
}

export interface Observed extends Dependency {
  /** @returns what ends that */
  readonly observe: (observer: Observer) => () => void;
}

/** Tells whoever mounts a part what it meets, beside the listeners that the part was given. */
export interface Reporter {
  failed(failure: ServiceFailure): void;
  refused(reason: string): void;
  /** Makes a part one that can be observed. */
  shownOn<Part extends object>(part: Part): Part;
}

/** A symbol, so that hosts, who wrap and replace these parts, need not know of it. */
const OBSERVED = Symbol('observed');
/** Failures that are kept for the first observer: keys are asked for before there is one. */
const KEPT = 16;

/** @returns null: it is a host's own, of which nothing is shown */
export function observedOf(part: unknown): Observed | null {
  return (Object(part) as { readonly [OBSERVED]?: Observed })[OBSERVED] ?? null;
}

export function createReporter(shown: Dependency): Reporter {
  const observers = new Set<Observer>();
  let untold: ServiceFailure[] | null = [];
  const observed: Observed = {
    ...shown,
    observe: (observer) => {
      observers.add(observer);
      for (const failure of untold ?? []) observer.onFailure(shown.name, failure);
      untold = null;
      return () => void observers.delete(observer);
    },
  };
  return {
    failed: (failure) => {
      if (untold && untold.length < KEPT) untold.push(failure);
      for (const observer of observers) observer.onFailure(shown.name, failure);
    },
    refused: (reason) => {
      for (const observer of observers) observer.onRefused(reason);
    },
    shownOn: (part) => Object.assign(part, { [OBSERVED]: observed }),
  };
}
