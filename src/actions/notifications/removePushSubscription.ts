import sql from 'sql-template-tag';
import type { Viewer } from '../../auth/Viewer.js';
import type { World } from '../World.js';

/** Forgets a browser of the viewer's. One that is not theirs, or nobody's, stays as it is, without a word. */
export async function removePushSubscription(
  { database }: World,
  viewer: Viewer,
  { endpoint }: { endpoint: URL },
): Promise<void> {
  await database.read(sql`
    delete from push_subscriptions where agent_id = ${viewer.id} and endpoint = ${endpoint.href}`);
}
