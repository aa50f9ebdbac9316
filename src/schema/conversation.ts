import { Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import type {
  Channel as ChannelValue,
  ConversationStatus as ConversationStatusValue,
  Handling as HandlingValue,
  Priority as PriorityValue,
} from '../entities/Conversation.js';
import type { RefusalCode } from '../errors.js';
import { Actor, Agent, AiAgent, Customer } from './actors.js';
import { connectionType, edgeType } from './connections.js';
import { Channel, ConversationStatus, ErrorCode, Handling, Priority } from './enums.js';
import { Node } from './Node.js';
import { DateTime, UrlScalar } from './scalars.js';

@ObjectType({ description: 'Whether the viewer may do something now, by the same policy that the mutation asks.' })
export class Ability {
  @Field({ description: 'Whether the mutation would be carried out, or would find it done already.' })
  allowed!: boolean;

  @Field(() => ErrorCode, {
    nullable: true,
    description: 'The code that the mutation would answer with; null when allowed.',
  })
  refusal!: RefusalCode | null;
}

@ObjectType({ description: 'What this viewer may do with a conversation now. A role that never may: FORBIDDEN.' })
export class ConversationAbilities {
  @Field(() => Ability, { description: 'Write a message that everyone sees.' })
  sendMessage!: Ability;

  @Field(() => Ability, { description: 'Write something that only the team sees.' })
  whisper!: Ability;

  @Field(() => Ability, { description: 'Become assignee (without `force`).' })
  takeOver!: Ability;

  @Field(() => Ability, { description: 'Give it back to the AI agent.' })
  handBack!: Ability;

  @Field(() => Ability, { description: 'Ask for a person.' })
  requestHuman!: Ability;

  @Field(() => Ability, { description: 'Become a participant.' })
  join!: Ability;

  @Field(() => Ability, { description: 'Stop being a participant.' })
  leave!: Ability;

  @Field(() => Ability, { description: 'Offer it to a colleague.' })
  transfer!: Ability;

  @Field(() => Ability, { description: 'Make a ticket of it.' })
  createTicket!: Ability;

  @Field(() => Ability, { description: 'Mark it as answered.' })
  resolve!: Ability;

  @Field(() => Ability, { description: 'Open it again.' })
  reopen!: Ability;

  @Field(() => Ability, { description: 'End it for good.' })
  finalize!: Ability;

  @Field(() => Ability, { description: 'Change subject, priority and tags.' })
  update!: Ability;
}

@ObjectType({ description: 'Somebody in the conversation.' })
export class Participant {
  @Field(() => Actor, { description: 'Who it is.' })
  actor!: object;

  @Field(() => DateTime, { description: 'Since when. To customers: since they were first assigned or heard.' })
  joinedAt!: Date;

  @Field(() => DateTime, {
    nullable: true,
    description: "When they last marked it read; null if never. Of others it is the team's to know.",
  })
  lastReadAt!: Date | null;
}

@ObjectType({ description: 'That somebody asked for a person, and nobody has come yet.' })
export class NeedsHuman {
  @Field(() => String, { nullable: true, description: 'Why, in the words of whoever asked.' })
  reason!: string | null;

  @Field(() => DateTime, { description: 'When it was asked for.' })
  since!: Date;

  @Field(() => Actor, { description: 'Who asked: the customer, the AI agent, or the system when a deadline passed.' })
  by!: object;
}

@ObjectType({
  implements: Node,
  description: 'One case of one customer, with one timeline. Team-only fields give FORBIDDEN and null to others.',
})
export class Conversation extends Node {
  @Field(() => String, {
    nullable: true,
    description: 'A short title, up to 200 code points; the customer sees it too.',
  })
  subject!: string | null;

  @Field(() => ConversationStatus, { description: 'Open, resolved or finalized.' })
  status!: ConversationStatusValue;

  @Field(() => Channel, { description: 'Where the customer writes from.' })
  channel!: ChannelValue;

  @Field(() => Customer, { description: 'Who asked for help.' })
  customer!: object;

  @Field(() => Handling, { description: 'Who answers now.' })
  handling!: HandlingValue;

  @Field(() => Agent, {
    nullable: true,
    description: 'The human who answers for it; at most one, and null unless HUMAN.',
  })
  assignee!: object | null;

  @Field(() => AiAgent, {
    nullable: true,
    description: 'Its AI agent, if it ever had one. Paused unless handling is AI.',
  })
  aiAgent!: object | null;

  @Field(() => DateTime, { description: 'When the customer opened it.' })
  createdAt!: Date;

  @Field(() => DateTime, {
    description: 'When the last entry for everyone was written or the subject changed; nothing else moves it.',
  })
  updatedAt!: Date;

  @Field(() => UrlScalar, {
    description: 'A link to it for people. It opens for nobody who could not see the conversation anyway.',
  })
  url!: string;

  @Field(() => NeedsHuman, {
    nullable: true,
    description: 'Set while a person was asked for and has not come. Team only.',
  })
  needsHuman!: object | null;

  @Field(() => Priority, { nullable: true, description: 'How urgent the team considers it. Team only.' })
  priority!: PriorityValue | null;

  @Field(() => [String], { nullable: true, description: 'Labels of the team, up to 20. Team only.' })
  tags!: string[] | null;

  @Field(() => [Participant], {
    description:
      'Who is in it, by the time they came. Customers see those who were assigned or heard, since they first were.',
  })
  participants!: object[];

  @Field(() => Int, {
    description: "Messages and whispers by others after the viewer's read mark, as far as they see them; at most 100.",
  })
  unreadCount!: number;

  @Field(() => ConversationAbilities, { description: 'What this viewer may do now, and why not.' })
  viewerCan!: object;
}

export const ConversationEdge = edgeType('Conversation', () => Conversation, 'the conversations that the viewer sees');
export const ConversationConnection = connectionType(
  'Conversation',
  ConversationEdge,
  'the conversations that the viewer sees',
);

@InputType({
  description:
    'Conditions that must all hold. Those marked team only give FORBIDDEN to others, whatever their value and the data.',
})
export class ConversationFilter {
  @Field(() => [ConversationStatus], { nullable: true, description: 'Any of these.' })
  status?: ConversationStatusValue[];

  @Field(() => [Handling], { nullable: true, description: 'Any of these.' })
  handling?: HandlingValue[];

  @Field(() => [Channel], { nullable: true, description: 'Any of these.' })
  channel?: ChannelValue[];

  @Field(() => ID, { nullable: true, description: 'Of this customer; the id of nobody matches nothing.' })
  customerId?: string;

  @Field(() => ID, { nullable: true, description: 'Assigned to this agent. Team only.' })
  assigneeId?: string;

  @Field(() => Boolean, { nullable: true, description: 'Assigned to the viewer, or not. Team only.' })
  assignedToMe?: boolean;

  @Field(() => Boolean, { nullable: true, description: 'Whether a person was asked for and has not come. Team only.' })
  needsHuman?: boolean;

  @Field(() => String, { nullable: true, description: 'With this tag, exactly. Team only.' })
  tag?: string;

  @Field(() => [Priority], { nullable: true, description: 'Any of these. Team only.' })
  priority?: PriorityValue[];

  @Field(() => Boolean, { nullable: true, description: 'Whether the viewer is a participant. Team only.' })
  participating?: boolean;
}
