import { ECDH } from 'node:crypto';
import sql from 'sql-template-tag';
import type { Viewer } from '../../auth/Viewer.js';
import { invalidInput } from '../../errors.js';
import type { World } from '../World.js';

export interface RegisterPushSubscriptionInput {
  endpoint: URL;
  p256dh: string;
  auth: string;
}

const maxBrowsers = 20;
const maxEndpointCharacters = 2000;

/**
 * Registers a browser for the viewer's pushes. One that somebody else had registered is the viewer's now: another login in
 * the same browser. Of more than 20 the oldest goes.
 */
export async function registerPushSubscription(
  { database, clock, ids }: World,
  viewer: Viewer,
  { endpoint, p256dh, auth }: RegisterPushSubscriptionInput,
): Promise<void> {
  if (endpoint.protocol !== 'https:' || endpoint.href.length > maxEndpointCharacters) {
    throw invalidInput(['endpoint'], `This must be an https URL of at most ${maxEndpointCharacters} characters.`);
  }
  const key = decoded(p256dh, 'p256dh', 65);
  if (!isPoint(key)) throw invalidInput(['p256dh'], 'This must be an uncompressed point of P-256.');
  decoded(auth, 'auth', 16);
  await database.read(sql`
    with registered as (
      insert into push_subscriptions (id, workspace_id, agent_id, endpoint, p256dh, auth, created_at)
      values (${ids.next('push')}, ${viewer.workspaceId}, ${viewer.id}, ${endpoint.href}, ${p256dh}, ${auth}, ${clock.now()})
      on conflict (endpoint) do update set workspace_id = excluded.workspace_id, agent_id = excluded.agent_id,
        p256dh = excluded.p256dh, auth = excluded.auth, created_at = excluded.created_at
    )
    delete from push_subscriptions where id in (
      select id from push_subscriptions where agent_id = ${viewer.id} and endpoint <> ${endpoint.href}
      order by created_at desc, id desc offset ${maxBrowsers - 1})`);
}

function isPoint(key: Buffer): boolean {
  try {
    return key.equals(ECDH.convertKey(key, 'prime256v1', undefined, undefined, 'uncompressed') as Buffer);
  } catch {
    return false;
  }
}

/** Only what encodes back to itself: a lenient decoder passes over whatever does not belong. */
function decoded(text: string, field: string, length: number): Buffer {
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.length !== length || bytes.toString('base64url') !== text) {
    throw invalidInput([field], `This must be ${length} bytes in base64url, without padding.`);
  }
  return bytes;
}
