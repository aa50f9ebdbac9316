import sql from 'sql-template-tag';
import type { World } from '../../actions/World.js';
import type { PushTarget } from '../../adapters/PushService.js';
import { noticeToSend } from '../../reads/notices.js';
import type { Jobs } from '../jobs.js';
import type { Deliveries } from './Deliveries.js';
import { deliverOnce } from './deliverOnce.js';
import { noticeTexts } from './noticeTexts.js';

/** Tells a browser of a notification, if it is still registered by the agent whose it is. One that is gone is forgotten. */
export async function sendPush(
  world: World,
  { push, links }: Deliveries,
  { notificationId, subscriptionId }: Jobs['send-push'],
  signal: AbortSignal,
): Promise<void> {
  if (push === null) throw new Error('VAPID_* is not set on this node');
  const { database } = world;
  const notice = await noticeToSend(database, notificationId, 'WEB_PUSH');
  const [browser] = await database.read<PushTarget>(sql`
    select endpoint, p256dh, auth from push_subscriptions
    where id = ${subscriptionId} and agent_id = ${notice?.agentId ?? null}`);
  if (notice === null || !browser) return;
  const { kind, conversationId } = notice;
  const payload = JSON.stringify({
    kind,
    title: noticeTexts[kind](notice).title,
    url: links.conversation(conversationId),
  });
  await deliverOnce(world, { notificationId, channel: 'WEB_PUSH', target: subscriptionId }, async () => {
    const { isGone } = await push.send(browser, payload, notificationId, signal);
    if (isGone) await database.read(sql`delete from push_subscriptions where id = ${subscriptionId}`);
    return !isGone;
  });
}
