import { Field, InterfaceType, ObjectType } from 'type-graphql';
import type { Audience as AudienceValue, EventKind } from '../entities/Entry.js';
import { Actor, Agent } from './actors.js';
import { Attachment } from './attachment.js';
import { connectionType, edgeType } from './connections.js';
import { Conversation } from './conversation.js';
import { Audience, ConversationEventKind, WhisperAudience } from './enums.js';
import { Node, typeById } from './Node.js';
import { DateTime, UrlScalar } from './scalars.js';
import { Ticket } from './ticket.js';
import { Transfer } from './transfer.js';

@InterfaceType({
  implements: Node,
  description: 'One line of a conversation: a message, a whisper or an event. Written once, never changed.',
  resolveType: typeById,
})
export abstract class TimelineEntry extends Node {
  @Field(() => Conversation, { description: 'The conversation it belongs to.' })
  conversation!: object;

  @Field(() => Actor, { description: 'Who wrote or did it.' })
  actor!: object;

  @Field(() => DateTime, {
    description: 'When it was written. The order of entries is that of the timeline, not of this.',
  })
  createdAt!: Date;

  @Field(() => UrlScalar, { description: "A link to it for people: the conversation's, with this id as its fragment." })
  url!: string;
}

@ObjectType({ implements: [TimelineEntry, Node], description: 'An entry that the customer can see.' })
export class Message extends TimelineEntry {
  @Field({
    description:
      'What was written, up to 10,000 code points, trimmed; "" when there are only files. Plain text: escape it when you show it.',
  })
  text!: string;

  @Field(() => [Attachment], { description: 'The files sent with it, in the order they were named; up to 10.' })
  attachments!: object[];
}

@ObjectType({
  implements: [TimelineEntry, Node],
  description: 'An entry that only the team can see; with the audience SELF only its author. Never becomes a message.',
})
export class Whisper extends TimelineEntry {
  @Field(() => WhisperAudience, { description: 'The team, or its author alone.' })
  audience!: AudienceValue;

  @Field({
    description:
      'What was written, up to 10,000 code points, trimmed; "" when there are only files. Plain text: escape it when you show it.',
  })
  text!: string;

  @Field(() => [Attachment], { description: 'The files sent with it, in the order they were named; up to 10.' })
  attachments!: object[];

  @Field(() => [Agent], { description: 'The colleagues it was addressed to, in the order they were named.' })
  mentions!: object[];
}

@ObjectType({ implements: [TimelineEntry, Node], description: 'An entry that says what happened.' })
export class ConversationEvent extends TimelineEntry {
  @Field(() => ConversationEventKind, { description: 'What happened.' })
  kind!: EventKind;

  @Field(() => Audience, { description: 'Who can see it; the same for every event of a kind.' })
  audience!: AudienceValue;

  @Field(() => Agent, {
    nullable: true,
    description: 'The agent whom it is about: who took over, joined, left, is offered or assigned it, or lost it.',
  })
  agent!: object | null;

  @Field(() => Transfer, {
    nullable: true,
    description: 'The offer that it is about, of TRANSFER_ events and of ASSIGNED. Team only.',
  })
  transfer!: object | null;

  @Field(() => Ticket, {
    nullable: true,
    description: 'The one that was made of the conversation, of TICKET_CREATED. Team only.',
  })
  ticket!: object | null;
}

export const MessageEdge = edgeType('Message', () => Message, 'the messages of a conversation');
export const MessageConnection = connectionType('Message', MessageEdge, 'the messages of a conversation');
export const WhisperEdge = edgeType('Whisper', () => Whisper, 'the whispers of a conversation');
export const WhisperConnection = connectionType('Whisper', WhisperEdge, 'the whispers of a conversation');
export const TimelineEdge = edgeType('Timeline', () => TimelineEntry, 'all entries of a conversation');
export const TimelineConnection = connectionType('Timeline', TimelineEdge, 'all entries of a conversation');
