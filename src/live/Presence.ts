import type { Logger } from 'pino';
import sql from 'sql-template-tag';
import { isAgent, type Viewer } from '../auth/Viewer.js';
import { type Clock, later } from '../clock.js';
import type { Database } from '../database/Database.js';
import { chosenAtFirst } from '../entities/Presence.js';

const beatSeconds = 20;
/** The clock is looked at more often than it strikes: it is not the one that timers run by. */
const lookMs = 500;

/**
 * Which agents have a socket on this node. They are written down as seen when the first one opens, every 20 seconds, and
 * when the last one closes; nodes need not know of one another, since the time only grows. Nobody waits for it: while the
 * database is slow, what there is to write down waits as one set.
 */
export class Presence {
  private readonly sockets = new Map<string, number>();
  private readonly toWrite = new Set<string>();
  private writing: Promise<void> | null = null;
  private nextBeat: Date;
  private readonly timer: NodeJS.Timeout;

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {
    this.nextBeat = later(clock.now(), beatSeconds);
    this.timer = setInterval(() => this.look(), lookMs);
  }

  arrived(viewer: Viewer): void {
    if (!isAgent(viewer)) return;
    const before = this.sockets.get(viewer.id) ?? 0;
    this.sockets.set(viewer.id, before + 1);
    if (before === 0) this.seen([viewer.id]);
  }

  left(viewer: Viewer): void {
    const before = this.sockets.get(viewer.id) ?? 0;
    if (before > 1) this.sockets.set(viewer.id, before - 1);
    else if (this.sockets.delete(viewer.id)) this.seen([viewer.id]);
  }

  /** After the last socket has closed: waits until that is written down. */
  async close(): Promise<void> {
    clearInterval(this.timer);
    await this.writing;
  }

  private look(): void {
    const now = this.clock.now();
    if (now < this.nextBeat) return;
    this.nextBeat = later(now, beatSeconds);
    this.seen(this.sockets.keys());
  }

  private seen(agentIds: Iterable<string>): void {
    for (const id of agentIds) this.toWrite.add(id);
    if (this.toWrite.size > 0) this.writing ??= this.write();
  }

  private async write(): Promise<void> {
    while (this.toWrite.size > 0) {
      const ids = [...this.toWrite];
      this.toWrite.clear();
      try {
        // In one order, so that two nodes that write of the same agents never wait for each other.
        await this.database.read(sql`
          insert into presences as known (agent_id, workspace_id, chosen, seen_at)
          select a.id, a.workspace_id, ${chosenAtFirst}, ${this.clock.now()} from actors a
          where a.id = any(${ids}) order by a.id
          on conflict (agent_id) do update set seen_at = greatest(known.seen_at, excluded.seen_at)`);
      } catch (error) {
        this.log.warn({ error: String(error) }, 'presence: who is here could not be written down');
      }
    }
    this.writing = null;
  }
}
