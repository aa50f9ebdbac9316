import type { World } from '../../actions/World.js';
import { noticeToSend } from '../../reads/notices.js';
import type { Jobs } from '../jobs.js';
import type { Deliveries } from './Deliveries.js';
import { deliverOnce } from './deliverOnce.js';
import { noticeMail } from './noticeMail.js';

/** Sends a notification by mail, if its agent is still here and still wants it. An address that refuses is not tried again. */
export async function sendMail(
  world: World,
  { mailer, links, tokens, log }: Deliveries,
  { notificationId }: Jobs['send-mail'],
  signal: AbortSignal,
): Promise<void> {
  if (mailer === null) throw new Error('SMTP_URL is not set on this node');
  const notice = await noticeToSend(world.database, notificationId, 'EMAIL');
  if (notice === null) return;
  const { id, agentId, kind, conversationId, agent, email } = notice;
  const unsubscribeUrl = links.unsubscribe(await tokens.issueUnsubscribe({ agentId, kind }));
  const mail = {
    id,
    threadId: conversationId,
    to: { name: agent, address: email },
    unsubscribeUrl,
    ...noticeMail(notice, links.conversation(conversationId), unsubscribeUrl),
  };
  await deliverOnce(world, { notificationId, channel: 'EMAIL', target: agentId }, async () => {
    const { refused } = await mailer.send(mail, signal);
    if (refused !== null) log.warn({ notificationId, agentId, reason: refused }, 'a mail was refused for good');
    return refused === null;
  });
}
