import sql from 'sql-template-tag';
import { refusalOf, type Situation } from '../auth/policies.js';
import { mayEver } from '../auth/roles.js';
import { situationOf } from '../auth/situation.js';
import { isCustomer, type Viewer } from '../auth/Viewer.js';
import { visibleConversations } from '../auth/visibility.js';
import { forbidden } from '../errors.js';
import { isIdOf } from '../ids.js';
import type { Outcome } from './once.js';
import { foundAt } from './texts.js';
import type { World } from './World.js';

export interface SetTypingInput {
  conversationId: string;
  typing: boolean;
  audience?: 'EVERYONE' | 'TEAM' | null;
}

/** Tells those who may hear it that the caller types, or no longer does. Nothing is stored. It is told only where the
 * caller could send (or, to the team, whisper) now; elsewhere it is ignored. */
export async function setTyping(world: World, viewer: Viewer, input: SetTypingInput): Promise<Outcome> {
  const { conversationId, typing } = input;
  const audience = input.audience ?? 'EVERYONE';
  const ability = audience === 'TEAM' ? 'whisper' : 'sendMessage';
  if (!mayEver(viewer, ability)) throw forbidden();
  const { situation, ...now } = foundAt(await readNow(world, viewer, conversationId), 'conversationId');
  if (refusalOf(ability, situation, viewer) === null) {
    // A customer may write, and the team may whisper, whoever answers.
    const handlingEpoch = ability === 'whisper' || isCustomer(viewer) ? null : now.handlingEpoch;
    world.bells.ring([{ about: 'typing', conversationId, actorId: viewer.id, audience, typing, handlingEpoch }]);
  }
  return { conversationId, subjectId: null, entryId: null, entryIds: [] };
}

async function readNow({ database, clock }: World, viewer: Viewer, conversationId: string) {
  if (!isIdOf(conversationId, 'conv')) return null;
  const [row] = await database.read<{ situation: Situation; handlingEpoch: number }>(sql`
    select ${situationOf(clock.now())} as situation, c.handling_epoch as "handlingEpoch"
    from conversations c where c.id = ${conversationId} and ${visibleConversations(viewer)}`);
  return row;
}
