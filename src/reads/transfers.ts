import sql, { empty, raw, type Sql } from 'sql-template-tag';
import type { Viewer } from '../auth/Viewer.js';
import { visibleTransfers } from '../auth/visibility.js';
import type { Database } from '../database/Database.js';
import type { PageRequest } from './page.js';
import type { TransferRow } from './rows.js';

export type TransferKey = { createdAt: Date; id: string };

/** An offer whose time is up reads as expired, whether or not that has been written down. */
const columns = (now: Date) => sql`
  x.id, x.conversation_id as "conversationId", x.from_id as "fromId", x.to_id as "toId", x.note,
  x.leave_on_accept as "leaveOnAccept",
  case when x.status = 'PENDING' and x.expires_at <= ${now} then 'EXPIRED' else x.status end as status,
  x.created_at as "createdAt", x.expires_at as "expiresAt", x.answered_at as "answeredAt",
  x.decline_reason as "declineReason"`;

/** The offer of a conversation `c` that waits for an answer, as JSON. */
export function pendingTransferJson(viewer: Viewer, now: Date): Sql {
  return sql`(
    select row_to_json(transfer) from (
      select ${columns(now)} from transfers x
      where x.conversation_id = c.id and x.status = 'PENDING' and x.expires_at > ${now}
        and ${visibleTransfers(viewer)}) transfer)`;
}

export function reviveTransfer(row: TransferRow): void {
  row.createdAt = new Date(row.createdAt);
  row.expiresAt = new Date(row.expiresAt);
}

export function transfersByIds(
  database: Database,
  viewer: Viewer,
  now: Date,
  ids: readonly string[],
): Promise<TransferRow[]> {
  return database.read<TransferRow>(sql`
    select ${columns(now)} from transfers x where x.id = any(${ids}) and ${visibleTransfers(viewer)}`);
}

/** What is offered to the viewer and waits for their answer, oldest first. */
export function pendingTransfersTo(database: Database, viewer: Viewer, now: Date): Promise<TransferRow[]> {
  return database.read<TransferRow>(sql`
    select ${columns(now)} from transfers x
    where x.to_id = ${viewer.id} and x.status = 'PENDING' and x.expires_at > ${now} and ${visibleTransfers(viewer)}
    order by x.created_at, x.id`);
}

/** One page of the offers of each of these conversations, oldest first, in one statement: up to `limit + 1` each. */
export async function transferPages(
  database: Database,
  viewer: Viewer,
  now: Date,
  page: PageRequest<TransferKey>,
  conversationIds: readonly string[],
): Promise<Map<string, TransferRow[]>> {
  const { after, before, backward, limit } = page;
  const direction = raw(backward ? 'desc' : 'asc');
  const rows = await database.read<TransferRow>(sql`
    select transfer.* from unnest(${conversationIds}::text[]) with ordinality asked (id, nr)
    cross join lateral (
      select ${columns(now)} from transfers x
      where x.conversation_id = asked.id and ${visibleTransfers(viewer)}
        ${after ? sql`and (x.created_at, x.id) > (${after.createdAt}, ${after.id})` : empty}
        ${before ? sql`and (x.created_at, x.id) < (${before.createdAt}, ${before.id})` : empty}
      order by x.created_at ${direction}, x.id ${direction} limit ${raw(String(limit + 1))}) transfer
    order by asked.nr, transfer."createdAt" ${direction}, transfer.id ${direction}`);
  const pages = new Map<string, TransferRow[]>(conversationIds.map((id) => [id, []]));
  for (const row of rows) pages.get(row.conversationId)?.push(row);
  return pages;
}
