import { defineEntity, p } from '@mikro-orm/core';

export const actorKinds = ['CUSTOMER', 'AGENT', 'AI_AGENT', 'INTEGRATION', 'SYSTEM'] as const;
export type ActorKind = (typeof actorKinds)[number];
export const agentRoles = ['AGENT', 'ADMIN'] as const;
export type AgentRole = (typeof agentRoles)[number];
export const scopes = [
  'CONVERSATIONS_READ',
  'MESSAGES_WRITE',
  'WHISPERS_READ',
  'CUSTOMERS_READ',
  'CUSTOMERS_WRITE',
  'TICKETS_READ',
  'TICKETS_WRITE',
  'WEBHOOKS_MANAGE',
  'AI_TURNS',
] as const;
export type Scope = (typeof scopes)[number];
/** Who writes an AI agent's replies: Parley from the help articles, or a partner's program over the API. */
export type AnswersBy = 'ARTICLES' | 'EXTERNAL';

export const ActorSchema = defineEntity({
  name: 'Actor',
  tableName: 'actors',
  properties: {
    id: p.text().primary(),
    workspaceId: p.text(),
    kind: p.text().$type<ActorKind>(),
    displayName: p.text(),
    avatarUrl: p.text().strictNullable(),
    email: p.text().strictNullable(),
    handle: p.text().strictNullable(),
    externalId: p.text().strictNullable(),
    phone: p.text().strictNullable(),
    language: p.text().strictNullable(),
    role: p.text().$type<AgentRole>().strictNullable(),
    active: p.boolean(),
    answersBy: p.text().$type<AnswersBy>().strictNullable(),
    scopes: p.array().$type<Scope[]>(),
    createdAt: p.datetime(),
  },
});

/** Whoever can do something: a customer, an agent, an AI agent, an integration, or the system. `active` is false for a
 * deactivated agent and for a disabled AI agent. */
export class Actor extends ActorSchema.class {}
ActorSchema.setClass(Actor);
