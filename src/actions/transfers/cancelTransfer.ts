import type { Viewer } from '../../auth/Viewer.js';
import type { Outcome } from '../once.js';
import type { World } from '../World.js';
import { type AnswerInput, answerTransfer } from './answerTransfer.js';
import { cancel } from './endTransfer.js';

/** The assignee, or an admin, takes the offer back; the target is told. */
export function cancelTransfer(world: World, viewer: Viewer, input: AnswerInput): Promise<Outcome> {
  return answerTransfer(world, viewer, 'cancelTransfer', 'cancel', input, (scene, transfer) => ({
    subjectId: transfer.id,
    entry: cancel(scene, transfer),
  }));
}
