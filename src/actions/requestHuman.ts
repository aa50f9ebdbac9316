import { isAiAgent, type Viewer } from '../auth/Viewer.js';
import { closeTurn } from './aiTurns.js';
import { throughTheDoor } from './door.js';
import type { Outcome } from './once.js';
import type { Scene } from './Scene.js';
import { ownTurn } from './sendMessage.js';
import { given, limits, optionalText } from './texts.js';
import type { World } from './World.js';

export interface RequestHumanInput {
  conversationId: string;
  reason?: string | null;
  aiTurnId?: string | null;
  text?: string | null;
  idempotencyKey?: string | null;
}

/** Asks for a person: by the customer, or by the AI agent in its turn, with last words if it likes. The turn closes and
 * none opens until somebody hands back. Where people answer already, the customer's request changes nothing. */
export function requestHuman(world: World, viewer: Viewer, input: RequestHumanInput): Promise<Outcome> {
  const { conversationId } = input;
  return throughTheDoor(world, { name: 'requestHuman', viewer, input, conversationId }, async (scene) => {
    const turnId = isAiAgent(viewer) ? await ownTurn(scene, input.aiTurnId) : undefined;
    const reason = optionalText(input.reason, 'reason', limits.reason);
    const lastWords = isAiAgent(viewer) ? optionalText(input.text, 'text', limits.message) : null;
    if (isAiAgent(viewer)) given(turnId, 'aiTurnId');
    scene.require('requestHuman', turnId ? { aiTurnId: turnId } : {});
    if (scene.conversation.handling === 'HUMAN' || scene.situation.needsHuman) return {};
    if (lastWords !== null) await sayLastWords(scene, lastWords);
    return { entry: await askForHuman(scene, viewer.id, reason) };
  });
}

/** Closes the turn and flags the conversation. Assumes that people neither answer here nor were asked for. */
export async function askForHuman(scene: Scene, byId: string, reason: string | null) {
  await closeTurn(scene);
  scene.conversation.askForHuman(byId, reason, scene.now);
  scene.notify({ kind: 'NEEDS_HUMAN', to: 'WHOEVER_WANTS_IT', byId });
  return scene.event('HUMAN_REQUESTED', { actorId: byId });
}

/** Last words announce the colleague; the customer's question stays unanswered. */
async function sayLastWords(scene: Scene, text: string): Promise<void> {
  const participant = await scene.participant(scene.viewer.id);
  participant.publicSince ??= scene.now;
  scene.message(text, { actorId: scene.viewer.id });
}
