import type { Viewer } from '../../auth/Viewer.js';
import type { Priority } from '../../entities/Conversation.js';
import { Ticket } from '../../entities/Ticket.js';
import { throughTheDoor } from '../door.js';
import type { Outcome } from '../once.js';
import type { Scene } from '../Scene.js';
import { limits, optionalText, requiredText } from '../texts.js';
import type { World } from '../World.js';
import { agentsNamed, findAssignee } from './assignee.js';
import { takeSnapshot } from './takeSnapshot.js';

export interface CreateTicketInput {
  conversationId: string;
  title: string;
  description?: string | null;
  priority?: Priority | null;
  assigneeId?: string | null;
  idempotencyKey?: string | null;
}

/**
 * Makes a ticket of a conversation, whatever its status, with a snapshot of it as it is under its lock. The event that
 * says so comes after the snapshot and is not in it.
 */
export function createTicket(world: World, viewer: Viewer, input: CreateTicketInput): Promise<Outcome> {
  const { conversationId, assigneeId = null } = input;
  const call = { name: 'createTicket', viewer, input, conversationId, concerns: agentsNamed(assigneeId) };
  return throughTheDoor(world, call, async (scene) => {
    const assignee = await findAssignee(scene, assigneeId);
    const title = requiredText(input.title, 'title', limits.ticketTitle);
    const description = optionalText(input.description, 'description', limits.ticketDescription);
    scene.require('createTicket');
    const id = world.ids.next('tkt');
    await takeSnapshot(scene, id);
    const ticket = scene.em.create(Ticket, {
      id,
      workspaceId: scene.conversation.workspaceId,
      conversationId,
      number: await nextNumber(scene),
      title,
      description,
      status: 'OPEN',
      priority: input.priority ?? 'NORMAL',
      createdById: scene.viewer.id,
      assigneeId: assignee?.id ?? null,
      commentCount: 0,
      changeCount: 0,
      createdAt: scene.now,
      updatedAt: scene.now,
    });
    // Before the event that refers to it.
    await scene.em.persist(ticket).flush();
    if (assignee) scene.notify({ kind: 'TICKET_ASSIGNED', to: [assignee.id], ticketId: id });
    scene.touch('TEAM_STATE');
    return { subjectId: id, entry: scene.event('TICKET_CREATED', { ticketId: id }) };
  });
}

/** Waits for other new tickets of the workspace until they commit, so it is asked for after everything that takes long. */
async function nextNumber({ em, conversation }: Scene): Promise<number> {
  const [row] = await em.execute<[{ number: number }]>(
    `insert into ticket_counters as counter (workspace_id, last_number) values (?, 1)
     on conflict (workspace_id) do update set last_number = counter.last_number + 1
     returning last_number as number`,
    [conversation.workspaceId],
  );
  return row.number;
}
