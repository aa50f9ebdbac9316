import { defineEntity, p } from '@mikro-orm/core';

export const ParticipantSchema = defineEntity({
  name: 'Participant',
  tableName: 'participants',
  properties: {
    conversationId: p.text().primary(),
    actorId: p.text().primary(),
    workspaceId: p.text(),
    joinedAt: p.datetime().strictNullable(),
    publicSince: p.datetime().strictNullable(),
  },
});

/**
 * An agent or AI agent in a conversation. `joinedAt` is null for who is not in it now; `publicSince` is when they were
 * first assigned or heard, and never changes after: all that a customer may know of them.
 */
export class Participant extends ParticipantSchema.class {}
ParticipantSchema.setClass(Participant);
