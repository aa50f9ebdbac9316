import { defineEntity, p } from '@mikro-orm/core';

export const AiTurnSchema = defineEntity({
  name: 'AiTurn',
  tableName: 'ai_turns',
  properties: {
    id: p.text().primary(),
    workspaceId: p.text(),
    conversationId: p.text(),
    aiAgentId: p.text(),
    attempt: p.integer(),
    openedAt: p.datetime(),
    expiresAt: p.datetime(),
    closedAt: p.datetime().strictNullable(),
    afterPosition: p.bigint('number'),
    upToPosition: p.bigint('number'),
    humanFrom: p.datetime().strictNullable(),
    humanTo: p.datetime().strictNullable(),
    handlingEpoch: p.bigint('number'),
  },
});

/** One answer that an AI agent owes: to the customer's messages after `afterPosition` up to `upToPosition`. */
export class AiTurn extends AiTurnSchema.class {
  /** From `expiresAt` on a turn is closed for every rule, whether or not its deadline's job has run. */
  isOpen(now: Date): boolean {
    return this.closedAt === null && now < this.expiresAt;
  }
}
AiTurnSchema.setClass(AiTurn);
