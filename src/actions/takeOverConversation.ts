import type { Viewer } from '../auth/Viewer.js';
import { closeTurn } from './aiTurns.js';
import { throughTheDoor } from './door.js';
import type { Outcome } from './once.js';
import { reopen } from './reopenConversation.js';
import { cancelPending } from './transfers/endTransfer.js';
import type { World } from './World.js';

export interface TakeOverConversationInput {
  conversationId: string;
  force?: boolean | null;
  idempotencyKey?: string | null;
}

/**
 * "Assign to me": the agent becomes assignee and participant, and the AI agent's turn closes in the same transaction.
 * Of two at the same instant one wins, and the other learns who did. Only an admin's `force` takes it from a colleague.
 */
export function takeOverConversation(world: World, viewer: Viewer, input: TakeOverConversationInput): Promise<Outcome> {
  const { conversationId } = input;
  return throughTheDoor(world, { name: 'takeOverConversation', viewer, input, conversationId }, async (scene) => {
    scene.require('takeOver', { force: input.force === true });
    const { conversation, now } = scene;
    if (conversation.status === 'RESOLVED') reopen(scene, viewer.id);
    if (conversation.assigneeId === viewer.id) return {};
    await closeTurn(scene);
    await cancelPending(scene);
    if (conversation.assigneeId !== null) scene.notify({ kind: 'TAKEN_OVER', to: [conversation.assigneeId] });
    conversation.takeOver(viewer.id, now);
    const participant = await scene.participant(viewer.id);
    participant.joinedAt ??= now;
    participant.publicSince ??= now;
    return { entry: scene.event('TAKEN_OVER', { agentId: viewer.id }) };
  });
}
