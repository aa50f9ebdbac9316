import type { Viewer } from '../../auth/Viewer.js';
import type { Priority } from '../../entities/Conversation.js';
import type { TicketStatus } from '../../entities/Ticket.js';
import { TicketChange } from '../../entities/TicketChange.js';
import type { Outcome } from '../once.js';
import { limits, optionalText, requiredText } from '../texts.js';
import type { World } from '../World.js';
import { agentsNamed, findAssignee } from './assignee.js';
import { ofTicket } from './ofTicket.js';

export interface UpdateTicketInput {
  ticketId: string;
  title?: string | null;
  description?: string | null;
  status?: TicketStatus | null;
  priority?: Priority | null;
  assigneeId?: string | null;
  idempotencyKey?: string | null;
}

/** Changes what is given (null removes description and assignee); each field that differs is one line of its history.
 * A new assignee is told. */
export function updateTicket(world: World, viewer: Viewer, input: UpdateTicketInput): Promise<Outcome> {
  const named = input.assigneeId ?? null;
  return ofTicket(world, viewer, 'updateTicket', input, agentsNamed(named), async (scene, ticket) => {
    const { id: ticketId, workspaceId } = ticket;
    // Whoever has it already keeps it, deactivated or not: a form sends back what it was given.
    const isNew = named !== null && named !== ticket.assigneeId;
    if (isNew) await findAssignee(scene, named);
    const changes = ticket.become(
      {
        title: requiredText(input.title ?? ticket.title, 'title', limits.ticketTitle),
        description:
          input.description === undefined
            ? ticket.description
            : optionalText(input.description, 'description', limits.ticketDescription),
        status: input.status ?? ticket.status,
        priority: input.priority ?? ticket.priority,
        assigneeId: input.assigneeId === undefined ? ticket.assigneeId : named,
      },
      scene.now,
    );
    for (const { number, field, from: fromValue, to: toValue } of changes) {
      const actorId = scene.viewer.id;
      scene.em.persist(
        scene.em.create(TicketChange, {
          ticketId,
          number,
          workspaceId,
          actorId,
          field,
          fromValue,
          toValue,
          createdAt: scene.now,
        }),
      );
    }
    if (isNew) scene.notify({ kind: 'TICKET_ASSIGNED', to: [named], ticketId });
    return { subjectId: ticketId, changed: changes.length > 0 };
  });
}
