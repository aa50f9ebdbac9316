import type { EntityManager } from '@mikro-orm/postgresql';
import sql from 'sql-template-tag';
import { isCustomer, type Viewer } from '../auth/Viewer.js';
import { visibleEntries } from '../auth/visibility.js';
import type { Place } from '../entities/Conversation.js';
import { isIdOf } from '../ids.js';
import { type Scene, throughTheDoor } from './door.js';
import type { Outcome } from './once.js';
import { foundAt } from './texts.js';
import type { World } from './World.js';

export interface MarkConversationReadInput {
  conversationId: string;
  upToId?: string | null;
}

/** Moves the viewer's read mark up to an entry, or to the end of what they can see; never backwards. */
export function markConversationRead(world: World, viewer: Viewer, input: MarkConversationReadInput): Promise<Outcome> {
  const { conversationId } = input;
  return throughTheDoor(world, { name: 'markConversationRead', viewer, input: {}, conversationId }, async (scene) => {
    const place = foundAt(await placeOf(scene, input.upToId ?? null), 'upToId');
    if (await moveMark(scene, place)) scene.touch(isCustomer(viewer) ? 'EVERYONE' : 'TEAM_STATE');
    return {};
  });
}

async function placeOf({ em, conversation, viewer }: Scene, entryId: string | null): Promise<Place | undefined> {
  if (entryId !== null && !isIdOf(entryId, 'msg', 'whis', 'evt')) return undefined;
  const query = sql`
    select e.position, e.team_position as "teamPosition", e.note_position as "notePosition" from entries e
    where e.conversation_id = ${conversation.id} and ${visibleEntries(viewer)}
      and (${entryId}::text is null or e.id = ${entryId})
    order by e.position desc, e.team_position desc, e.note_position desc limit 1`;
  const [row] = await em.execute<Place[]>(query.sql, query.values);
  return row;
}

/** Whether the mark moved. */
async function moveMark({ em, conversation, viewer, now }: Scene, place: Place): Promise<boolean> {
  const { position, teamPosition, notePosition } = place;
  return upsert(em, [conversation.workspaceId, conversation.id, viewer.id, position, teamPosition, notePosition, now]);
}

async function upsert(em: EntityManager, values: unknown[]): Promise<boolean> {
  const moved = await em.execute(
    `insert into read_marks as r
       (workspace_id, conversation_id, actor_id, position, team_position, note_position, read_at)
     values (?, ?, ?, ?, ?, ?, ?)
     on conflict (conversation_id, actor_id) do update
       set position = excluded.position, team_position = excluded.team_position,
           note_position = excluded.note_position, read_at = excluded.read_at
       where (r.position, r.team_position, r.note_position)
           < (excluded.position, excluded.team_position, excluded.note_position)
     returning 1`,
    values,
  );
  return moved.length === 1;
}
