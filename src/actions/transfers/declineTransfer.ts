import type { Viewer } from '../../auth/Viewer.js';
import type { Outcome } from '../once.js';
import type { World } from '../World.js';
import { type AnswerInput, answerTransfer } from './answerTransfer.js';
import { decline } from './endTransfer.js';

/** The target says no, with a reason if they like; the giver is told and keeps the conversation. */
export function declineTransfer(world: World, viewer: Viewer, input: AnswerInput): Promise<Outcome> {
  return answerTransfer(world, viewer, 'declineTransfer', 'decline', input, (scene, transfer, reason) => ({
    subjectId: transfer.id,
    entry: decline(scene, transfer, reason),
  }));
}
