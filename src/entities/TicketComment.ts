import { defineEntity, p } from '@mikro-orm/core';

export const TicketCommentSchema = defineEntity({
  name: 'TicketComment',
  tableName: 'ticket_comments',
  properties: {
    id: p.text().primary(),
    workspaceId: p.text(),
    ticketId: p.text(),
    number: p.integer(),
    authorId: p.text(),
    text: p.text(),
    createdAt: p.datetime(),
  },
});

/** What somebody wrote about a ticket. `number` counts the ticket's, in the order of commits. */
export class TicketComment extends TicketCommentSchema.class {}
TicketCommentSchema.setClass(TicketComment);
