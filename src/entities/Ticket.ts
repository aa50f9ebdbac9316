import { defineEntity, p } from '@mikro-orm/core';
import type { Priority } from './Conversation.js';

export const ticketStatuses = ['OPEN', 'IN_PROGRESS', 'SOLVED', 'CLOSED'] as const;
export type TicketStatus = (typeof ticketStatuses)[number];

export const TicketSchema = defineEntity({
  name: 'Ticket',
  tableName: 'tickets',
  properties: {
    id: p.text().primary(),
    workspaceId: p.text(),
    number: p.integer(),
    conversationId: p.text(),
    title: p.text(),
    description: p.text().strictNullable(),
    status: p.text().$type<TicketStatus>(),
    priority: p.text().$type<Priority>(),
    createdById: p.text(),
    assigneeId: p.text().strictNullable(),
    commentCount: p.integer(),
    changeCount: p.integer(),
    createdAt: p.datetime(),
    updatedAt: p.datetime(),
  },
});

/** What of a ticket can change; each change is kept in its history under this name. */
export interface TicketFields {
  title: string;
  description: string | null;
  status: TicketStatus;
  priority: Priority;
  assigneeId: string | null;
}

/** A case that outlives its conversation. `number` counts the workspace's; comments and changes are counted per ticket. */
export class Ticket extends TicketSchema.class {
  /** Takes the new values. Returns what differed, numbered: nothing if nothing did. */
  become(fields: TicketFields, at: Date): { number: number; field: string; from: string | null; to: string | null }[] {
    const names = Object.keys(fields) as (keyof TicketFields)[];
    const changes = names
      .filter((field) => this[field] !== fields[field])
      .map((field) => ({ number: ++this.changeCount, field, from: this[field], to: fields[field] }));
    if (changes.length > 0) this.updatedAt = at;
    Object.assign(this, fields);
    return changes;
  }

  /** Counts one more comment; returns its number. */
  commented(at: Date): number {
    this.updatedAt = at;
    return ++this.commentCount;
  }
}
TicketSchema.setClass(Ticket);
