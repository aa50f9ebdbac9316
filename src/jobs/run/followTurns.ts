import sql from 'sql-template-tag';
import { batch, type Followed } from './LogFollower.js';

/** From each AI turn follow its deadline, and the answer, if Parley runs the AI agent. */
export const followTurns: Followed = {
  log: 'turns',
  isRung: ({ about }) => about === 'turns',
  statement: sql`
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
      where f.name = 'turns' and t.id not in (select id from news)) as waiting`,
};
