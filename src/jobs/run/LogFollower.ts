import type { Logger } from 'pino';
import type { Sql } from 'sql-template-tag';
import type { Database } from '../../database/Database.js';
import type { Bells, Ring } from '../../live/Bells.js';

const everyMs = 1000;
const soonMs = 50;
/** How many rows of a log a statement reads at most. */
export const batch = 500;

/** A log to follow, and what follows from its rows. */
export interface Followed {
  log: string;
  /** whether a bell may be about new rows of it */
  isRung(ring: Ring): boolean;
  /** Reads on, enqueues and marks how far it came. One row: whether there is something left that it could not read yet. */
  statement: Sql;
}

/**
 * Follows a log and enqueues what follows from each of its rows. One per log and database at a time, exactly once per
 * row: reading on, enqueueing and the mark of how far it came are one statement. It reads below the oldest running
 * transaction, in order of transactions, so that a row whose transaction commits late is not passed over. Here and not in
 * the writing transaction, since `add_job` notifies, and a notification per message would cost most of the throughput.
 */
export class LogFollower {
  private timer: NodeJS.Timeout | null = null;
  private goesAt = 0;
  private running: Promise<void> = Promise.resolve();
  private closed = false;
  private readonly deaf: () => void;

  constructor(
    private readonly database: Database,
    bells: Bells,
    private readonly log: Logger,
    private readonly followed: Followed,
  ) {
    this.deaf = bells.hear((ring) => {
      if (followed.isRung(ring)) this.in(0);
    });
    this.in(0);
  }

  async close(): Promise<void> {
    this.closed = true;
    this.deaf();
    if (this.timer) clearTimeout(this.timer);
    await this.running;
  }

  /** At the earliest time that was asked for: bells that never pause must not put it off. */
  private in(ms: number): void {
    const at = Date.now() + ms;
    if (this.closed || (this.timer && this.goesAt <= at)) return;
    if (this.timer) clearTimeout(this.timer);
    this.goesAt = at;
    this.timer = setTimeout(() => {
      this.timer = null;
      this.running = this.running.then(() => this.go());
    }, ms);
  }

  private async go(): Promise<void> {
    try {
      const [row] = await this.database.read<{ waiting: boolean }>(this.followed.statement);
      this.in(row!.waiting ? soonMs : everyMs);
    } catch (error) {
      this.log.warn({ error: String(error) }, `follower of ${this.followed.log}: trying again`);
      this.in(everyMs);
    }
  }
}
