import sql, { empty, join, raw, type Sql } from 'sql-template-tag';
import type { Viewer } from '../auth/Viewer.js';
import { viewOf, visibleConversations, visibleEntries } from '../auth/visibility.js';
import type { Database } from '../database/Database.js';
import type { Place } from '../entities/Conversation.js';
import { actorJson } from './actors.js';
import { attachmentsJson } from './attachments.js';
import type { PageRequest } from './page.js';
import type { EntryRow } from './rows.js';

/** Which connection of a conversation: all that the viewer sees, or one type of it. */
export type EntryList = 'timeline' | 'messages' | 'whispers';
export type EntryPiece = 'actor' | 'agent' | 'attachments';

/** What a row of an entry `e` is made of. */
export const entryColumns = sql`
  e.id, e.conversation_id as "conversationId", e.position, e.team_position as "teamPosition",
  e.note_position as "notePosition", e.type, e.audience, e.actor_id as "actorId", e.created_at as "createdAt", e.text,
  e.language, e.mention_ids as "mentionIds", e.event_kind as "eventKind", e.agent_id as "agentId",
  e.transfer_id as "transferId", e.ticket_id as "ticketId"`;

const pieces: Record<EntryPiece, Sql> = {
  actor: sql`, ${actorJson(sql`e.actor_id`)} as actor`,
  agent: sql`, ${actorJson(sql`e.agent_id`)} as agent`,
  attachments: sql`, ${attachmentsJson(sql`e.id`)} as attachments`,
};

const withPieces = (wanted: Iterable<EntryPiece>) =>
  join([entryColumns, ...[...wanted].map((name) => pieces[name])], ' ');

/** Everyone's entries are ordered by one number, so that their own index serves; the team's by all three. */
const usesOneNumber = (viewer: Viewer, list: EntryList) => list === 'messages' || viewOf(viewer) === 'EVERYONE';

function conditions(viewer: Viewer, list: EntryList): Sql {
  if (list === 'messages') return sql`e.audience = 'EVERYONE' and e.type = 'MESSAGE'`;
  return list === 'whispers' ? sql`e.type = 'WHISPER' and ${visibleEntries(viewer)}` : visibleEntries(viewer);
}

function beyond(sign: '>' | '<', { position, teamPosition, notePosition }: Place, oneNumber: boolean): Sql {
  return oneNumber
    ? sql`and e.position ${raw(sign)} ${sign === '<' && (teamPosition > 0 || notePosition > 0) ? position + 1 : position}`
    : sql`and (e.position, e.team_position, e.note_position) ${raw(sign)} (${position}, ${teamPosition}, ${notePosition})`;
}

function order(oneNumber: boolean, backward: boolean): Sql {
  const direction = backward ? ' desc' : '';
  return oneNumber
    ? raw(`order by e.position${direction}`)
    : raw(`order by e.position${direction}, e.team_position${direction}, e.note_position${direction}`);
}

/** One page of each of these conversations, which the viewer must be known to see, in one statement: up to `limit + 1`
 * entries each, in the order of the request. */
export async function entryPages(
  database: Database,
  viewer: Viewer,
  list: EntryList,
  page: PageRequest<Place>,
  wanted: Iterable<EntryPiece>,
  conversationIds: readonly string[],
): Promise<Map<string, EntryRow[]>> {
  const oneNumber = usesOneNumber(viewer, list);
  const rows = await database.read<EntryRow>(sql`
    select entry.* from unnest(${conversationIds}::text[]) with ordinality asked (id, nr)
    cross join lateral (
      select ${withPieces(wanted)} from entries e
      where e.conversation_id = asked.id and ${conditions(viewer, list)}
        ${page.after ? beyond('>', page.after, oneNumber) : empty}
        ${page.before ? beyond('<', page.before, oneNumber) : empty}
      ${order(oneNumber, page.backward)}
      limit ${raw(String(page.limit + 1))}) entry
    order by asked.nr, entry.position ${raw(page.backward ? 'desc' : '')},
      entry."teamPosition" ${raw(page.backward ? 'desc' : '')}, entry."notePosition" ${raw(page.backward ? 'desc' : '')}`);
  const pages = new Map<string, EntryRow[]>(conversationIds.map((id) => [id, []]));
  for (const row of rows) pages.get(row.conversationId)?.push(row);
  return pages;
}

/** What came after a place, oldest first: what a stream reads, from the log and nothing else. */
export function entriesAfter(
  database: Database,
  viewer: Viewer,
  conversationId: string,
  after: Place,
  limit: number,
): Promise<EntryRow[]> {
  const oneNumber = usesOneNumber(viewer, 'timeline');
  return database.read<EntryRow>(sql`
    select ${withPieces(['actor', 'agent', 'attachments'])} from entries e
    where e.conversation_id = ${conversationId} and ${visibleEntries(viewer)} ${beyond('>', after, oneNumber)}
    ${order(oneNumber, false)} limit ${raw(String(limit))}`);
}

/** By id, those that the viewer may see. */
export function visibleEntriesByIds(database: Database, viewer: Viewer, ids: readonly string[]): Promise<EntryRow[]> {
  return database.read<EntryRow>(sql`
    select ${withPieces(['actor', 'agent', 'attachments'])} from entries e
    join conversations c on c.id = e.conversation_id
    where e.id = any(${ids}) and ${visibleEntries(viewer)} and ${visibleConversations(viewer)}`);
}

/** The last place of a conversation that the viewer can see; null when they cannot see the conversation. */
export async function lastPlace(database: Database, viewer: Viewer, conversationId: string): Promise<Place | null> {
  const oneNumber = usesOneNumber(viewer, 'timeline');
  const [row] = await database.read<Partial<Place>>(sql`
    select e.* from conversations c
    left join lateral (
      select e.position, e.team_position as "teamPosition", e.note_position as "notePosition" from entries e
      where e.conversation_id = c.id and ${visibleEntries(viewer)} ${order(oneNumber, true)} limit 1) e on true
    where c.id = ${conversationId} and ${visibleConversations(viewer)}`);
  if (!row) return null;
  const { position, teamPosition, notePosition } = row;
  return { position: position ?? 0, teamPosition: teamPosition ?? 0, notePosition: notePosition ?? 0 };
}

/** The customer's messages that a turn must answer: everyone's, whoever looks. */
export function unansweredMessages(
  database: Database,
  turns: readonly { conversationId: string; afterPosition: number; upToPosition: number }[],
): Promise<EntryRow[]> {
  return database.read<EntryRow>(sql`
    select ${withPieces(['actor'])}
    from unnest(
      ${turns.map((turn) => turn.conversationId)}::text[],
      ${turns.map((turn) => turn.afterPosition)}::bigint[],
      ${turns.map((turn) => turn.upToPosition)}::bigint[]) turn (conversation_id, after_position, up_to_position)
    join entries e on e.conversation_id = turn.conversation_id
      and e.audience = 'EVERYONE' and e.position > turn.after_position and e.position <= turn.up_to_position
    join conversations c on c.id = e.conversation_id
    where e.type = 'MESSAGE' and e.actor_id = c.customer_id
    order by e.conversation_id, e.position`);
}
