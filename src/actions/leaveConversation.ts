import type { Viewer } from '../auth/Viewer.js';
import type { Entry } from '../entities/Entry.js';
import { Participant } from '../entities/Participant.js';
import { throughTheDoor } from './door.js';
import type { Outcome } from './once.js';
import type { Scene } from './Scene.js';
import { decline } from './transfers/endTransfer.js';
import type { World } from './World.js';

export interface LeaveConversationInput {
  conversationId: string;
  idempotencyKey?: string | null;
}

/** A participant leaves without disturbing anybody; the assignee cannot. The target of an offer declines it by leaving.
 * Twice: nothing changes. */
export function leaveConversation(world: World, viewer: Viewer, input: LeaveConversationInput): Promise<Outcome> {
  const { conversationId } = input;
  return throughTheDoor(world, { name: 'leaveConversation', viewer, input, conversationId }, async (scene) => {
    scene.require('leave');
    const declined = await declineOwnOffer(scene);
    const participant = await scene.em.findOne(Participant, { conversationId, actorId: viewer.id });
    if (!participant?.joinedAt) return declined ? { entry: declined } : {};
    participant.joinedAt = null;
    return { entry: scene.event('LEFT', { agentId: viewer.id }) };
  });
}

async function declineOwnOffer(scene: Scene): Promise<Entry | null> {
  if (scene.situation.pendingTransferId === null) return null;
  const transfer = await scene.unendedTransfer();
  return transfer?.toId === scene.viewer.id ? decline(scene, transfer, null) : null;
}
