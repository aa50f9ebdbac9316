import { later } from '../clock.js';
import { Workspace } from '../entities/Workspace.js';
import { closeTurn } from './aiTurns.js';
import { type Change, throughTheDoor } from './door.js';
import type { Outcome } from './once.js';
import type { Scene } from './Scene.js';
import { systemViewer } from './systemViewer.js';
import { cancelPending } from './transfers/endTransfer.js';
import type { World } from './World.js';

type Which = { workspaceId: string; conversationId: string };

/** Resolves a conversation that has been idle long enough. Looks again under the lock: a message may have come, a person
 * may have been asked for, the workspace may wait longer now. Then nothing happens. */
export function resolveIdle(world: World, which: Which): Promise<Outcome> {
  return asSystem(world, 'resolveIdle', which, async (scene, workspace) => {
    const { conversation, situation, now } = scene;
    const { lastMessageAt, lastMessageByCustomer } = conversation;
    const isWaitingForPeople = situation.needsHuman || lastMessageByCustomer;
    if (conversation.status !== 'OPEN' || isWaitingForPeople || lastMessageAt === null) return {};
    if (!isOver(lastMessageAt, workspace.autoResolveAfterSeconds, now)) return {};
    await cancelPending(scene);
    await closeTurn(scene);
    conversation.resolve(now);
    return { entry: scene.event('RESOLVED') };
  });
}

/** Finalizes a conversation that has been resolved long enough. Looks again under the lock. */
export function finalizeResolved(world: World, which: Which): Promise<Outcome> {
  return asSystem(world, 'finalizeResolved', which, async (scene, workspace) => {
    const { conversation, now } = scene;
    if (conversation.status !== 'RESOLVED') return {};
    if (!isOver(conversation.resolvedAt!, workspace.autoFinalizeAfterSeconds, now)) return {};
    conversation.finalize(now);
    return { entry: scene.event('FINALIZED') };
  });
}

const isOver = (since: Date, seconds: number | null, now: Date) => seconds !== null && later(since, seconds) <= now;

async function asSystem(
  world: World,
  name: string,
  { workspaceId, conversationId }: Which,
  change: (scene: Scene, workspace: Workspace) => Promise<Change>,
): Promise<Outcome> {
  const viewer = await systemViewer(world, workspaceId);
  return throughTheDoor(world, { name, viewer, input: {}, conversationId }, async (scene) =>
    change(scene, await scene.em.findOneOrFail(Workspace, { id: workspaceId })),
  );
}
