import type { EntityManager } from '@mikro-orm/postgresql';
import sql, { join, type Sql } from 'sql-template-tag';
import type { Conversation } from '../../entities/Conversation.js';
import type { Entry } from '../../entities/Entry.js';
import {
  channelsOf,
  Notification,
  type NotificationChannel,
  type NotificationKind,
} from '../../entities/Notification.js';
import type { World } from '../World.js';

/** Something that agents are to be told of. */
export interface Notice {
  kind: NotificationKind;
  /** these agents, all admins, or whoever chose to be told of this kind */
  to: readonly string[] | 'ADMINS' | 'WHOEVER_WANTS_IT';
  /** who did it, and is not told */
  byId: string;
  transferId?: string;
  ticketId?: string;
  entry?: Entry;
}

interface Recipient {
  agentId: string;
  channels: NotificationChannel[];
}

/**
 * Writes what active agents are told of, by the channels that they chose, in the transaction of its cause. The counters
 * are the last locks that a transaction takes, in the order of agents. Returns whom it told.
 */
export async function writeNotifications(
  world: World,
  em: EntityManager,
  conversation: Conversation,
  notices: readonly Notice[],
): Promise<string[]> {
  const told: { notice: Notice; recipient: Recipient }[] = [];
  for (const notice of notices) {
    for (const recipient of await recipientsOf(em, conversation.workspaceId, notice)) told.push({ notice, recipient });
  }
  if (told.length === 0) return [];
  const { workspaceId, id: conversationId } = conversation;
  const agentIds = told.map(({ recipient }) => recipient.agentId);
  const numbers = await takeNumbers(em, workspaceId, agentIds);
  const createdAt = world.clock.now();
  for (const { notice, recipient } of told) {
    const number = numbers.get(recipient.agentId)!;
    numbers.set(recipient.agentId, number + 1);
    em.persist(
      em.create(Notification, {
        id: world.ids.next('ntf'),
        workspaceId,
        conversationId,
        agentId: recipient.agentId,
        number,
        kind: notice.kind,
        transferId: notice.transferId ?? null,
        ticketId: notice.ticketId ?? null,
        entryId: notice.entry?.id ?? null,
        actorId: notice.byId,
        channels: recipient.channels,
        createdAt,
        readAt: null,
      }),
    );
  }
  await em.flush();
  return [...new Set(agentIds)];
}

async function recipientsOf(em: EntityManager, workspaceId: string, notice: Notice): Promise<Recipient[]> {
  const query = sql`
    select a.id as "agentId", np.channels as chosen from actors a
    left join notification_preferences np on np.agent_id = a.id and np.kind = ${notice.kind}
    where a.workspace_id = ${workspaceId} and a.kind = 'AGENT' and a.active and a.id <> ${notice.byId}
      and ${addressed(notice)}
    order by a.id`;
  const rows = await em.execute<{ agentId: string; chosen: NotificationChannel[] | null }[]>(query.sql, query.values);
  const recipients = rows.map(({ agentId, chosen }) => ({ agentId, channels: channelsOf(notice.kind, chosen) }));
  return recipients.filter(({ channels }) => channels.length > 0);
}

function addressed({ to }: Notice): Sql {
  if (to === 'ADMINS') return sql`a.role = 'ADMIN'`;
  return to === 'WHOEVER_WANTS_IT' ? sql`np.channels <> '{}'` : sql`a.id in (${join(to)})`;
}

/** The first free number of each agent; as many are taken as they are told of. */
async function takeNumbers(
  em: EntityManager,
  workspaceId: string,
  agentIds: readonly string[],
): Promise<Map<string, number>> {
  const query = sql`
    insert into notification_counters as counter (workspace_id, agent_id, last_number)
    select ${workspaceId}, told.agent_id, count(*) from json_array_elements_text(${JSON.stringify(agentIds)}::json) told (agent_id)
    group by told.agent_id order by told.agent_id
    on conflict (agent_id) do update set last_number = counter.last_number + excluded.last_number
    returning agent_id as "agentId", last_number::int as last`;
  const rows = await em.execute<{ agentId: string; last: number }[]>(query.sql, query.values);
  const counts = Map.groupBy(agentIds, (id) => id);
  return new Map(rows.map(({ agentId, last }) => [agentId, last - counts.get(agentId)!.length + 1]));
}
