import type { Viewer } from '../../auth/Viewer.js';
import { TicketComment } from '../../entities/TicketComment.js';
import type { Outcome } from '../once.js';
import { limits, requiredText } from '../texts.js';
import type { World } from '../World.js';
import { ofTicket, type TicketInput } from './ofTicket.js';

export interface AddTicketCommentInput extends TicketInput {
  text: string;
}

/** Writes below a ticket, whatever its status. */
export function addTicketComment(world: World, viewer: Viewer, input: AddTicketCommentInput): Promise<Outcome> {
  return ofTicket(world, viewer, 'addTicketComment', input, [], async (scene, ticket) => {
    const text = requiredText(input.text, 'text', limits.ticketComment);
    const comment = scene.em.create(TicketComment, {
      id: world.ids.next('tcom'),
      workspaceId: ticket.workspaceId,
      ticketId: ticket.id,
      number: ticket.commented(scene.now),
      authorId: scene.viewer.id,
      text,
      createdAt: scene.now,
    });
    scene.em.persist(comment);
    return { subjectId: comment.id, changed: true };
  });
}
