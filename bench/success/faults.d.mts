import type { Fault } from './measure.mjs';

export const FAULTS: readonly Fault[];
