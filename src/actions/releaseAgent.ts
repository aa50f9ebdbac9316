import sql from 'sql-template-tag';
import { Actor } from '../entities/Actor.js';
import { throughTheDoor } from './door.js';
import type { Scene } from './Scene.js';
import { systemViewer } from './systemViewer.js';
import { cancel } from './transfers/endTransfer.js';
import type { World } from './World.js';

/**
 * Takes from a deactivated agent what they had: their offers are cancelled, and the conversations that they answered for
 * wait for somebody, of which admins are told. Looks again under each conversation's lock, so it may run twice at once.
 * What is finalized stays as it ended.
 */
export async function releaseAgent(
  world: World,
  { workspaceId, agentId }: { workspaceId: string; agentId: string },
): Promise<void> {
  const held = await world.database.read<{ id: string }>(sql`
    select c.id from conversations c where c.assignee_id = ${agentId} and c.status <> 'FINALIZED'
    union
    select x.conversation_id from transfers x where x.to_id = ${agentId} and x.status = 'PENDING'`);
  const viewer = await systemViewer(world, workspaceId);
  for (const { id: conversationId } of held) {
    const call = { name: 'releaseAgent', viewer, input: {}, conversationId, concerns: [agentId] };
    await throughTheDoor(world, call, async (scene) => {
      const agent = await scene.em.findOneOrFail(Actor, { id: agentId });
      if (!agent.active) await release(scene, agentId);
      return {};
    });
  }
}

async function release(scene: Scene, agentId: string): Promise<void> {
  const { conversation, situation, now } = scene;
  const transfer = situation.pendingTransferId === null ? null : await scene.unendedTransfer();
  if (transfer && [transfer.fromId, transfer.toId].includes(agentId)) {
    cancel(scene, transfer);
    // Nobody is left to tell on the other side.
    if (transfer.toId === agentId)
      scene.notify({ kind: 'TRANSFER_CANCELLED', to: [transfer.fromId], transferId: transfer.id });
  }
  if (conversation.assigneeId !== agentId || conversation.status === 'FINALIZED') return;
  conversation.loseAssignee(now);
  scene.event('UNASSIGNED', { agentId });
  scene.notify({ kind: 'UNATTENDED', to: 'ADMINS' });
}
