import type { RelayProvider } from '../relay/ports.js';

/** In milliseconds. */
export interface PaceBounds {
  readonly least: number;
  readonly most: number;
}

/** How long each provider usually takes to answer, and so when a try of it is late. */
export class Pace {
  /** Smoothed, in milliseconds. */
  readonly #usual = new WeakMap<RelayProvider, number>();

  constructor(private readonly bounds: PaceBounds) {}

  took(provider: RelayProvider, ms: number): void {
    const before = this.#usual.get(provider) ?? ms;
    this.#usual.set(provider, before + (ms - before) / 5);
  }

  patienceWith(provider: RelayProvider): number {
    const { least, most } = this.bounds;
    return Math.min(most, Math.max(least, 4 * (this.#usual.get(provider) ?? 0)));
  }
}
