import sql from 'sql-template-tag';
import { type Clock, later } from '../../clock.js';
import type { Database } from '../../database/Database.js';

/** A little more than the minute until it looks again, so that nothing is due unseen. */
const horizonSeconds = 75;

/**
 * Enqueues the workspaces' timers that are due before it looks again, each for its own moment and under a key of its own,
 * so that looking twice enqueues once. Looking each minute, rather than enqueueing with every message, follows changed
 * settings at once and costs nothing per message.
 */
export async function findDue(database: Database, clock: Clock): Promise<void> {
  const now = clock.now();
  const until = later(now, horizonSeconds);
  await database.read(sql`
    select graphile_worker.add_job(job, json_build_object('workspaceId', workspace_id, 'conversationId', id),
      run_at => case when due > ${now} then due else null end, job_key => job || ':' || id)
    from (
      select 'resolve-idle' as job, c.workspace_id, c.id,
        c.last_message_at + make_interval(secs => w.auto_resolve_after_seconds) as due
      from workspaces w join conversations c on c.workspace_id = w.id
      where c.status = 'OPEN' and c.needs_human_since is null and not c.last_message_by_customer
        and c.last_message_at <= ${until}::timestamptz - make_interval(secs => w.auto_resolve_after_seconds)
      union all
      select 'finalize-resolved', c.workspace_id, c.id,
        c.resolved_at + make_interval(secs => w.auto_finalize_after_seconds)
      from workspaces w join conversations c on c.workspace_id = w.id
      where c.status = 'RESOLVED'
        and c.resolved_at <= ${until}::timestamptz - make_interval(secs => w.auto_finalize_after_seconds)
      order by due limit 10000) timer`);
}
