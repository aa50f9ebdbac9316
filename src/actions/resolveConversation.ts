import type { Viewer } from '../auth/Viewer.js';
import { closeTurn } from './aiTurns.js';
import { throughTheDoor } from './door.js';
import type { Outcome } from './once.js';
import { cancelPending } from './transfers/endTransfer.js';
import type { World } from './World.js';

export interface ResolveConversationInput {
  conversationId: string;
  idempotencyKey?: string | null;
}

/** The case seems answered. Assignee and handling stay, the turn closes; the customer reopens it by writing. */
export function resolveConversation(world: World, viewer: Viewer, input: ResolveConversationInput): Promise<Outcome> {
  const { conversationId } = input;
  return throughTheDoor(world, { name: 'resolveConversation', viewer, input, conversationId }, async (scene) => {
    scene.require('resolve');
    if (scene.conversation.status === 'RESOLVED') return {};
    await cancelPending(scene);
    await closeTurn(scene);
    scene.conversation.resolve(scene.now);
    return { entry: scene.event('RESOLVED') };
  });
}
