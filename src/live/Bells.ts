import type { Part } from '../auth/visibility.js';

/** What is never stored has nowhere to be read from, so it travels in its bell. */
export interface TypingRing {
  about: 'typing';
  conversationId: string;
  actorId: string;
  audience: 'EVERYONE' | 'TEAM';
  typing: boolean;
  /** the handling that it depends on; null when its author may write whoever answers */
  handlingEpoch: number | null;
}

/** What a bell says: only that something has changed and whom it may concern. Whoever listens reads the log. */
export type Ring =
  | { about: 'conversation'; workspaceId: string; conversationId: string; part: Part }
  | { about: 'turns'; aiAgentId: string }
  | { about: 'notifications'; agentId: string }
  | { about: 'standing'; actorId: string }
  | TypingRing;

/**
 * From a commit on one node to whoever waits on any node. At most once and in no order: a bell is a hint. A lost one
 * costs a moment until the sweep; a second one costs nothing.
 */
export interface Bells {
  /** After the commit, never before. Rings of one moment go out together. */
  ring(rings: Iterable<Ring>): void;
  /** Hears every ring, this node's own included. Returns how to stop. */
  hear(listener: (ring: Ring) => void): () => void;
}
