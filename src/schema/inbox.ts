import { Field, ObjectType } from 'type-graphql';
import { Conversation } from './conversation.js';
import { InboxUpdateKind } from './enums.js';

@ObjectType({ description: 'One step in keeping an inbox up to date.' })
export class InboxUpdate {
  @Field(() => InboxUpdateKind, { description: 'What to do.' })
  kind!: 'READY' | 'CHANGED' | 'REMOVED';

  @Field(() => Conversation, { nullable: true, description: 'The conversation as it is now; null with READY.' })
  conversation!: object | null;
}
