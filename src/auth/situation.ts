import sql, { type Sql } from 'sql-template-tag';

/** The `Situation` that the policies judge, as JSON, of the conversation `c` of the query around it. The door reads it
 * under the lock, `viewerCan` reads it in a page: the same rule over the same facts. */
export function situationOf(now: Date): Sql {
  return sql`(
    select json_build_object(
      'status', c.status,
      'handling', c.handling,
      'assigneeId', c.assignee_id,
      'needsHuman', c.needs_human_since is not null,
      'replyPolicy', w.reply_policy,
      'aiAgentToHandBackTo', (
        select a.id from actors a where a.id = coalesce(c.ai_agent_id, w.default_ai_agent_id) and a.active),
      'openTurnId', (
        select t.id from ai_turns t
        where t.conversation_id = c.id and t.closed_at is null and t.expires_at > ${now}),
      'pendingTransferId', (
        select x.id from transfers x
        where x.conversation_id = c.id and x.status = 'PENDING' and x.expires_at > ${now}),
      'overdueTransferId', (
        select x.id from transfers x
        where x.conversation_id = c.id and x.status = 'PENDING' and x.expires_at <= ${now}))
    from workspaces w where w.id = c.workspace_id)`;
}
