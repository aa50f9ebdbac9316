import { defineEntity, p } from '@mikro-orm/core';
import type { Audience } from './Entry.js';

export const conversationStatuses = ['OPEN', 'RESOLVED', 'FINALIZED'] as const;
export type ConversationStatus = (typeof conversationStatuses)[number];
export const handlings = ['AI', 'HUMAN', 'UNATTENDED'] as const;
export type Handling = (typeof handlings)[number];
export const channels = ['WEB', 'EMAIL', 'WHATSAPP', 'TELEGRAM', 'MESSENGER', 'SMS', 'API'] as const;
export type Channel = (typeof channels)[number];
export const priorities = ['LOW', 'NORMAL', 'HIGH', 'URGENT'] as const;
export type Priority = (typeof priorities)[number];

/** Where an entry stands: see docs/decisions/002-three-numbers.md. */
export interface Place {
  position: number;
  teamPosition: number;
  notePosition: number;
}

export const ConversationSchema = defineEntity({
  name: 'Conversation',
  tableName: 'conversations',
  properties: {
    id: p.text().primary(),
    workspaceId: p.text(),
    customerId: p.text(),
    channel: p.text().$type<Channel>(),
    subject: p.text().strictNullable(),
    status: p.text().$type<ConversationStatus>(),
    handling: p.text().$type<Handling>(),
    assigneeId: p.text().strictNullable(),
    assignedAt: p.datetime().strictNullable(),
    aiAgentId: p.text().strictNullable(),
    needsHumanReason: p.text().strictNullable(),
    needsHumanSince: p.datetime().strictNullable(),
    needsHumanBy: p.text().strictNullable(),
    priority: p.text().$type<Priority>(),
    tags: p.array().$type<string[]>(),
    createdAt: p.datetime(),
    updatedAt: p.datetime(),
    resolvedAt: p.datetime().strictNullable(),
    lastMessageId: p.text().strictNullable(),
    lastMessageAt: p.datetime().strictNullable(),
    lastMessageByCustomer: p.boolean(),
    answeredPosition: p.bigint('number'),
    aiSince: p.datetime().strictNullable(),
    humanFrom: p.datetime().strictNullable(),
    humanTo: p.datetime().strictNullable(),
    position: p.bigint('number'),
    teamPosition: p.bigint('number'),
    noteCount: p.bigint('number'),
    publicVersion: p.bigint('number'),
    teamVersion: p.bigint('number'),
    handlingEpoch: p.bigint('number'),
  },
});

/**
 * One conversation and what can become of it. The verbs assume that their policy said yes; they write no entry.
 *
 * `position`, `teamPosition` and `noteCount` count entries; `publicVersion` and `teamVersion` count the changes that
 * leave no entry. Nothing that a customer can read may be written by what only the team does.
 */
export class Conversation extends ConversationSchema.class {
  /** Takes the next place of the timeline. A note's own number depends on its author: `notesHere` are theirs so far. */
  takePlace(audience: Audience, at: Date, notesHere = 0): Place {
    if (audience === 'EVERYONE') {
      this.position += 1;
      this.teamPosition = 0;
      this.updatedAt = at;
    } else if (audience === 'TEAM') {
      this.teamPosition += 1;
    } else {
      this.noteCount += 1;
    }
    return {
      position: this.position,
      teamPosition: this.teamPosition,
      notePosition: audience === 'SELF' ? notesHere + 1 : 0,
    };
  }

  /** A message stands at the present position. People answer everything before it; an AI agent what its turn names. */
  received(message: { id: string; byCustomer: boolean; answersUpTo?: number }, at: Date): void {
    this.lastMessageId = message.id;
    this.lastMessageAt = at;
    this.lastMessageByCustomer = message.byCustomer;
    if (message.answersUpTo !== undefined) this.answeredPosition = message.answersUpTo;
  }

  takeOver(agentId: string, at: Date): void {
    this.assigneeId = agentId;
    this.assignedAt = at;
    if (this.handling !== 'HUMAN') this.humanFrom = at;
    this.humanTo = null;
    this.changeHandling('HUMAN', at);
    this.clearNeed();
  }

  /** An accepted offer: another person answers, without a moment in between. */
  assign(agentId: string, at: Date): void {
    this.assigneeId = agentId;
    this.assignedAt = at;
  }

  /** Whoever answered is no longer there, and nobody else has come yet. */
  loseAssignee(at: Date): void {
    this.humanTo = at;
    this.unassign();
    this.changeHandling('UNATTENDED', at);
  }

  handBack(aiAgentId: string, at: Date): void {
    this.aiAgentId = aiAgentId;
    if (this.handling === 'HUMAN') this.humanTo = at;
    this.unassign();
    this.changeHandling('AI', at);
    this.clearNeed();
  }

  askForHuman(byId: string, reason: string | null, at: Date): void {
    this.needsHumanBy = byId;
    this.needsHumanReason = reason;
    this.needsHumanSince = at;
    this.changeHandling('UNATTENDED', at);
  }

  /** Keeps assignee and handling: whoever reopens it finds it as it was. */
  resolve(at: Date): void {
    this.status = 'RESOLVED';
    this.resolvedAt = at;
    this.clearNeed();
  }

  /** Without an assignee the AI agent answers again, if there is an enabled one. */
  reopen(aiAgentEnabled: boolean, at: Date): void {
    this.status = 'OPEN';
    this.resolvedAt = null;
    if (this.assigneeId === null) this.changeHandling(aiAgentEnabled ? 'AI' : 'UNATTENDED', at);
  }

  finalize(at: Date): void {
    this.status = 'FINALIZED';
    this.resolvedAt ??= at;
    this.clearNeed();
  }

  private changeHandling(handling: Handling, at: Date): void {
    if (handling !== this.handling) this.handlingEpoch += 1;
    if (handling !== 'AI') this.aiSince = null;
    else if (this.handling !== 'AI') this.aiSince = at;
    this.handling = handling;
  }

  private unassign(): void {
    this.assigneeId = null;
    this.assignedAt = null;
  }

  private clearNeed(): void {
    this.needsHumanBy = null;
    this.needsHumanReason = null;
    this.needsHumanSince = null;
  }
}
ConversationSchema.setClass(Conversation);
