import { later } from '../clock.js';
import { AiTurn } from '../entities/AiTurn.js';
import type { Scene } from './Scene.js';

const turnSeconds = 60;

/** Opens a turn if the AI agent answers here, no turn is open, and the customer wrote what nobody has answered. */
export async function openTurnIfOwed(scene: Scene, attempt = 1): Promise<void> {
  const { conversation, em, now } = scene;
  if (conversation.handling !== 'AI' || conversation.status !== 'OPEN') return;
  if (!(await isAnswerOwed(scene)) || (await scene.unclosedTurn())) return;
  const turn = em.create(AiTurn, {
    id: scene.world.ids.next('turn'),
    workspaceId: conversation.workspaceId,
    conversationId: conversation.id,
    aiAgentId: conversation.aiAgentId!,
    attempt,
    openedAt: now,
    expiresAt: later(now, turnSeconds),
    closedAt: null,
    afterPosition: conversation.answeredPosition,
    upToPosition: conversation.position,
    humanFrom: conversation.humanTo === null ? null : conversation.humanFrom,
    humanTo: conversation.humanTo,
    handlingEpoch: conversation.handlingEpoch,
  });
  em.persist(turn);
  scene.turnsChanged(turn.aiAgentId);
}

/** Closes whatever turn is open. A reply to it is refused from here on: the same transaction changes who answers. */
export async function closeTurn(scene: Scene): Promise<AiTurn | null> {
  const turn = await scene.unclosedTurn();
  if (!turn) return null;
  turn.closedAt = scene.now;
  await scene.em.flush();
  scene.turnsChanged(turn.aiAgentId);
  return turn;
}

async function isAnswerOwed({ conversation, em }: Scene): Promise<boolean> {
  await em.flush();
  const [row] = await em.execute<[{ owed: boolean }]>(
    `select exists (
       select from entries e
       where e.conversation_id = ? and e.audience = 'EVERYONE' and e.position > ?
         and e.type = 'MESSAGE' and e.actor_id = ?) as owed`,
    [conversation.id, conversation.answeredPosition, conversation.customerId],
  );
  return row.owed;
}
