import { Field, Int, ObjectType } from 'type-graphql';
import type {
  NotificationChannel as NotificationChannelValue,
  NotificationKind as NotificationKindValue,
} from '../entities/Notification.js';
import { Actor } from './actors.js';
import { edgeType } from './connections.js';
import { Conversation } from './conversation.js';
import { NotificationChannel, NotificationKind } from './enums.js';
import { Node, PageInfo } from './Node.js';
import { DateTime } from './scalars.js';
import { Ticket } from './ticket.js';
import { Transfer } from './transfer.js';

@ObjectType({ implements: Node, description: 'Something that an agent is told of. Nobody else ever sees it.' })
export class Notification extends Node {
  @Field(() => NotificationKind, { description: 'What happened.' })
  kind!: NotificationKindValue;

  @Field(() => Conversation, { nullable: true, description: 'The conversation that it is about.' })
  conversation!: object | null;

  @Field(() => Transfer, { nullable: true, description: 'The offer that it is about; null for other kinds.' })
  transfer!: object | null;

  @Field(() => Ticket, { nullable: true, description: 'The one that you are to answer for; null for other kinds.' })
  ticket!: object | null;

  @Field(() => Actor, { nullable: true, description: 'Who did it; the system when a time ran out.' })
  actor!: object | null;

  @Field(() => DateTime, { description: 'When it happened.' })
  createdAt!: Date;

  @Field(() => DateTime, { nullable: true, description: 'When the agent marked it as read; null: not yet.' })
  readAt!: Date | null;
}

@ObjectType({ description: 'By which channels an agent wants to be told of a kind.' })
export class NotificationPreference {
  @Field(() => NotificationKind, { description: 'What it is about.' })
  kind!: NotificationKindValue;

  @Field(() => [NotificationChannel], {
    description: 'IN_APP is always among them, but for NEEDS_HUMAN and NEW_MESSAGE, which may have none.',
  })
  channels!: NotificationChannelValue[];
}

export const NotificationEdge = edgeType('Notification', () => Notification, "the viewer's notifications");

@ObjectType({ description: "A page of the viewer's notifications." })
export class NotificationConnection {
  @Field(() => [NotificationEdge], { description: 'The page, oldest first whichever way it was fetched.' })
  edges!: object[];

  @Field(() => PageInfo, { description: 'Where this page begins and ends, and whether there is more.' })
  pageInfo!: PageInfo;

  @Field(() => Int, { description: 'How many of all of them are not marked as read.' })
  unreadCount!: number;
}
