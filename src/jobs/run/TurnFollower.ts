import type { Logger } from 'pino';
import sql from 'sql-template-tag';
import type { Database } from '../../database/Database.js';
import type { Bells } from '../../live/Bells.js';

const everyMs = 1000;
const soonMs = 50;
const batch = 500;

/**
 * Reads the log of AI turns and enqueues what follows from each: its deadline, and the answer, if Parley runs the AI
 * agent. One per database at a time, exactly once per turn: reading on, enqueueing and the mark of how far it came are one
 * statement. It reads below the oldest running transaction, in order of transactions, so that a turn whose transaction
 * commits late is not passed over. Here and not in the writing transaction, since `add_job` notifies, and a notification
 * per message would cost most of the throughput.
 */
export class TurnFollower {
  private timer: NodeJS.Timeout | null = null;
  private goesAt = 0;
  private running: Promise<void> = Promise.resolve();
  private closed = false;
  private readonly deaf: () => void;

  constructor(
    private readonly database: Database,
    bells: Bells,
    private readonly log: Logger,
  ) {
    this.deaf = bells.hear(({ about }) => {
      if (about === 'turns') this.in(0);
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
      const waiting = await this.follow();
      this.in(waiting ? soonMs : everyMs);
    } catch (error) {
      this.log.warn({ error: String(error) }, 'turn follower: trying again');
      this.in(everyMs);
    }
  }

  /** Whether there are turns left that it could not read yet. */
  private async follow(): Promise<boolean> {
    const [row] = await this.database.read<{ waiting: boolean }>(sql`
      with mark as (
        select xid, id from followers
        where name = 'turns' and pg_try_advisory_xact_lock(hashtext('parley.follow.turns'))
        for update skip locked
      ), news as (
        select t.xid, t.id, t.expires_at, t.closed_at, t.ai_agent_id, t.workspace_id, t.conversation_id, a.answers_by
        from mark join ai_turns t on (t.xid, t.id) > (mark.xid, mark.id)
        join actors a on a.id = t.ai_agent_id
        where t.xid < pg_snapshot_xmin(pg_current_snapshot())
        order by t.xid, t.id limit ${batch}
      ), enqueued as (
        select
          graphile_worker.add_job('expire-ai-turn', payload, run_at => expires_at),
          case when answers_by = 'ARTICLES' then graphile_worker.add_job('answer-ai-turn', payload, max_attempts => 3) end
        from (
          select expires_at, answers_by, json_build_object('workspaceId', workspace_id,
            'conversationId', conversation_id, 'turnId', id, 'aiAgentId', ai_agent_id) as payload
          from news where closed_at is null order by xid, id) open
      ), moved as (
        update followers set (xid, id) = (select xid, id from news order by xid desc, id desc limit 1)
        where name = 'turns' and exists (select from news)
      )
      select (select count(*) from enqueued) >= 0 and exists (
        select from followers f join ai_turns t on (t.xid, t.id) > (f.xid, f.id)
        where f.name = 'turns' and t.id not in (select id from news)) as waiting`);
    return row!.waiting;
  }
}
