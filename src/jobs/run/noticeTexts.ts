import type { NotificationKind } from '../../entities/Notification.js';
import type { Notice } from '../../reads/notices.js';

/** What a notice says: a title that stands alone, and a sentence more. Both are plain text. */
interface Words {
  title: string;
  line: string;
}

/** The words of each kind. No text of a whisper, of an offer or of a refusal of one is among what they are made of. */
export const noticeTexts: Record<NotificationKind, (notice: Notice) => Words> = {
  TRANSFER_REQUESTED: ({ by, customer }) => ({
    title: `${by} offers you the conversation with ${customer}`,
    line: 'Accept or decline it in the conversation. If you do neither, the offer expires and nothing changes.',
  }),
  TRANSFER_ACCEPTED: ({ by, customer }) => ({
    title: `${by} accepted the conversation with ${customer}`,
    line: `From now on ${by} answers there.`,
  }),
  TRANSFER_DECLINED: ({ by, customer }) => ({
    title: `${by} declined the conversation with ${customer}`,
    line: 'You still answer there.',
  }),
  TRANSFER_CANCELLED: ({ customer }) => ({
    title: `The offer of the conversation with ${customer} was cancelled`,
    line: 'There is nothing left to accept or decline.',
  }),
  TRANSFER_EXPIRED: ({ customer }) => ({
    title: `The offer of the conversation with ${customer} expired`,
    line: 'Nobody answered it in time, so whoever had the conversation still has it.',
  }),
  MENTIONED: ({ by, customer }) => ({
    title: `${by} mentioned you in the conversation with ${customer}`,
    line: 'Only your team can read where. Open the conversation to see it.',
  }),
  TAKEN_OVER: ({ by, customer }) => ({
    title: `${by} took over the conversation with ${customer}`,
    line: `From now on ${by} answers there. You are still a participant.`,
  }),
  UNATTENDED: ({ customer }) => ({
    title: `Nobody attends to the conversation with ${customer}`,
    line: 'Whoever answered there no longer can. Take it over, or see that somebody does.',
  }),
  NEEDS_HUMAN: ({ customer }) => ({
    title: `${customer} needs a person`,
    line: 'The AI agent no longer answers there, and nobody has taken over yet.',
  }),
  TICKET_ASSIGNED: ({ by, customer }) => ({
    title: `${by} assigned you a ticket about the conversation with ${customer}`,
    line: 'Open the conversation to see it.',
  }),
  NEW_MESSAGE: ({ by, customer, quote }) =>
    quote === null
      ? {
          title: `New message from ${by} in the conversation with ${customer}`,
          line: 'Open the conversation to read it.',
        }
      : { title: `New message from ${customer}`, line: 'It waits for an answer.' },
};
