import type { Viewer } from '../../auth/Viewer.js';
import type { Outcome } from '../once.js';
import type { World } from '../World.js';
import { type AnswerInput, answerTransfer } from './answerTransfer.js';
import { written } from './endTransfer.js';

/** The target becomes assignee and participant in one step. The giver stays participant, or leaves if the offer says so. */
export function acceptTransfer(world: World, viewer: Viewer, input: AnswerInput): Promise<Outcome> {
  return answerTransfer(world, viewer, 'acceptTransfer', 'accept', input, async (scene, transfer) => {
    const { conversation, now } = scene;
    transfer.accept(now);
    const entry = written(scene, 'TRANSFER_ACCEPTED', transfer);
    conversation.assign(viewer.id, now);
    const receiver = await scene.participant(viewer.id);
    receiver.joinedAt ??= now;
    receiver.publicSince ??= now;
    scene.event('ASSIGNED', { agentId: viewer.id, transferId: transfer.id });
    if (transfer.leaveOnAccept) {
      const giver = await scene.participant(transfer.fromId);
      giver.joinedAt = null;
      scene.event('LEFT', { agentId: transfer.fromId, actorId: transfer.fromId });
    }
    scene.notify({ kind: 'TRANSFER_ACCEPTED', to: [transfer.fromId], transferId: transfer.id });
    return { subjectId: transfer.id, entry };
  });
}
