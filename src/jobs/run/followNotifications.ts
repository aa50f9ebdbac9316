import sql from 'sql-template-tag';
import { batch, type Followed } from './LogFollower.js';

/** Waits grow up to six hours: five days for a mail, as mail servers have it, and one for a push. */
const mailTries = 30;
const pushTries = 14;

/**
 * From each notification by mail or push follow its deliveries, one for each browser of the agent. Mails go out one after
 * the other, and so do pushes: a server that hangs keeps one place of the job queue busy, not all.
 */
export const followNotifications = (channels: { mail: boolean; push: boolean }): Followed => ({
  log: 'notifications',
  isRung: ({ about }) => about === 'notifications',
  statement: sql`
    with mark as (
      select xid, id from followers
      where name = 'notifications' and pg_try_advisory_xact_lock(hashtext('parley.follow.notifications'))
      for update skip locked
    ), news as (
      select n.xid, n.id, n.agent_id, n.channels
      from mark join notifications n on (n.xid, n.id) > (mark.xid, mark.id)
      where n.xid < pg_snapshot_xmin(pg_current_snapshot()) and n.channels && array['EMAIL', 'WEB_PUSH']
      order by n.xid, n.id limit ${batch}
    ), mails as (
      select graphile_worker.add_job('send-mail', json_build_object('notificationId', id),
        queue_name => 'mail', max_attempts => ${mailTries})
      from (select id from news where ${channels.mail} and 'EMAIL' = any(channels) order by xid, id) wanted
    ), pushes as (
      select graphile_worker.add_job('send-push', json_build_object('notificationId', id, 'subscriptionId', browser_id),
        queue_name => 'push', max_attempts => ${pushTries})
      from (
        select n.id, s.id as browser_id from news n join push_subscriptions s on s.agent_id = n.agent_id
        where ${channels.push} and 'WEB_PUSH' = any(n.channels) order by n.xid, n.id, s.id) wanted
    ), moved as (
      update followers set (xid, id) = (select xid, id from news order by xid desc, id desc limit 1)
      where name = 'notifications' and exists (select from news)
    )
    select (select count(*) from mails) + (select count(*) from pushes) >= 0 and exists (
      select from followers f join notifications n on (n.xid, n.id) > (f.xid, f.id)
      where f.name = 'notifications' and n.channels && array['EMAIL', 'WEB_PUSH']
        and n.id not in (select id from news)) as waiting`,
});
