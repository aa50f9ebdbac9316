import sql from 'sql-template-tag';
import type { Database } from '../database/Database.js';
import type { NotificationChannel, NotificationKind } from '../entities/Notification.js';

/** What a mail or a push may say of a notification: who and which conversation, and of texts only the customer's own. */
export interface Notice {
  id: string;
  kind: NotificationKind;
  conversationId: string;
  workspace: string;
  agentId: string;
  agent: string;
  email: string;
  /** who did it */
  by: string;
  customer: string;
  /** the customer's message that it tells of */
  quote: string | null;
}

/** A notification that is still to leave by this channel: to an active agent who has not unsubscribed since. */
export async function noticeToSend(
  database: Database,
  notificationId: string,
  channel: NotificationChannel,
): Promise<Notice | null> {
  const [notice] = await database.read<Notice>(sql`
    select n.id, n.kind, n.conversation_id as "conversationId", w.name as workspace, agent.id as "agentId",
      agent.display_name as agent, agent.email, by.display_name as by, customer.display_name as customer, e.text as quote
    from notifications n
    join workspaces w on w.id = n.workspace_id
    join conversations c on c.id = n.conversation_id
    join actors agent on agent.id = n.agent_id and agent.active
    join actors by on by.id = n.actor_id
    join actors customer on customer.id = c.customer_id
    join notification_preferences np on np.agent_id = n.agent_id and np.kind = n.kind and ${channel} = any(np.channels)
    left join entries e
      on e.id = n.entry_id and n.kind = 'NEW_MESSAGE' and e.type = 'MESSAGE' and e.actor_id = c.customer_id
    where n.id = ${notificationId}`);
  return notice ?? null;
}

/** Whether a mail has been waiting for longer than a moment. It goes by the clock of the queue, which is PostgreSQL's. */
export async function hasMailWaited(database: Database, seconds: number): Promise<boolean> {
  const waiting = await database.read(sql`
    select from graphile_worker._private_jobs j join graphile_worker._private_tasks t on t.id = j.task_id
    where t.identifier = 'send-mail' and j.attempts < j.max_attempts
      and j.created_at < now() - make_interval(secs => ${seconds}) limit 1`);
  return waiting.length > 0;
}
