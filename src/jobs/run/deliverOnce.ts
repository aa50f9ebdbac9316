import type { World } from '../../actions/World.js';
import type { NotificationChannel } from '../../entities/Notification.js';

interface Delivery {
  notificationId: string;
  channel: NotificationChannel;
  /** whom or what it is sent to, by id */
  target: string;
}

/**
 * Sends unless it was sent, and notes that it was. Two who try at once do it one after the other. The lock is PostgreSQL's
 * advisory one, held without having written: a transaction that had would hold up, for as long as a mail server takes,
 * every reader of a log below the oldest running transaction.
 */
export async function deliverOnce(
  { database, clock }: World,
  { notificationId, channel, target }: Delivery,
  send: () => Promise<boolean>,
): Promise<void> {
  const key = [notificationId, channel, target];
  await database.orm.em.fork().transactional(async (em) => {
    await em.execute('select pg_advisory_xact_lock(hashtextextended(?, 0))', [key.join(' ')]);
    const sent = await em.execute(
      'select 1 from notification_deliveries where notification_id = ? and channel = ? and target = ?',
      key,
    );
    if (sent.length > 0 || !(await send())) return;
    await em.execute(
      'insert into notification_deliveries (notification_id, channel, target, delivered_at) values (?, ?, ?, ?)',
      [...key, clock.now()],
    );
  });
}
