import type { EntityManager } from '@mikro-orm/postgresql';
import type { Viewer } from '../../auth/Viewer.js';
import { later } from '../../clock.js';
import { Actor } from '../../entities/Actor.js';
import { Transfer } from '../../entities/Transfer.js';
import { Workspace } from '../../entities/Workspace.js';
import { isIdOf } from '../../ids.js';
import { throughTheDoor } from '../door.js';
import type { Outcome } from '../once.js';
import { foundAt, limits, optionalText } from '../texts.js';
import type { World } from '../World.js';
import { written } from './endTransfer.js';

export interface TransferConversationInput {
  conversationId: string;
  toAgentId: string;
  note?: string | null;
  leaveOnAccept?: boolean | null;
  idempotencyKey?: string | null;
}

/**
 * Offers the conversation to a colleague. Until they answer, its assignee stays who they are, so nobody is left
 * unattended. `from` is the assignee, also when an admin offers for them.
 */
export function transferConversation(world: World, viewer: Viewer, input: TransferConversationInput): Promise<Outcome> {
  const { conversationId, toAgentId } = input;
  const concerns = isIdOf(toAgentId, 'agent') ? [toAgentId] : [];
  const call = { name: 'transferConversation', viewer, input, conversationId, concerns };
  return throughTheDoor(world, call, async (scene) => {
    const { workspaceId, assigneeId } = scene.conversation;
    const isAgent = concerns.length > 0;
    const target = foundAt(
      isAgent ? await scene.em.findOne(Actor, { id: toAgentId, workspaceId, kind: 'AGENT' }) : null,
      'toAgentId',
    );
    const note = optionalText(input.note, 'note', limits.transferNote);
    scene.require('transfer', { target });
    const { transferTimeoutSeconds } = await scene.em.findOneOrFail(Workspace, { id: workspaceId });
    const transfer = scene.em.create(Transfer, {
      id: world.ids.next('xfer'),
      workspaceId,
      conversationId,
      fromId: assigneeId!,
      toId: target.id,
      note,
      leaveOnAccept: input.leaveOnAccept ?? false,
      status: 'PENDING',
      createdAt: scene.now,
      expiresAt: later(scene.now, transferTimeoutSeconds),
      answeredAt: null,
      declineReason: null,
    });
    // Before the event that refers to it.
    await scene.em.persist(transfer).flush();
    await enqueueExpiry(scene.em, transfer);
    scene.notify({ kind: 'TRANSFER_REQUESTED', to: [target.id], transferId: transfer.id });
    return { subjectId: transfer.id, entry: written(scene, 'TRANSFER_REQUESTED', transfer) };
  });
}

/** Not sooner than the shortest time that an offer can last: one of a story of the past, as the demo tells, is answered in
 * its own time before a node that runs beside it comes by. */
async function enqueueExpiry(em: EntityManager, { workspaceId, conversationId, id, expiresAt }: Transfer) {
  const payload = JSON.stringify({ workspaceId, conversationId, transferId: id });
  const soonest = `now() + interval '30 seconds'`;
  await em.execute(
    `select graphile_worker.add_job('expire-transfer', ?::json, run_at => greatest(?, ${soonest}), job_key => ?)`,
    [payload, expiresAt, `expire-transfer:${id}`],
  );
}
