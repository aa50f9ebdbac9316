import type { EntityManager } from '@mikro-orm/postgresql';
import { newApiKey } from '../auth/apiKeys.js';
import { Actor } from '../entities/Actor.js';
import { foundAt } from './texts.js';
import type { World } from './World.js';

/** A key for a bot or an integration, with its scopes. Answers the key itself, which is stored nowhere. */
export async function createApiKey(
  { ids, clock }: Pick<World, 'ids' | 'clock'>,
  em: EntityManager,
  workspaceId: string,
  handle: string,
): Promise<string> {
  const actor = foundAt(await em.findOne(Actor, { workspaceId, handle }), 'handle');
  const { key, prefix, sha256 } = newApiKey();
  await em.execute(
    'insert into api_keys (id, workspace_id, actor_id, prefix, sha256, created_at) values (?, ?, ?, ?, ?, ?)',
    [ids.next('key'), workspaceId, actor.id, prefix, sha256, clock.now()],
  );
  return key;
}
