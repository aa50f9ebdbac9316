import sql from 'sql-template-tag';
import { refusalOfAnswer, type TransferAnswer } from '../../auth/policies.js';
import type { Viewer } from '../../auth/Viewer.js';
import { visibleTransfers } from '../../auth/visibility.js';
import { Transfer } from '../../entities/Transfer.js';
import { notFoundAt, Refusal } from '../../errors.js';
import { isIdOf } from '../../ids.js';
import { type Change, throughTheDoor } from '../door.js';
import type { Outcome } from '../once.js';
import type { Scene } from '../Scene.js';
import { limits, optionalText } from '../texts.js';
import type { World } from '../World.js';

export interface AnswerInput {
  transferId: string;
  /** why not, of the one who declines */
  reason?: string | null;
  idempotencyKey?: string | null;
}

/** Goes through the door of the conversation that is offered; `change` is carried out if the offer may be answered so. */
export async function answerTransfer(
  world: World,
  viewer: Viewer,
  name: string,
  answer: TransferAnswer,
  input: AnswerInput,
  change: (scene: Scene, transfer: Transfer, reason: string | null) => Promise<Change> | Change,
): Promise<Outcome> {
  const { transferId } = input;
  const conversationId = await conversationOffered(world, viewer, transferId);
  return throughTheDoor(world, { name, viewer, input, conversationId }, async (scene) => {
    const transfer = await scene.em.findOneOrFail(Transfer, { id: transferId, conversationId });
    const reason = optionalText(input.reason, 'reason', limits.reason);
    const status = transfer.statusAt(scene.now);
    const code = refusalOfAnswer(answer, scene.situation, scene.viewer, { toId: transfer.toId, status });
    if (code === 'FORBIDDEN') throw new Refusal(code, ['transferId'], {}, 'This was offered to somebody else.');
    if (code === 'TRANSFER_NOT_PENDING') throw new Refusal(code, null, { status });
    if (code !== null) throw new Refusal(code);
    return change(scene, transfer, reason);
  });
}

/** Which conversation an offer is of never changes, so it may be read before the lock. */
async function conversationOffered({ database }: World, viewer: Viewer, transferId: string): Promise<string> {
  if (!isIdOf(transferId, 'xfer')) throw notFoundAt('transferId');
  const [row] = await database.read<{ conversationId: string }>(sql`
    select x.conversation_id as "conversationId" from transfers x
    where x.id = ${transferId} and ${visibleTransfers(viewer)}`);
  if (!row) throw notFoundAt('transferId');
  return row.conversationId;
}
