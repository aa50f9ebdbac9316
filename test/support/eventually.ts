import { setTimeout as sleep } from 'node:timers/promises';

const patienceMs = 15_000;

/** Waits until something holds; what it was at last is in the complaint. */
export async function eventually<T>(read: () => T | Promise<T>, holds: (value: T) => boolean): Promise<T> {
  const until = Date.now() + patienceMs;
  for (;;) {
    const value = await read();
    if (holds(value)) return value;
    if (Date.now() > until) throw new Error(`Still ${JSON.stringify(value)} after ${patienceMs} ms`);
    await sleep(20);
  }
}
