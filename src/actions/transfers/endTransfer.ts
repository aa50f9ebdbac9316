import { Actor } from '../../entities/Actor.js';
import type { Entry } from '../../entities/Entry.js';
import type { Transfer } from '../../entities/Transfer.js';
import type { Scene } from '../Scene.js';

/** What makes an offer pointless cancels it, before its own event; the target is told. Without an offer: nothing. */
export async function cancelPending(scene: Scene): Promise<void> {
  if (scene.situation.pendingTransferId === null) return;
  const transfer = await scene.unendedTransfer();
  if (transfer) cancel(scene, transfer);
}

export function cancel(scene: Scene, transfer: Transfer): Entry {
  transfer.cancel(scene.now);
  scene.notify({ kind: 'TRANSFER_CANCELLED', to: [transfer.toId], transferId: transfer.id });
  return written(scene, 'TRANSFER_CANCELLED', transfer);
}

export function decline(scene: Scene, transfer: Transfer, reason: string | null): Entry {
  transfer.decline(reason, scene.now);
  scene.notify({ kind: 'TRANSFER_DECLINED', to: [transfer.fromId], transferId: transfer.id });
  return written(scene, 'TRANSFER_DECLINED', transfer);
}

/** Writes down that nobody answered in time, in the system's name, whoever comes by first; both sides are told. */
export async function expireOverdue(scene: Scene): Promise<Entry | undefined> {
  const transfer = await scene.unendedTransfer();
  if (transfer?.statusAt(scene.now) !== 'EXPIRED') return undefined;
  const { workspaceId } = scene.conversation;
  const { id: actorId } = await scene.em.findOneOrFail(Actor, { workspaceId, kind: 'SYSTEM' });
  transfer.expire();
  // A flush writes what is new before what has changed, and what is new may be the next offer.
  await scene.em.flush();
  scene.notify({
    kind: 'TRANSFER_EXPIRED',
    to: [transfer.fromId, transfer.toId],
    transferId: transfer.id,
    byId: actorId,
  });
  return written(scene, 'TRANSFER_EXPIRED', transfer, actorId);
}

/** The event of an offer, about its target. Who may read offers but no entries must notice it too. */
export function written(
  scene: Scene,
  kind: `TRANSFER_${'REQUESTED' | 'ACCEPTED' | 'DECLINED' | 'CANCELLED' | 'EXPIRED'}`,
  transfer: Transfer,
  actorId = scene.viewer.id,
): Entry {
  scene.touch('TEAM_STATE');
  return scene.event(kind, { agentId: transfer.toId, transferId: transfer.id, actorId });
}
