import sql from 'sql-template-tag';
import type { NotificationKind } from '../../entities/Notification.js';
import type { World } from '../World.js';

/** Takes e-mail off a kind for one agent; the other channels stay. Once more changes nothing. */
export async function unsubscribeFromMail({ database }: World, agentId: string, kind: NotificationKind): Promise<void> {
  await database.read(sql`
    update notification_preferences set channels = array_remove(channels, 'EMAIL')
    where agent_id = ${agentId} and kind = ${kind}`);
}
