import type { Viewer } from '../auth/Viewer.js';
import { closeTurn } from './aiTurns.js';
import { throughTheDoor } from './door.js';
import type { Outcome } from './once.js';
import { cancelPending } from './transfers/endTransfer.js';
import type { World } from './World.js';

export interface FinalizeConversationInput {
  conversationId: string;
  idempotencyKey?: string | null;
}

/** Ends a conversation for good. The customer may end their own. */
export function finalizeConversation(world: World, viewer: Viewer, input: FinalizeConversationInput): Promise<Outcome> {
  const { conversationId } = input;
  return throughTheDoor(world, { name: 'finalizeConversation', viewer, input, conversationId }, async (scene) => {
    scene.require('finalize');
    if (scene.conversation.status === 'FINALIZED') return {};
    await cancelPending(scene);
    await closeTurn(scene);
    scene.conversation.finalize(scene.now);
    return { entry: scene.event('FINALIZED') };
  });
}
