import type { CreateRelayOptions, Relay } from '../../src/providers/relay.js';

export interface Fault {
  readonly name: string;
  /** It still answers every second request. */
  readonly half?: boolean;
  /** The least share of requests that independent tries would serve, where that is not half. */
  readonly floor?: number;
}

/** Shares, 0 to 1, of the requests that were served. */
export interface Success {
  readonly fault: Fault;
  readonly one: number;
  readonly kept: number;
  readonly two: number;
  readonly recovered: number;
}

export function measureSuccess(
  makeRelay: (options: Pick<CreateRelayOptions, 'config' | 'production' | 'nameKey' | 'readSecret'>) => Relay,
  options: {
    readonly requests: number;
    readonly perSecond: number;
    readonly faults?: readonly Fault[];
    readonly atOnce?: boolean;
  },
): Promise<readonly Success[]>;
