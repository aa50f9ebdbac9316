const patienceMs = 10_000;

/** Events as they came, none missed. One waits for the next by a predicate, never by sleeping. */
export class EventQueue<Event> {
  readonly seen: Event[] = [];
  private taken = 0;
  private ended: { error: unknown } | null = null;
  private waiting: (() => void) | null = null;

  constructor(private readonly stopSource: () => void) {}

  push(event: Event): void {
    this.seen.push(event);
    this.waiting?.();
  }

  end(error: unknown): void {
    this.ended ??= { error };
    this.waiting?.();
  }

  /** The next event that has not been taken; with a predicate, the next that fits, and what came before it is passed over. */
  async next(fits: (event: Event) => boolean = () => true): Promise<Event> {
    for (;;) {
      while (this.taken < this.seen.length) {
        const event = this.seen[this.taken++]!;
        if (fits(event)) return event;
      }
      if (this.ended) throw new Error(`The stream has ended: ${JSON.stringify(this.ended.error)}`);
      await this.change('no event came');
    }
  }

  /** Waits until `count` events came in all, and answers them. */
  async take(count: number): Promise<Event[]> {
    while (this.seen.length < count) {
      if (this.ended)
        throw new Error(`The stream has ended after ${this.seen.length}: ${JSON.stringify(this.ended.error)}`);
      await this.change(`only ${this.seen.length} of ${count} events came`);
    }
    this.taken = Math.max(this.taken, count);
    return this.seen.slice(0, count);
  }

  /** Waits for the end; answers the error or close event it ended with, null for a plain completion. */
  async whenEnded(): Promise<any> {
    while (!this.ended) await this.change('the stream did not end');
    return this.ended.error;
  }

  stop(): void {
    this.stopSource();
  }

  private change(complaint: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`After ${patienceMs} ms ${complaint}`)), patienceMs);
      this.waiting = () => {
        clearTimeout(timer);
        this.waiting = null;
        resolve();
      };
    });
  }
}
