import sql from 'sql-template-tag';
import { type Deed, mayEver } from '../../auth/roles.js';
import type { Viewer } from '../../auth/Viewer.js';
import { reachableTickets } from '../../auth/visibility.js';
import { Ticket } from '../../entities/Ticket.js';
import { forbidden, notFoundAt } from '../../errors.js';
import { isIdOf } from '../../ids.js';
import { throughTheDoor } from '../door.js';
import type { Outcome } from '../once.js';
import type { Scene } from '../Scene.js';
import type { World } from '../World.js';

export interface TicketInput {
  ticketId: string;
  idempotencyKey?: string | null;
}

/**
 * Goes through the door of the ticket's conversation, whatever its status: its lock is the ticket's too. The timeline
 * stays as it is; `change` says what it did to the ticket, and whether screens must notice.
 */
export async function ofTicket(
  world: World,
  viewer: Viewer,
  deed: Deed,
  input: TicketInput,
  concerns: readonly string[],
  change: (scene: Scene, ticket: Ticket) => Promise<{ subjectId: string; changed: boolean }>,
): Promise<Outcome> {
  const { ticketId } = input;
  const conversationId = await conversationOf(world, viewer, ticketId);
  return throughTheDoor(world, { name: deed, viewer, input, conversationId, concerns }, async (scene) => {
    if (!mayEver(scene.viewer, deed)) throw forbidden();
    const ticket = await scene.em.findOneOrFail(Ticket, { id: ticketId, conversationId });
    const { subjectId, changed } = await change(scene, ticket);
    if (changed) scene.touch('TEAM_STATE');
    return { subjectId };
  });
}

/** Which conversation a ticket is of never changes, so it may be read before the lock. */
async function conversationOf({ database }: World, viewer: Viewer, ticketId: string): Promise<string> {
  if (!isIdOf(ticketId, 'tkt')) throw notFoundAt('ticketId');
  const [row] = await database.read<{ conversationId: string }>(sql`
    select k.conversation_id as "conversationId" from tickets k
    where k.id = ${ticketId} and ${reachableTickets(viewer)}`);
  if (!row) throw notFoundAt('ticketId');
  return row.conversationId;
}
