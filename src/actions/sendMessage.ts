import { isAgent, isAiAgent, type Viewer } from '../auth/Viewer.js';
import { AiTurn } from '../entities/AiTurn.js';
import { Entry } from '../entities/Entry.js';
import { forbidden } from '../errors.js';
import { isIdOf } from '../ids.js';
import { closeTurn, openTurnIfOwed } from './aiTurns.js';
import { throughTheDoor } from './door.js';
import { attach, lockAttachments, textBeside } from './files/useAttachments.js';
import type { Outcome } from './once.js';
import { join } from './participation.js';
import { reopen } from './reopenConversation.js';
import type { Scene } from './Scene.js';
import { foundAt, given, limits, optionalText } from './texts.js';
import type { World } from './World.js';

export interface SendMessageInput {
  conversationId: string;
  text?: string | null;
  attachmentIds?: string[] | null;
  aiTurnId?: string | null;
  onBehalfOfCustomer?: boolean | null;
  externalId?: string | null;
  idempotencyKey?: string | null;
}

/**
 * A message that everyone in the conversation can see: of the customer (themself, or by an integration), of a human
 * agent while people handle it, or of the AI agent in its open turn. Writing to a resolved conversation reopens it.
 */
export function sendMessage(world: World, viewer: Viewer, input: SendMessageInput): Promise<Outcome> {
  const byIntegration = viewer.kind === 'INTEGRATION';
  if (byIntegration !== (input.onBehalfOfCustomer === true) || (!byIntegration && input.externalId)) throw forbidden();
  const { conversationId } = input;
  return throughTheDoor(world, { name: 'sendMessage', viewer, input, conversationId }, async (scene) => {
    const turnId = isAiAgent(viewer) ? await ownTurn(scene, input.aiTurnId) : undefined;
    const attachments = await lockAttachments(scene.em, viewer, input);
    const text = textBeside(attachments, input.text);
    const externalId = optionalText(input.externalId, 'externalId', limits.externalId);
    if (isAiAgent(viewer)) given(turnId, 'aiTurnId');
    const first = externalId && (await scene.em.findOne(Entry, { integrationId: viewer.id, externalId }));
    if (first) return { subjectId: first.id, entry: first };
    scene.require('sendMessage', turnId ? { aiTurnId: turnId } : {});
    const sent = isAiAgent(viewer)
      ? await reply(scene, text)
      : isAgent(viewer)
        ? await sendAsAgent(scene, text)
        : await sendAsCustomer(scene, text, externalId);
    attach(attachments, sent);
    return { subjectId: sent.id, entry: sent };
  });
}

/** Somebody else's turn is not there; one's own that has ended is there, and closed. */
export async function ownTurn(scene: Scene, turnId: string | null | undefined): Promise<string | undefined> {
  if (!turnId) return undefined;
  const turn = isIdOf(turnId, 'turn')
    ? await scene.em.findOne(AiTurn, { id: turnId, conversationId: scene.conversation.id, aiAgentId: scene.viewer.id })
    : null;
  return foundAt(turn, 'aiTurnId').id;
}

/** The AI agent's words: they answer what its turn named, and what came meanwhile opens the next turn. */
async function reply(scene: Scene, text: string): Promise<Entry> {
  const turn = await closeTurn(scene);
  const participant = await scene.participant(scene.viewer.id);
  participant.publicSince ??= scene.now;
  const entry = scene.message(text, { actorId: scene.viewer.id, answersUpTo: turn!.upToPosition });
  await openTurnIfOwed(scene);
  return entry;
}

async function sendAsAgent(scene: Scene, text: string): Promise<Entry> {
  const { conversation, viewer, now } = scene;
  if (conversation.status === 'RESOLVED') reopen(scene, viewer.id);
  const participant = await join(scene);
  participant.publicSince ??= now;
  const entry = scene.message(text, { actorId: viewer.id, answersUpTo: conversation.position + 1 });
  return entry;
}

async function sendAsCustomer(scene: Scene, text: string, externalId: string | null): Promise<Entry> {
  const { conversation, viewer } = scene;
  if (conversation.status === 'RESOLVED') reopen(scene, conversation.customerId);
  const entry = scene.message(text, {
    actorId: conversation.customerId,
    ...(externalId !== null && { integrationId: viewer.id, externalId }),
  });
  await openTurnIfOwed(scene);
  return entry;
}
