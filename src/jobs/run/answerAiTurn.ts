import sql from 'sql-template-tag';
import { requestHuman } from '../../actions/requestHuman.js';
import { sendMessage } from '../../actions/sendMessage.js';
import type { World } from '../../actions/World.js';
import type { AiModel } from '../../adapters/AiModel.js';
import type { Viewer } from '../../auth/Viewer.js';
import { Refusal, type RefusalCode } from '../../errors.js';
import { spokenLines } from '../../reads/aiConversation.js';
import type { Jobs } from '../jobs.js';

/** Somebody was quicker: nothing is left to answer. */
const overtaken: readonly RefusalCode[] = [
  'AI_PAUSED',
  'AI_TURN_CLOSED',
  'CONVERSATION_NOT_OPEN',
  'CONVERSATION_FINALIZED',
];

/** Composes an AI agent's answer and gives it through the same mutations that a partner's bot would use, so that a reply
 * which a person overtook is refused there, and nowhere else. */
export async function answerAiTurn(
  world: World,
  modelOf: (workspaceId: string) => AiModel,
  { workspaceId, conversationId, turnId, aiAgentId }: Jobs['answer-ai-turn'],
): Promise<void> {
  const viewer: Viewer = {
    id: aiAgentId,
    kind: 'AI_AGENT',
    workspaceId,
    role: null,
    scopes: [],
    apiKeyId: null,
    expiresAt: null,
  };
  if (!(await isOpen(world, turnId))) return;
  const { lines, humanSpoke } = await spokenLines(world.database, turnId);
  const reply = await modelOf(workspaceId).reply({
    unanswered: lines.filter(({ isUnanswered }) => isUnanswered).map(({ text }) => text),
    before: lines.filter(({ isUnanswered }) => !isUnanswered),
    humanSpoke,
  });
  const input = { conversationId, aiTurnId: turnId, text: reply.say };
  try {
    if ('askForHuman' in reply) await requestHuman(world, viewer, { ...input, reason: reply.askForHuman });
    else await sendMessage(world, viewer, input);
  } catch (error) {
    if (!(error instanceof Refusal && overtaken.includes(error.code))) throw error;
  }
}

/** A job that failed comes again, perhaps when its turn has ended: no model is asked for what is no longer owed. */
async function isOpen({ database, clock }: World, turnId: string): Promise<boolean> {
  const open = await database.read(sql`
    select from ai_turns where id = ${turnId} and closed_at is null and expires_at > ${clock.now()}`);
  return open.length === 1;
}
