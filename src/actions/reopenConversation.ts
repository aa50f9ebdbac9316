import type { Viewer } from '../auth/Viewer.js';
import { openTurnIfOwed } from './aiTurns.js';
import { throughTheDoor } from './door.js';
import type { Outcome } from './once.js';
import type { Scene } from './Scene.js';
import type { World } from './World.js';

export interface ReopenConversationInput {
  conversationId: string;
  idempotencyKey?: string | null;
}

/** Opens a resolved conversation again, with its assignee; without one, the AI agent answers if it is enabled. */
export function reopenConversation(world: World, viewer: Viewer, input: ReopenConversationInput): Promise<Outcome> {
  const { conversationId } = input;
  return throughTheDoor(world, { name: 'reopenConversation', viewer, input, conversationId }, async (scene) => {
    scene.require('reopen');
    if (scene.conversation.status === 'OPEN') return {};
    const entry = reopen(scene, viewer.id);
    await openTurnIfOwed(scene);
    return { entry };
  });
}

/** The `REOPENED` of whoever caused it. Assumes a resolved conversation. */
export function reopen(scene: Scene, byId: string) {
  const { conversation, situation, now } = scene;
  const isOwnAiAgentEnabled =
    conversation.aiAgentId !== null && situation.aiAgentToHandBackTo === conversation.aiAgentId;
  conversation.reopen(isOwnAiAgentEnabled, now);
  return scene.event('REOPENED', { actorId: byId });
}
