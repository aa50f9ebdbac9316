import type { EntityManager } from '@mikro-orm/postgresql';
import { Actor } from '../entities/Actor.js';
import { usualMaxUploadBytes, Workspace } from '../entities/Workspace.js';
import { limits, requiredText } from './texts.js';
import type { World } from './World.js';

const transferTimeoutSeconds = 300;
const autoResolveAfterSeconds = 24 * 3600;
const autoFinalizeAfterSeconds = 600;

/** A new tenant with its system actor and the usual settings. Nobody is in it yet. */
export async function createWorkspace(
  { ids, clock }: Pick<World, 'ids' | 'clock'>,
  em: EntityManager,
  name: string,
): Promise<Workspace> {
  const workspace = em.create(Workspace, {
    id: ids.next('ws'),
    name: requiredText(name, 'name', limits.name),
    defaultAiAgentId: null,
    replyPolicy: 'PARTICIPANTS',
    transferTimeoutSeconds,
    maxUploadBytes: usualMaxUploadBytes,
    autoResolveAfterSeconds,
    autoFinalizeAfterSeconds,
    translateWhispers: null,
    createdAt: clock.now(),
  });
  await em.persist(workspace).flush();
  const system = em.create(Actor, {
    id: ids.next('sys'),
    workspaceId: workspace.id,
    kind: 'SYSTEM',
    displayName: 'Parley',
    avatarUrl: null,
    email: null,
    handle: null,
    externalId: null,
    phone: null,
    language: null,
    role: null,
    active: true,
    answersBy: null,
    scopes: [],
    createdAt: clock.now(),
  });
  await em.persist(system).flush();
  return workspace;
}
