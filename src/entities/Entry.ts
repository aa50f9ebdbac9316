import { defineEntity, p } from '@mikro-orm/core';

export const audiences = ['EVERYONE', 'TEAM', 'SELF'] as const;
/** Who may see an entry: everyone in the conversation, the team, or its author alone. */
export type Audience = (typeof audiences)[number];
export type EntryType = 'MESSAGE' | 'WHISPER' | 'EVENT';

/** Every kind of event and who sees it. An event's audience never depends on anything else. */
export const eventAudiences = {
  STARTED: 'EVERYONE',
  TAKEN_OVER: 'EVERYONE',
  HANDED_BACK: 'EVERYONE',
  HUMAN_REQUESTED: 'EVERYONE',
  ASSIGNED: 'EVERYONE',
  UNASSIGNED: 'EVERYONE',
  RESOLVED: 'EVERYONE',
  REOPENED: 'EVERYONE',
  FINALIZED: 'EVERYONE',
  JOINED: 'TEAM',
  LEFT: 'TEAM',
  TRANSFER_REQUESTED: 'TEAM',
  TRANSFER_ACCEPTED: 'TEAM',
  TRANSFER_DECLINED: 'TEAM',
  TRANSFER_CANCELLED: 'TEAM',
  TRANSFER_EXPIRED: 'TEAM',
  TICKET_CREATED: 'TEAM',
} as const satisfies Record<string, Audience>;
export type EventKind = keyof typeof eventAudiences;

export const EntrySchema = defineEntity({
  name: 'Entry',
  tableName: 'entries',
  properties: {
    id: p.text().primary(),
    workspaceId: p.text(),
    conversationId: p.text(),
    position: p.bigint('number'),
    teamPosition: p.bigint('number'),
    notePosition: p.bigint('number'),
    type: p.text().$type<EntryType>(),
    audience: p.text().$type<Audience>(),
    actorId: p.text(),
    createdAt: p.datetime(),
    text: p.text().strictNullable(),
    language: p.text().strictNullable(),
    mentionIds: p.array().$type<string[]>(),
    eventKind: p.text().$type<EventKind>().strictNullable(),
    agentId: p.text().strictNullable(),
    transferId: p.text().strictNullable(),
    ticketId: p.text().strictNullable(),
    integrationId: p.text().strictNullable(),
    externalId: p.text().strictNullable(),
  },
});

/** One line of the timeline, which is the log: written once, never changed. */
export class Entry extends EntrySchema.class {}
EntrySchema.setClass(Entry);
