import sql from 'sql-template-tag';
import { isCustomer, type Viewer } from '../auth/Viewer.js';
import { visibleEntries } from '../auth/visibility.js';
import type { Place } from '../entities/Conversation.js';
import { isIdOf } from '../ids.js';
import { throughTheDoor } from './door.js';
import type { Outcome } from './once.js';
import type { Scene } from './Scene.js';
import { foundAt } from './texts.js';
import type { World } from './World.js';

export interface MarkConversationReadInput {
  conversationId: string;
  upToId?: string | null;
}

/** Moves the viewer's read mark up to an entry, or to the end of what they can see; never backwards. Each call counts as
 * reading now, whether or not the mark moves: else its time would tell who may know of it that a whisper came between. */
export function markConversationRead(world: World, viewer: Viewer, input: MarkConversationReadInput): Promise<Outcome> {
  const { conversationId } = input;
  return throughTheDoor(world, { name: 'markConversationRead', viewer, input: {}, conversationId }, async (scene) => {
    await moveMark(scene, foundAt(await placeOf(scene, input.upToId ?? null), 'upToId'));
    scene.touch(isCustomer(viewer) ? 'CUSTOMER_READ' : 'TEAM_STATE');
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

async function moveMark({ em, conversation, viewer, now }: Scene, place: Place): Promise<void> {
  const { position, teamPosition, notePosition } = place;
  await em.execute(
    `insert into read_marks as mark
       (workspace_id, conversation_id, actor_id, position, team_position, note_position, read_at)
     values (?, ?, ?, ?, ?, ?, ?)
     on conflict (conversation_id, actor_id) do update set
       read_at = excluded.read_at,
       (position, team_position, note_position) = (
         select place.position, place.team_position, place.note_position
         from (values
           (mark.position, mark.team_position, mark.note_position),
           (excluded.position, excluded.team_position, excluded.note_position)
         ) place (position, team_position, note_position)
         order by 1 desc, 2 desc, 3 desc limit 1)`,
    [conversation.workspaceId, conversation.id, viewer.id, position, teamPosition, notePosition, now],
  );
}
