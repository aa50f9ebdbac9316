import type { Viewer } from '../auth/Viewer.js';
import { Participant } from '../entities/Participant.js';
import { throughTheDoor } from './door.js';
import type { Outcome } from './once.js';
import type { World } from './World.js';

export interface LeaveConversationInput {
  conversationId: string;
  idempotencyKey?: string | null;
}

/** A participant leaves without disturbing anybody; the assignee cannot. Twice: nothing changes. */
export function leaveConversation(world: World, viewer: Viewer, input: LeaveConversationInput): Promise<Outcome> {
  const { conversationId } = input;
  return throughTheDoor(world, { name: 'leaveConversation', viewer, input, conversationId }, async (scene) => {
    scene.require('leave');
    const participant = await scene.em.findOne(Participant, { conversationId, actorId: viewer.id });
    if (!participant?.joinedAt) return {};
    participant.joinedAt = null;
    return { entry: scene.event('LEFT', viewer.id) };
  });
}
