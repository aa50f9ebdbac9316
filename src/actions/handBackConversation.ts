import type { Viewer } from '../auth/Viewer.js';
import { openTurnIfOwed } from './aiTurns.js';
import { throughTheDoor } from './door.js';
import type { Outcome } from './once.js';
import { cancelPending } from './transfers/endTransfer.js';
import type { World } from './World.js';

export interface HandBackConversationInput {
  conversationId: string;
  idempotencyKey?: string | null;
}

/** Gives the conversation back to its AI agent, or to the workspace's default one. The former assignee stays participant.
 * If the customer's last message is unanswered a turn opens, and says when people handled the conversation. */
export function handBackConversation(world: World, viewer: Viewer, input: HandBackConversationInput): Promise<Outcome> {
  const { conversationId } = input;
  return throughTheDoor(world, { name: 'handBackConversation', viewer, input, conversationId }, async (scene) => {
    scene.require('handBack');
    if (scene.conversation.handling === 'AI') return {};
    await cancelPending(scene);
    scene.conversation.handBack(scene.situation.aiAgentToHandBackTo!, scene.now);
    const entry = scene.event('HANDED_BACK');
    await openTurnIfOwed(scene);
    return { entry };
  });
}
