import sql, { empty, join, raw, type Sql } from 'sql-template-tag';
import type { Viewer } from '../auth/Viewer.js';
import { visibleTickets } from '../auth/visibility.js';
import type { Database } from '../database/Database.js';
import type { Priority } from '../entities/Conversation.js';
import type { TicketStatus } from '../entities/Ticket.js';
import { badUserInput } from '../errors.js';
import type { PageRequest } from './page.js';
import type { TicketChangeRow, TicketCommentRow, TicketRow } from './rows.js';

export interface TicketFilter {
  status?: TicketStatus[] | null;
  assigneeId?: string | null;
  priority?: Priority[] | null;
  conversationId?: string | null;
}

const columns = sql`
  k.id, k.number, k.conversation_id as "conversationId", k.title, k.description, k.status, k.priority,
  k.created_by_id as "createdById", k.assignee_id as "assigneeId", k.created_at as "createdAt",
  k.updated_at as "updatedAt"`;

/** Conditions on tickets `k`. */
export function matchesTicketFilter(filter: TicketFilter | null | undefined): Sql {
  const { status, priority, assigneeId, conversationId } = filter ?? {};
  const text = [assigneeId, conversationId].join('');
  if (text.includes('\0') || !text.isWellFormed())
    throw badUserInput('A filter may not contain NUL or half characters.');
  const conditions = [
    status && sql`k.status = any(${status}::text[])`,
    priority && sql`k.priority = any(${priority}::text[])`,
    (assigneeId ?? null) !== null && sql`k.assignee_id = ${assigneeId}`,
    (conversationId ?? null) !== null && sql`k.conversation_id = ${conversationId}`,
  ].filter((condition): condition is Sql => condition instanceof Object);
  return conditions.length === 0 ? sql`true` : join(conditions, ' and ');
}

export function ticketsByIds(database: Database, viewer: Viewer, ids: readonly string[]): Promise<TicketRow[]> {
  return database.read<TicketRow>(sql`
    select ${columns} from tickets k where k.id = any(${ids}) and ${visibleTickets(viewer)}`);
}

export async function ticketByNumber(database: Database, viewer: Viewer, number: number): Promise<TicketRow | null> {
  const [row] = await database.read<TicketRow>(sql`
    select ${columns} from tickets k where ${visibleTickets(viewer)} and k.number = ${number}`);
  return row ?? null;
}

/** One page, the latest first: up to `limit + 1` in the order of the request. */
export function ticketsPage(
  database: Database,
  viewer: Viewer,
  matches: Sql,
  page: PageRequest<number>,
): Promise<TicketRow[]> {
  return database.read<TicketRow>(list(viewer, matches, page));
}

export async function countTickets(database: Database, viewer: Viewer, matches: Sql): Promise<number> {
  const [row] = await database.read<{ count: number }>(sql`
    select count(*)::int as count from tickets k where ${visibleTickets(viewer)} and ${matches}`);
  return row!.count;
}

/** One page of the tickets of each of these conversations, the latest first, in one statement. */
export async function ticketPages(
  database: Database,
  viewer: Viewer,
  page: PageRequest<number>,
  conversationIds: readonly string[],
): Promise<Map<string, TicketRow[]>> {
  const rows = await database.read<TicketRow>(sql`
    select ticket.* from unnest(${conversationIds}::text[]) with ordinality asked (id, nr)
    cross join lateral (${list(viewer, sql`k.conversation_id = asked.id`, page)}) ticket
    order by asked.nr, ticket.number ${raw(page.backward ? 'asc' : 'desc')}`);
  const pages = new Map<string, TicketRow[]>(conversationIds.map((id) => [id, []]));
  for (const row of rows) pages.get(row.conversationId)?.push(row);
  return pages;
}

/** How many tickets each of these conversations has. */
export async function ticketCounts(
  database: Database,
  viewer: Viewer,
  conversationIds: readonly string[],
): Promise<Map<string, number>> {
  const rows = await database.read<{ id: string; count: number }>(sql`
    select asked.id, (
      select count(*)::int from tickets k where k.conversation_id = asked.id and ${visibleTickets(viewer)}) as count
    from unnest(${conversationIds}::text[]) asked (id)`);
  return new Map(rows.map(({ id, count }) => [id, count]));
}

/** By id, of tickets that the viewer may see. */
export function ticketCommentsByIds(
  database: Database,
  viewer: Viewer,
  ids: readonly string[],
): Promise<TicketCommentRow[]> {
  return database.read<TicketCommentRow>(sql`
    select ${commentColumns} from ticket_comments line
    join tickets k on k.id = line.ticket_id
    where line.id = any(${ids}) and ${visibleTickets(viewer)}`);
}

/** One page of the comments of each of these tickets, which the viewer must be known to see, oldest first. */
export const commentPages = (database: Database, page: PageRequest<number>, ticketIds: readonly string[]) =>
  numberedPages<TicketCommentRow>(database, page, ticketIds, {
    columns: commentColumns,
    table: sql`ticket_comments`,
    number: sql`line.number`,
  });

/** One page of what was changed in each of these tickets, which the viewer must be known to see, oldest first. */
export const changePages = (database: Database, page: PageRequest<number>, ticketIds: readonly string[]) =>
  numberedPages<TicketChangeRow>(database, page, ticketIds, {
    columns: sql`
      line.ticket_id as "ticketId", line.number, line.actor_id as "actorId", line.field, line.from_value as "from",
      line.to_value as "to", line.created_at as "createdAt"`,
    table: sql`ticket_changes`,
    number: sql`line.number`,
  });

const commentColumns = sql`
  line.id, line.ticket_id as "ticketId", line.number, line.author_id as "authorId", line.text,
  line.created_at as "createdAt"`;

/** One page of the lines of each of these tickets, by the number that they have there, in one statement: up to
 * `limit + 1` each, in the order of the request. */
export async function numberedPages<Row extends { ticketId: string }>(
  database: Database,
  page: PageRequest<number>,
  ticketIds: readonly string[],
  lines: { columns: Sql; table: Sql; number: Sql },
): Promise<Map<string, Row[]>> {
  const { after, before, backward, limit } = page;
  const direction = raw(backward ? 'desc' : 'asc');
  const rows = await database.read<Row>(sql`
    select page.* from unnest(${ticketIds}::text[]) with ordinality asked (id, nr)
    cross join lateral (
      select ${lines.columns} from ${lines.table} line
      where line.ticket_id = asked.id and ${lines.number} > ${after ?? 0}
        ${before === null ? empty : sql`and ${lines.number} < ${before}`}
      order by ${lines.number} ${direction} limit ${raw(String(limit + 1))}) page
    order by asked.nr, page.number ${direction}`);
  const pages = new Map<string, Row[]>(ticketIds.map((id) => [id, []]));
  for (const row of rows) pages.get(row.ticketId)?.push(row);
  return pages;
}

function list(viewer: Viewer, matches: Sql, { after, before, backward, limit }: PageRequest<number>): Sql {
  return sql`
    select ${columns} from tickets k
    where ${visibleTickets(viewer)} and ${matches}
      ${after === null ? empty : sql`and k.number < ${after}`}
      ${before === null ? empty : sql`and k.number > ${before}`}
    order by k.number ${raw(backward ? 'asc' : 'desc')} limit ${raw(String(limit + 1))}`;
}
