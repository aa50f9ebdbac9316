import sql, { empty, join, raw, type Sql } from 'sql-template-tag';
import { situationOf } from '../auth/situation.js';
import type { Viewer } from '../auth/Viewer.js';
import {
  mayReadMarkOf,
  noticedTransaction,
  noticedVersion,
  participantSince,
  viewOf,
  visibleConversations,
  visibleEntries,
} from '../auth/visibility.js';
import type { Database } from '../database/Database.js';
import { actorJson } from './actors.js';
import type { PageRequest } from './page.js';
import type { ConversationPieces, ConversationRow, PieceName } from './rows.js';
import { pendingTransferJson, reviveTransfer } from './transfers.js';

export type ConversationKey = { updatedAt: Date; id: string };
export type ConversationRead = ConversationRow & Partial<ConversationPieces>;

const columns = sql`
  c.id, c.workspace_id as "workspaceId", c.customer_id as "customerId", c.channel, c.subject, c.status, c.handling,
  c.assignee_id as "assigneeId", c.ai_agent_id as "aiAgentId", c.needs_human_reason as "needsHumanReason",
  c.needs_human_since as "needsHumanSince", c.needs_human_by as "needsHumanBy", c.priority, c.tags,
  c.created_at as "createdAt", c.updated_at as "updatedAt", c.last_message_id as "lastMessageId", c.position,
  c.team_position as "teamPosition"`;

const milliseconds = (time: Sql) => sql`floor(extract(epoch from ${time}) * 1000)::bigint`;

const maxUnread = 100;

/** What a viewer counts as unread: messages and whispers by others, as far as they see them, after their read mark. */
function unreadCount(viewer: Viewer): Sql {
  const oneNumber = viewOf(viewer) === 'EVERYONE';
  const afterMark = oneNumber
    ? sql`e.position > coalesce(mark.position, 0)`
    : sql`(e.position, e.team_position, e.note_position)
          > (coalesce(mark.position, 0), coalesce(mark.team_position, 0), coalesce(mark.note_position, 0))`;
  return sql`(
    select count(*)::int from (
      select from (select 1) one
      left join read_marks mark on mark.conversation_id = c.id and mark.actor_id = ${viewer.id}
      join entries e on e.conversation_id = c.id and ${afterMark}
      where e.type <> 'EVENT' and e.actor_id <> ${viewer.id} and ${visibleEntries(viewer)}
      limit ${raw(String(maxUnread))}) unread)`;
}

/** Customer, AI agent while it answers, and the agents who are in; to everyone, whoever was assigned or heard. */
function participants(viewer: Viewer): Sql {
  const since = participantSince(viewer);
  return sql`(
    select coalesce(json_agg(json_build_object(
      'actor', ${actorJson(sql`present.actor_id`)},
      'joinedAt', ${milliseconds(sql`present.since`)},
      'lastReadAt', (
        select ${milliseconds(sql`r.read_at`)} from read_marks r
        where r.conversation_id = c.id and r.actor_id = present.actor_id
          ${mayReadMarkOf(viewer, '') ? empty : sql`and r.actor_id = ${viewer.id}`})
      ) order by present.since, present.actor_id), '[]')
    from (
      select c.customer_id as actor_id, c.created_at as since
      ${viewOf(viewer) === 'TEAM' ? sql`union all select c.ai_agent_id, c.ai_since where c.handling = 'AI'` : empty}
      union all
      select p.actor_id, ${since} from participants p where p.conversation_id = c.id and ${since} is not null
    ) present)`;
}

/** Each piece is one expression over a conversation `c`: a page puts it into its statement, a loader asks for it alone. */
function piece(name: PieceName, viewer: Viewer, now: Date): Sql {
  switch (name) {
    case 'customer':
      return actorJson(sql`c.customer_id`);
    case 'assignee':
      return actorJson(sql`c.assignee_id`);
    case 'aiAgent':
      return actorJson(sql`c.ai_agent_id`);
    case 'needsHumanByActor':
      return actorJson(sql`c.needs_human_by`);
    case 'lastMessage':
      return sql`(
        select json_build_object(
          'id', e.id, 'conversationId', e.conversation_id, 'position', e.position, 'teamPosition', 0, 'notePosition', 0,
          'type', e.type, 'audience', e.audience, 'actorId', e.actor_id, 'createdAt', ${milliseconds(sql`e.created_at`)},
          'text', e.text, 'language', e.language, 'mentionIds', e.mention_ids, 'eventKind', null, 'agentId', null, 'transferId', null,
          'ticketId', null,
          'actor', ${actorJson(sql`e.actor_id`)})
        from entries e where e.id = c.last_message_id)`;
    case 'participants':
      return participants(viewer);
    case 'unreadCount':
      return unreadCount(viewer);
    case 'situation':
      return situationOf(now);
    case 'pendingTransfer':
      return pendingTransferJson(viewer, now);
  }
}

const named = (name: PieceName, viewer: Viewer, now: Date) => sql`, ${piece(name, viewer, now)} as ${raw(`"${name}"`)}`;

/** Reads of conversations, for one viewer at one moment. */
export class ConversationReads {
  constructor(
    private readonly database: Database,
    private readonly viewer: Viewer,
    private readonly now: Date,
  ) {}

  private columns(wanted: Iterable<PieceName>): Sql {
    return join([columns, ...[...wanted].map((name) => named(name, this.viewer, this.now))], ' ');
  }

  async byIds(ids: readonly string[], wanted: Iterable<PieceName> = []): Promise<ConversationRead[]> {
    const rows = await this.database.read<ConversationRead>(sql`
      select ${this.columns(wanted)} from conversations c
      where c.id = any(${ids}) and ${visibleConversations(this.viewer)}`);
    return rows.map(revive);
  }

  async pieceByIds(name: PieceName, ids: readonly string[]): Promise<Map<string, ConversationPieces[PieceName]>> {
    const rows = await this.database.read<ConversationRead>(sql`
      select c.id${named(name, this.viewer, this.now)} from conversations c
      where c.id = any(${ids}) and ${visibleConversations(this.viewer)}`);
    return new Map(rows.map(revive).map((row) => [row.id, row[name]!]));
  }

  /** One page by `updatedAt`, latest first: up to `limit + 1` in the order of the request. */
  async page(
    matches: Sql,
    page: PageRequest<ConversationKey>,
    wanted: Iterable<PieceName>,
  ): Promise<ConversationRead[]> {
    const rows = await this.database.read<ConversationRead>(this.list(matches, page, wanted));
    return rows.map(revive);
  }

  /** One page of the conversations of each of these customers, in one statement. */
  async pagesOfCustomers(
    customerIds: readonly string[],
    page: PageRequest<ConversationKey>,
    wanted: Iterable<PieceName>,
  ): Promise<Map<string, ConversationRead[]>> {
    const rows = await this.database.read<ConversationRead>(sql`
      select conversation.* from unnest(${customerIds}::text[]) with ordinality asked (customer_id, nr)
      cross join lateral (${this.list(sql`c.customer_id = asked.customer_id`, page, wanted)}) conversation
      order by asked.nr, conversation."updatedAt" ${raw(page.backward ? 'asc' : 'desc')},
        conversation.id ${raw(page.backward ? 'asc' : 'desc')}`);
    const pages = new Map<string, ConversationRead[]>(customerIds.map((id) => [id, []]));
    for (const row of rows) pages.get(row.customerId)?.push(revive(row));
    return pages;
  }

  /** Of these conversations, which match now; of the others the viewer knows only that they do not. */
  async matching(ids: readonly string[], matches: Sql): Promise<Set<string>> {
    const rows = await this.database.read<{ id: string }>(sql`
      select c.id from conversations c
      where c.id = any(${ids}) and ${visibleConversations(this.viewer)} and ${matches}`);
    return new Set(rows.map(({ id }) => id));
  }

  private list(matches: Sql, page: PageRequest<ConversationKey>, wanted: Iterable<PieceName>): Sql {
    const { after, before, backward, limit } = page;
    return sql`
      select ${this.columns(wanted)} from conversations c
      where ${visibleConversations(this.viewer)} and ${matches}
        ${after ? sql`and (c.updated_at, c.id) < (${after.updatedAt}, ${after.id})` : empty}
        ${before ? sql`and (c.updated_at, c.id) > (${before.updatedAt}, ${before.id})` : empty}
      order by c.updated_at ${raw(backward ? 'asc' : 'desc')}, c.id ${raw(backward ? 'asc' : 'desc')}
      limit ${raw(String(limit + 1))}`;
  }
}

/** What moves when something has changed that the viewer may read; null when they cannot see the conversation. */
export async function versionOf(database: Database, viewer: Viewer, conversationId: string): Promise<string | null> {
  const [row] = await database.read<{ version: string }>(sql`
    select ${noticedVersion(viewer)} as version from conversations c
    where c.id = ${conversationId} and ${visibleConversations(viewer)}`);
  return row?.version ?? null;
}

/** How often it has changed who answers; null when the viewer cannot see the conversation. */
export async function handlingEpochOf(
  database: Database,
  viewer: Viewer,
  conversationId: string,
): Promise<number | null> {
  const [row] = await database.read<{ epoch: number }>(sql`
    select c.handling_epoch as epoch from conversations c
    where c.id = ${conversationId} and ${visibleConversations(viewer)}`);
  return row?.epoch ?? null;
}

/** The conversations that changed, for this viewer, in a transaction from `since` on; and where to go on from. A running
 * transaction holds the horizon back, so that none is skipped; one may come twice, with the same version. */
export async function changedSince(
  database: Database,
  viewer: Viewer,
  since: string | null,
): Promise<{ changed: { id: string; version: string }[]; horizon: string }> {
  const changed =
    since === null
      ? sql`select null as changed`
      : sql`
        select json_agg(json_build_object('id', c.id, 'version', ${noticedVersion(viewer)})) as changed
        from conversations c
        where c.workspace_id = ${viewer.workspaceId} and greatest(c.state_xid, c.team_xid) >= ${since}::text::xid8
          and ${noticedTransaction(viewer)} >= ${since}::text::xid8 and ${visibleConversations(viewer)}`;
  const [row] = await database.read<{ changed: { id: string; version: string }[] | null; horizon: string }>(sql`
    select pg_snapshot_xmin(pg_current_snapshot())::text as horizon, (${changed}) as changed`);
  return { changed: row!.changed ?? [], horizon: row!.horizon };
}

function revive<Row extends Partial<ConversationPieces>>(row: Row): Row {
  if (row.pendingTransfer) reviveTransfer(row.pendingTransfer);
  if (row.lastMessage) row.lastMessage.createdAt = new Date(row.lastMessage.createdAt);
  return row;
}
