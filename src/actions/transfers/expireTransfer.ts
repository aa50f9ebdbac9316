import { throughTheDoor } from '../door.js';
import type { Outcome } from '../once.js';
import { systemViewer } from '../systemViewer.js';
import type { World } from '../World.js';

/** An offer's time is up. The door writes that down for whoever comes by, so coming by is all there is to do. Throws when
 * it is called before the time, as it is when PostgreSQL's clock goes before ours: the job must come again. */
export async function expireTransfer(
  world: World,
  { workspaceId, conversationId, transferId }: { workspaceId: string; conversationId: string; transferId: string },
): Promise<Outcome> {
  const viewer = await systemViewer(world, workspaceId);
  return throughTheDoor(world, { name: 'expireTransfer', viewer, input: {}, conversationId }, async (scene) => {
    if (scene.situation.pendingTransferId === transferId) throw new Error('the offer still waits for an answer');
    return {};
  });
}
