import type { Watches } from './Watches.js';

/**
 * Streams that are woken by one ring and stand at one place ask the database once. A read is shared only while it runs,
 * and only until the next ring of its conversation: what began before a commit must not answer for what came after.
 */
export class SharedReads {
  private readonly running = new Map<string, Map<string, Promise<unknown>>>();

  constructor(watches: Watches) {
    watches.beforeWaking((ring) => {
      if (ring.about === 'conversation') this.running.delete(ring.conversationId);
    });
  }

  share<T>(conversationId: string, key: string, read: () => Promise<T>): Promise<T> {
    const reads = this.running.get(conversationId) ?? new Map<string, Promise<unknown>>();
    this.running.set(conversationId, reads);
    const shared = reads.get(key) as Promise<T> | undefined;
    if (shared !== undefined) return shared;
    const started = read().finally(() => {
      reads.delete(key);
      if (reads.size === 0 && this.running.get(conversationId) === reads) this.running.delete(conversationId);
    });
    reads.set(key, started);
    return started;
  }
}
