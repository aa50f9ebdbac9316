import { Field, ObjectType } from 'type-graphql';
import { Conversation } from './conversation.js';
import { Node } from './Node.js';
import { DateTime } from './scalars.js';
import { Message } from './timeline.js';

@ObjectType({ description: 'A stretch of time in which people handled the conversation.' })
export class HumanInterval {
  @Field(() => DateTime, { description: 'When the first of them took over.' })
  from!: Date;

  @Field(() => DateTime, { description: 'When it was handed back.' })
  to!: Date;
}

@ObjectType({
  implements: Node,
  description:
    'One answer that an AI agent owes. Answer it with `sendMessage(aiTurnId)` or `requestHuman(aiTurnId)` before it ' +
    'expires. Only the AI agent itself can see it.',
})
export class AiTurn extends Node {
  @Field(() => Conversation, { description: 'Where the answer is owed.' })
  conversation!: object;

  @Field(() => DateTime, { description: 'When it opened.' })
  openedAt!: Date;

  @Field(() => DateTime, {
    description: 'From then on it is closed: one more turn opens, and after that a person is asked for.',
  })
  expiresAt!: Date;

  @Field(() => [Message], {
    description: "The customer's messages that it must answer, oldest first; fixed when it opened.",
  })
  unanswered!: object[];

  @Field(() => HumanInterval, {
    nullable: true,
    description: 'The last stretch that people handled before they gave it back: do not repeat them.',
  })
  humanSpoke!: object | null;
}
