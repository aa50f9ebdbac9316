import { LRUCache } from 'lru-cache';
import type { Clock } from '../clock.js';
import { rateLimited } from '../errors.js';

interface Bucket {
  points: number;
  at: number;
}

/**
 * Points that each caller may spend: restored steadily up to a burst. Each caller has a bucket of their own, so that
 * nobody can tell from theirs what others do.
 */
export class Allowance {
  private readonly buckets = new LRUCache<string, Bucket>({ max: 100_000 });

  constructor(
    private readonly clock: Clock,
    private readonly restorePerSecond: number,
    private readonly burst: number,
  ) {}

  /** Throws RATE_LIMITED, with the seconds until there will be enough. */
  spend(caller: string, points: number): void {
    const now = this.clock.now().getTime();
    const { points: before, at } = this.buckets.get(caller) ?? { points: this.burst, at: now };
    const restored = (Math.max(0, now - at) / 1000) * this.restorePerSecond;
    const available = Math.min(this.burst, before + restored);
    if (points > available) {
      this.buckets.set(caller, { points: available, at: now });
      throw rateLimited(Math.ceil((points - available) / this.restorePerSecond));
    }
    this.buckets.set(caller, { points: available - points, at: now });
  }
}
