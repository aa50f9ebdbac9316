import type { Topic, Watches } from './Watches.js';

/**
 * Streams that are woken together and stand at one place ask the database once. A read is shared only while it runs, and
 * only until its conversation wakes again: what began before a commit must not answer for what came after.
 */
export class SharedReads {
  private readonly running = new Map<Topic, Map<string, Promise<unknown>>>();

  constructor(watches: Watches) {
    watches.beforeWaking((topic) => this.running.delete(topic));
  }

  share<T>(conversationId: string, key: string, read: () => Promise<T>): Promise<T> {
    const topic: Topic = `conversation ${conversationId}`;
    const reads = this.running.get(topic) ?? new Map<string, Promise<unknown>>();
    this.running.set(topic, reads);
    const shared = reads.get(key) as Promise<T> | undefined;
    if (shared !== undefined) return shared;
    const started = read().finally(() => {
      reads.delete(key);
      if (reads.size === 0 && this.running.get(topic) === reads) this.running.delete(topic);
    });
    reads.set(key, started);
    return started;
  }
}
