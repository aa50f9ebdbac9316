import { openTurnIfOwed } from './aiTurns.js';
import { throughTheDoor } from './door.js';
import type { Outcome } from './once.js';
import { askForHuman } from './requestHuman.js';
import { systemViewer } from './systemViewer.js';
import type { World } from './World.js';

/** A turn's deadline: after the first one more turn opens, after the second the system asks for a person. Throws when it
 * is called before the deadline, as it is when PostgreSQL's clock goes before ours: the job must come again. */
export async function expireAiTurn(
  world: World,
  { workspaceId, conversationId, turnId }: { workspaceId: string; conversationId: string; turnId: string },
): Promise<Outcome> {
  const viewer = await systemViewer(world, workspaceId);
  return throughTheDoor(world, { name: 'expireAiTurn', viewer, input: {}, conversationId }, async (scene) => {
    const turn = await scene.unclosedTurn();
    if (turn?.id !== turnId) return {};
    if (turn.isOpen(scene.now)) throw new Error('the turn is still open');
    turn.closedAt = scene.now;
    if (turn.attempt === 1) {
      await openTurnIfOwed(scene, 2);
      return {};
    }
    return { entry: await askForHuman(scene, viewer.id, 'The AI agent did not answer in time.') };
  });
}
