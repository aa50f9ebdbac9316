import sql, { empty, raw } from 'sql-template-tag';
import type { Viewer } from '../auth/Viewer.js';
import { visibleNotifications } from '../auth/visibility.js';
import type { Database } from '../database/Database.js';
import {
  channelsOf,
  type NotificationChannel,
  type NotificationKind,
  notificationKinds,
} from '../entities/Notification.js';
import type { PageRequest } from './page.js';
import type { NotificationRow } from './rows.js';

const columns = sql`
  n.id, n.agent_id as "agentId", n.number, n.kind, n.conversation_id as "conversationId",
  n.transfer_id as "transferId", n.ticket_id as "ticketId", n.actor_id as "actorId", n.created_at as "createdAt", n.read_at as "readAt"`;

/** A page of the viewer's own, oldest first: up to `limit + 1` in the order of the request. */
export function notificationsPage(
  database: Database,
  viewer: Viewer,
  page: PageRequest<number>,
  unreadOnly: boolean,
): Promise<NotificationRow[]> {
  const { after, before, backward, limit } = page;
  return database.read<NotificationRow>(sql`
    select ${columns} from notifications n
    where ${visibleNotifications(viewer)}
      ${unreadOnly ? sql`and n.read_at is null` : empty}
      ${after === null ? empty : sql`and n.number > ${after}`}
      ${before === null ? empty : sql`and n.number < ${before}`}
    order by n.number ${raw(backward ? 'desc' : 'asc')} limit ${raw(String(limit + 1))}`);
}

/** By id, the viewer's own. */
export function notificationsByIds(
  database: Database,
  viewer: Viewer,
  ids: readonly string[],
): Promise<NotificationRow[]> {
  return database.read<NotificationRow>(sql`
    select ${columns} from notifications n where n.id = any(${ids}) and ${visibleNotifications(viewer)}`);
}

export async function unreadNotifications(database: Database, viewer: Viewer): Promise<number> {
  const [row] = await database.read<{ count: number }>(sql`
    select count(*)::int as count from notifications n
    where ${visibleNotifications(viewer)} and n.read_at is null`);
  return row!.count;
}

/** The number of the last one that was written for the viewer; 0 before the first. */
export async function lastNotification(database: Database, viewer: Viewer): Promise<number> {
  const [row] = await database.read<{ last: number }>(sql`
    select last_number as last from notification_counters where agent_id = ${viewer.id}`);
  return row?.last ?? 0;
}

/** How the viewer wants to be told of each kind. */
export async function notificationPreferences(
  database: Database,
  viewer: Viewer,
): Promise<{ kind: NotificationKind; channels: NotificationChannel[] }[]> {
  const rows = await database.read<{ kind: NotificationKind; channels: NotificationChannel[] }>(sql`
    select kind, channels from notification_preferences where agent_id = ${viewer.id}`);
  const chosen = new Map(rows.map(({ kind, channels }) => [kind, channels]));
  return notificationKinds.map((kind) => ({ kind, channels: channelsOf(kind, chosen.get(kind) ?? null) }));
}
