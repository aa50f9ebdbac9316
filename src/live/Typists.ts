import type { Viewer } from '../auth/Viewer.js';
import { mayNotice } from '../auth/visibility.js';
import type { Clock } from '../clock.js';
import type { TypingRing } from './Bells.js';

/** How long typing shows without being said again. */
const showsMs = 6000;

/** Counted from when it was heard: the clocks of two nodes are never quite the same. */
type Heard = TypingRing & { until: number };

/**
 * Who types in one conversation, as one viewer is told it. What is never stored can be neither read again nor queued: of
 * each actor and audience only the latest is kept, and it is told when it differs from what was told last.
 */
export class Typists {
  private readonly heard = new Map<string, Heard>();
  private readonly shown = new Set<string>();

  constructor(
    private readonly viewer: Viewer,
    private readonly clock: Clock,
  ) {}

  /** Whether there is anything in it for this viewer. */
  hear(ring: TypingRing): boolean {
    if (ring.actorId === this.viewer.id) return false;
    if (ring.audience === 'TEAM' && !mayNotice(this.viewer, 'TEAM_ENTRY')) return false;
    const key = `${ring.actorId} ${ring.audience}`;
    if (!ring.typing && !this.shown.has(key)) {
      this.heard.delete(key);
      return false;
    }
    this.heard.set(key, { ...ring, until: this.clock.now().getTime() + showsMs });
    return true;
  }

  /** The next that the viewer must be told; null when they know it all. Typing that depends on who answers is over once
   * that has changed: what an AI agent began to write before a take-over never shows after it. */
  next(handlingEpoch: number): TypingRing | null {
    const now = this.clock.now().getTime();
    for (const [key, ring] of this.heard) {
      const isCurrent = ring.handlingEpoch === null || ring.handlingEpoch >= handlingEpoch;
      const typing = ring.typing && isCurrent && ring.until > now;
      const wasShown = this.shown.has(key);
      if (typing) this.shown.add(key);
      else {
        this.heard.delete(key);
        this.shown.delete(key);
      }
      if (typing !== wasShown) return { ...ring, typing };
    }
    return null;
  }

  /** How long until something is over by itself; null when nothing shows. */
  get msLeft(): number | null {
    const ends = [...this.heard.values()].map(({ until }) => until);
    return ends.length === 0 ? null : Math.max(1, Math.min(...ends) - this.clock.now().getTime());
  }
}
