import { defineEntity, p } from '@mikro-orm/core';

export const TicketChangeSchema = defineEntity({
  name: 'TicketChange',
  tableName: 'ticket_changes',
  properties: {
    ticketId: p.text().primary(),
    number: p.integer().primary(),
    workspaceId: p.text(),
    actorId: p.text(),
    field: p.text(),
    fromValue: p.text().strictNullable(),
    toValue: p.text().strictNullable(),
    createdAt: p.datetime(),
  },
});

/** One field of a ticket that somebody changed. `number` counts the ticket's, in the order of commits. */
export class TicketChange extends TicketChangeSchema.class {}
TicketChangeSchema.setClass(TicketChange);
