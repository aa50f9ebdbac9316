import { createHash } from 'node:crypto';
import type { Clock } from '../clock.js';
import { type IdSource, randomIds } from '../ids.js';

/** Where the demo's ids say that it happened: never the day on which it was filled, so that links stay valid. */
export const idEpoch = Date.UTC(2026, 0, 5);

/** Ids like any others, and the same every time for one seed. */
export function seededIds(seed: string, clock: Clock = { now: () => new Date(idEpoch) }): IdSource {
  let drawn = 0;
  return randomIds(clock, (size) => createHash('sha256').update(`${seed} ${drawn++}`).digest().subarray(0, size));
}
