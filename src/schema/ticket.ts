import { Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import type { Priority as PriorityValue } from '../entities/Conversation.js';
import type { Audience as AudienceValue } from '../entities/Entry.js';
import type { TicketStatus as TicketStatusValue } from '../entities/Ticket.js';
import { Actor, Agent } from './actors.js';
import { Attachment } from './attachment.js';
import { connectionType, countedConnectionType, edgeType } from './connections.js';
import { Audience, Priority, TicketStatus } from './enums.js';
import { Node } from './Node.js';
import { DateTime, UrlScalar } from './scalars.js';

@ObjectType({ description: 'Somebody as they were called when the snapshot was taken, whatever they are called now.' })
export class SnapshotActor {
  @Field(() => ID, {
    description: 'Whose id it is, for `node`. Not `id`, so that no client cache mixes them with the living.',
  })
  actorId!: string;

  @Field({ description: 'Their name at that moment.' })
  displayName!: string;
}

@ObjectType({ description: 'A message, whisper or event as it stood in the conversation.' })
export class SnapshotEntry {
  @Field(() => ID, { description: 'The id of the entry in the conversation.' })
  entryId!: string;

  @Field({ description: 'MESSAGE, WHISPER, or the kind of an event: a ConversationEventKind.' })
  kind!: string;

  @Field(() => Audience, { description: 'EVERYONE or TEAM; personal notes are not in a snapshot.' })
  audience!: AudienceValue;

  @Field(() => SnapshotActor, { description: 'Who wrote or did it.' })
  actor!: object;

  @Field(() => SnapshotActor, { nullable: true, description: 'The agent whom an event is about.' })
  agent!: object | null;

  @Field(() => String, { nullable: true, description: 'What was written; null of events, and once it was erased.' })
  text!: string | null;

  @Field(() => [Attachment], {
    description:
      'The files that belonged to it, kept as long as it is. Who may not read the conversation may not fetch them.',
  })
  attachments!: object[];

  @Field(() => DateTime, { description: 'When it was written.' })
  createdAt!: Date;

  @Field(() => DateTime, {
    nullable: true,
    description: 'When its text was erased because the law demanded it; the seal holds all the same.',
  })
  erasedAt!: Date | null;

  @Field(() => String, {
    nullable: true,
    description: 'A random part of its digest, which keeps a text from being guessed by it. Erased with the text.',
  })
  salt!: string | null;

  @Field({
    description:
      'The digest by which the seal of the snapshot counts this entry, in hexadecimal: of the canonical JSON ' +
      '(RFC 8785) of its `actor`, `agent`, `audience`, `createdAt`, `entryId`, `kind`, `salt` and `text`; and where there are any, of ' +
      'its `attachments`, each as `{byteSize, contentType, fileName, id}`.',
  })
  sha256!: string;
}

export const SnapshotEntryEdge = edgeType('SnapshotEntry', () => SnapshotEntry, 'the entries of a snapshot');
export const SnapshotEntryConnection = countedConnectionType(
  'SnapshotEntry',
  SnapshotEntryEdge,
  'the entries of a snapshot',
);

@ObjectType({
  description:
    'A conversation as the team saw it when a ticket was created, up to the entry before. It is never changed, and its ' +
    'people and entries have no id of their own. To integrations without WHISPERS_READ it is, with its counts and its ' +
    'hash, what everyone saw.',
})
export class ConversationSnapshot {
  @Field(() => DateTime, { description: 'When the ticket was created.' })
  takenAt!: Date;

  @Field(() => String, { nullable: true, description: 'What the conversation was about, then.' })
  subject!: string | null;

  @Field(() => SnapshotActor, { description: 'Who had asked for help.' })
  customer!: object;

  @Field(() => SnapshotActor, { nullable: true, description: 'Who answered for it then; null if nobody did.' })
  assignee!: object | null;

  @Field(() => [SnapshotActor], { description: 'Who was in it then, by the time they had come.' })
  participants!: object[];

  @Field({
    description:
      'Its seal: SHA-256 in hexadecimal of the canonical JSON (RFC 8785) of `assignee`, `customer`, `entries` (the ' +
      'list of their `sha256`, in order), `participants`, `subject`, `takenAt` and `ticketId`.',
  })
  sha256!: string;
}

@ObjectType({ implements: Node, description: 'Something that somebody wrote below a ticket.' })
export class TicketComment extends Node {
  @Field(() => Actor, { description: 'Who wrote it: an agent or an integration.' })
  author!: object;

  @Field({ description: 'What was written, up to 10,000 code points. Plain text: escape it when you show it.' })
  text!: string;

  @Field(() => DateTime, { description: 'When it was written.' })
  createdAt!: Date;
}

@ObjectType({ description: 'One field of a ticket that somebody changed.' })
export class TicketChange {
  @Field(() => Actor, { description: 'Who changed it.' })
  actor!: object;

  @Field({ description: 'Which one: title, description, status, priority or assigneeId.' })
  field!: string;

  @Field(() => String, { nullable: true, description: 'What it was; of assigneeId an id, null if it was nobody’s.' })
  from!: string | null;

  @Field(() => String, { nullable: true, description: 'What it became.' })
  to!: string | null;

  @Field(() => DateTime, { description: 'When it was changed.' })
  createdAt!: Date;
}

export const TicketCommentEdge = edgeType('TicketComment', () => TicketComment, 'the comments of a ticket');
export const TicketCommentConnection = connectionType('TicketComment', TicketCommentEdge, 'the comments of a ticket');
export const TicketChangeEdge = edgeType('TicketChange', () => TicketChange, 'the changes of a ticket');
export const TicketChangeConnection = connectionType('TicketChange', TicketChangeEdge, 'the changes of a ticket');

@ObjectType({
  implements: Node,
  description:
    'A case that outlives its conversation, with the conversation as it was when it was created. Only for the team, and ' +
    'for integrations with TICKETS_READ.',
})
export class Ticket extends Node {
  @Field(() => Int, { description: 'Counts the tickets of the workspace: 1, 2, 3, without a gap.' })
  number!: number;

  @Field({ description: 'What it is about, in a line.' })
  title!: string;

  @Field(() => String, { nullable: true, description: 'What is to be done, if anybody wrote it down.' })
  description!: string | null;

  @Field(() => TicketStatus, { description: 'How far it has come; any may follow any.' })
  status!: TicketStatusValue;

  @Field(() => Priority, { description: 'How urgent it is, apart from its conversation.' })
  priority!: PriorityValue;

  @Field(() => Actor, { description: 'Who created it: an agent or an integration.' })
  createdBy!: object;

  @Field(() => Agent, {
    nullable: true,
    description: 'Who answers for it; not always who answers in the conversation.',
  })
  assignee!: object | null;

  @Field(() => DateTime, { description: 'When it was created.' })
  createdAt!: Date;

  @Field(() => DateTime, { description: 'When a field of it last changed, or a comment was added.' })
  updatedAt!: Date;

  @Field(() => UrlScalar, { description: 'A link for colleagues: to its conversation, and there to it.' })
  url!: string;

  @Field(() => ConversationSnapshot, { description: 'The conversation as it was when the ticket was created.' })
  snapshot!: object;
}

export const TicketEdge = edgeType('Ticket', () => Ticket, 'tickets');
export const TicketConnection = countedConnectionType('Ticket', TicketEdge, 'tickets');

@InputType({ description: 'Conditions that must all hold.' })
export class TicketFilter {
  @Field(() => [TicketStatus], { nullable: true, description: 'Any of these.' })
  status?: TicketStatusValue[];

  @Field(() => ID, { nullable: true, description: 'Assigned to this agent; the id of nobody matches nothing.' })
  assigneeId?: string;

  @Field(() => [Priority], { nullable: true, description: 'Any of these.' })
  priority?: PriorityValue[];

  @Field(() => ID, { nullable: true, description: 'Of this conversation; the id of none matches nothing.' })
  conversationId?: string;
}
