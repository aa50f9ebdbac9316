import { type EntityManager, LockMode } from '@mikro-orm/postgresql';
import { isAdmin, type Viewer } from '../auth/Viewer.js';
import { Actor } from '../entities/Actor.js';
import { Workspace } from '../entities/Workspace.js';
import { forbidden, invalidInput, unauthenticated } from '../errors.js';

/** Locks the workspace, so that changes to its people and settings come one after another, and checks under the lock
 * that the caller is still an active admin of it. */
export async function lockAdmin(em: EntityManager, viewer: Viewer): Promise<Workspace> {
  // NO KEY: whoever starts a conversation meanwhile refers to the workspace and need not wait, nor be waited for.
  await em.execute('select 1 from workspaces where id = ? for no key update', [viewer.workspaceId]);
  const workspace = await em.findOneOrFail(Workspace, { id: viewer.workspaceId });
  const self = await em.findOne(Actor, { id: viewer.id }, { lockMode: LockMode.PESSIMISTIC_READ });
  if (!self?.active) throw unauthenticated();
  if (!isAdmin({ ...viewer, role: self.role })) throw forbidden();
  return workspace;
}

/** Refuses what would leave the workspace without an active admin. Assumes the workspace's lock. */
export async function keepAnAdmin(em: EntityManager, leaving: Actor, field: string): Promise<void> {
  const { workspaceId, id } = leaving;
  const admins = { workspaceId, kind: 'AGENT', active: true, role: 'ADMIN' } as const;
  const others = await em.count(Actor, { ...admins, id: { $ne: id } });
  if (others === 0) throw invalidInput([field], 'A workspace keeps at least one admin.');
}
