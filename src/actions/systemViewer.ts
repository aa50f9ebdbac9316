import type { Viewer } from '../auth/Viewer.js';
import { Actor } from '../entities/Actor.js';
import type { World } from './World.js';

/** Timers and rules act as their workspace's system actor. */
export async function systemViewer({ database }: World, workspaceId: string): Promise<Viewer> {
  const { id } = await database.orm.em.fork().findOneOrFail(Actor, { workspaceId, kind: 'SYSTEM' });
  return { id, kind: 'SYSTEM', workspaceId, role: null, scopes: [], apiKeyId: null, expiresAt: null };
}
