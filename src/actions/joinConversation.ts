import type { Viewer } from '../auth/Viewer.js';
import { throughTheDoor } from './door.js';
import type { Outcome } from './once.js';
import type { World } from './World.js';

export interface JoinConversationInput {
  conversationId: string;
  idempotencyKey?: string | null;
}

/** An agent joins to follow and help. The customer sees nothing of it. Twice: nothing changes. */
export function joinConversation(world: World, viewer: Viewer, input: JoinConversationInput): Promise<Outcome> {
  const { conversationId } = input;
  return throughTheDoor(world, { name: 'joinConversation', viewer, input, conversationId }, async (scene) => {
    scene.require('join');
    const participant = await scene.participant(viewer.id);
    if (participant.joinedAt !== null) return {};
    participant.joinedAt = scene.now;
    return { entry: scene.event('JOINED', { agentId: viewer.id }) };
  });
}
