import { defineEntity, p } from '@mikro-orm/core';

export const transferStatuses = ['PENDING', 'ACCEPTED', 'DECLINED', 'CANCELLED', 'EXPIRED'] as const;
export type TransferStatus = (typeof transferStatuses)[number];

export const TransferSchema = defineEntity({
  name: 'Transfer',
  tableName: 'transfers',
  properties: {
    id: p.text().primary(),
    workspaceId: p.text(),
    conversationId: p.text(),
    fromId: p.text(),
    toId: p.text(),
    note: p.text().strictNullable(),
    leaveOnAccept: p.boolean(),
    status: p.text().$type<TransferStatus>(),
    createdAt: p.datetime(),
    expiresAt: p.datetime(),
    answeredAt: p.datetime().strictNullable(),
    declineReason: p.text().strictNullable(),
  },
});

/**
 * An offer of a conversation to a colleague. It begins `PENDING` and ends once: accepted or declined by its target,
 * cancelled by the assignee, an admin or by what makes it pointless, expired by the clock alone. docs/transfers.md has
 * the table of its states.
 */
export class Transfer extends TransferSchema.class {
  /** From `expiresAt` on an offer counts as expired for every rule and read, whether or not that was written down. */
  statusAt(now: Date): TransferStatus {
    return this.status === 'PENDING' && now >= this.expiresAt ? 'EXPIRED' : this.status;
  }

  accept(at: Date): void {
    this.end('ACCEPTED', at);
  }

  decline(reason: string | null, at: Date): void {
    this.end('DECLINED', at);
    this.declineReason = reason;
  }

  cancel(at: Date): void {
    this.end('CANCELLED', at);
  }

  /** Nobody answered: there is no moment of an answer. */
  expire(): void {
    this.end('EXPIRED', null);
  }

  private end(status: TransferStatus, at: Date | null): void {
    this.status = status;
    this.answeredAt = at;
  }
}
TransferSchema.setClass(Transfer);
