import sql, { join, type Sql } from 'sql-template-tag';
import { mayEver } from '../auth/roles.js';
import type { Viewer } from '../auth/Viewer.js';
import type { Channel, ConversationStatus, Handling, Priority } from '../entities/Conversation.js';
import { badUserInput, forbidden } from '../errors.js';

export interface ConversationFilter {
  status?: ConversationStatus[] | null;
  handling?: Handling[] | null;
  channel?: Channel[] | null;
  customerId?: string | null;
  assigneeId?: string | null;
  assignedToMe?: boolean | null;
  needsHuman?: boolean | null;
  tag?: string | null;
  priority?: Priority[] | null;
  participating?: boolean | null;
}

const teamOnly = ['assigneeId', 'assignedToMe', 'needsHuman', 'tag', 'priority', 'participating'] as const;

/** Conditions on conversations `c`. A filter over what the viewer may not see is FORBIDDEN, whatever its value. */
export function matchesFilter(viewer: Viewer, filter: ConversationFilter | null | undefined): Sql {
  if (!filter) return sql`true`;
  if (!mayEver(viewer, 'readTeamFields') && teamOnly.some((name) => (filter[name] ?? null) !== null)) throw forbidden();
  const text = [filter.customerId, filter.assigneeId, filter.tag].join('');
  if (text.includes('\0') || !text.isWellFormed())
    throw badUserInput('A filter may not contain NUL or half characters.');
  const { status, handling, channel, priority, customerId, assigneeId, assignedToMe, needsHuman, tag, participating } =
    filter;
  const conditions = [
    status && sql`c.status = any(${status}::text[])`,
    handling && sql`c.handling = any(${handling}::text[])`,
    channel && sql`c.channel = any(${channel}::text[])`,
    priority && sql`c.priority = any(${priority}::text[])`,
    isGiven(customerId) && sql`c.customer_id = ${customerId}`,
    isGiven(assigneeId) && sql`c.assignee_id = ${assigneeId}`,
    isGiven(tag) && sql`${tag} = any(c.tags)`,
    isGiven(assignedToMe) &&
      (assignedToMe ? sql`c.assignee_id = ${viewer.id}` : sql`c.assignee_id is distinct from ${viewer.id}`),
    isGiven(needsHuman) && (needsHuman ? sql`c.needs_human_since is not null` : sql`c.needs_human_since is null`),
    isGiven(participating) &&
      sql`${participating} = exists (
      select from participants p
      where p.conversation_id = c.id and p.actor_id = ${viewer.id} and p.joined_at is not null)`,
  ].filter((condition): condition is Sql => condition instanceof Object);
  return conditions.length === 0 ? sql`true` : join(conditions, ' and ');
}

const isGiven = <T>(value: T | null | undefined): value is T => value !== null && value !== undefined;
