import { Field, ID, InputType } from 'type-graphql';
import type { Channel as ChannelValue, Priority as PriorityValue } from '../entities/Conversation.js';
import { Channel, Priority, WhisperAudience } from './enums.js';
import { UUID } from './scalars.js';

export const keyDescription =
  'A UUID made by the client. The same key with the same input again changes nothing and answers with the same subject; ' +
  'remembered for at least 24 hours.';

@InputType()
export abstract class OnConversation {
  @Field(() => ID, { description: 'Which conversation; NOT_FOUND if it is not there or not visible.' })
  conversationId!: string;

  @Field(() => UUID, { nullable: true, description: keyDescription })
  idempotencyKey?: string | null;
}

@InputType({ description: 'A customer opens a conversation; an integration does it for one of its customers.' })
export class StartConversationInput {
  @Field(() => String, { nullable: true, description: 'The first message, 1 to 10,000 code points.' })
  text?: string | null;

  @Field(() => [ID], {
    nullable: true,
    description: "Up to 10 of the caller's own uploads, each used this once. Text may be left out then.",
  })
  attachmentIds?: string[] | null;

  @Field(() => String, { nullable: true, description: 'A short title, up to 200 code points.' })
  subject?: string | null;

  @Field(() => ID, { nullable: true, description: 'For whom; integrations only, always.' })
  customerId?: string | null;

  @Field(() => Channel, {
    nullable: true,
    description: 'Where the customer writes from; integrations only. Default API.',
  })
  channel?: ChannelValue | null;

  @Field(() => String, {
    nullable: true,
    description:
      "The message's id in its channel; integrations only. Unique per integration: a repeat returns the first.",
  })
  externalId?: string | null;

  @Field(() => UUID, { nullable: true, description: keyDescription })
  idempotencyKey?: string | null;
}

@InputType({ description: 'A message that everyone in the conversation sees.' })
export class SendMessageInput extends OnConversation {
  @Field(() => String, { nullable: true, description: 'What to say, 1 to 10,000 code points; stored trimmed.' })
  text?: string | null;

  @Field(() => [ID], {
    nullable: true,
    description: "Up to 10 of the caller's own uploads, each used this once. Text may be left out then.",
  })
  attachmentIds?: string[] | null;

  @Field(() => ID, { nullable: true, description: 'The open turn that this answers; AI agents only, always.' })
  aiTurnId?: string | null;

  @Field(() => Boolean, {
    nullable: true,
    defaultValue: false,
    description: 'The customer writes; integrations only, always.',
  })
  onBehalfOfCustomer?: boolean | null;

  @Field(() => String, {
    nullable: true,
    description:
      "The message's id in its channel; integrations only. Unique per integration: a repeat returns the first.",
  })
  externalId?: string | null;
}

@InputType({ description: 'Something that only the team sees.' })
export class WhisperInput extends OnConversation {
  @Field(() => String, { nullable: true, description: 'What to say, 1 to 10,000 code points; stored trimmed.' })
  text?: string | null;

  @Field(() => [ID], {
    nullable: true,
    description: "Up to 10 of the caller's own uploads, each used this once. Text may be left out then.",
  })
  attachmentIds?: string[] | null;

  @Field(() => [ID], {
    nullable: true,
    description: 'Active agents whom it is addressed to. Not with the audience SELF.',
  })
  mentionIds?: string[] | null;

  @Field(() => WhisperAudience, {
    nullable: true,
    defaultValue: 'TEAM',
    description: 'The team, or yourself alone: a personal note.',
  })
  audience?: 'TEAM' | 'SELF' | null;
}

@InputType({ description: '"Assign to me".' })
export class TakeOverConversationInput extends OnConversation {
  @Field(() => Boolean, {
    nullable: true,
    defaultValue: false,
    description: 'Take it from a colleague. For admins; anybody else’s changes nothing.',
  })
  force?: boolean | null;
}

@InputType({ description: 'Let the AI agent answer again.' })
export class HandBackConversationInput extends OnConversation {}

@InputType({ description: 'Ask for a person.' })
export class RequestHumanInput extends OnConversation {
  @Field(() => String, { nullable: true, description: 'Why, for the team; up to 500 code points.' })
  reason?: string | null;

  @Field(() => ID, { nullable: true, description: 'The open turn that this ends; AI agents only, always.' })
  aiTurnId?: string | null;

  @Field(() => String, {
    nullable: true,
    description: "An AI agent's last words to the customer, sent in the same step.",
  })
  text?: string | null;
}

@InputType({ description: 'Follow and help.' })
export class JoinConversationInput extends OnConversation {}

@InputType({ description: 'Stop following.' })
export class LeaveConversationInput extends OnConversation {}

@InputType({ description: 'Mark as answered.' })
export class ResolveConversationInput extends OnConversation {}

@InputType({ description: 'Open again.' })
export class ReopenConversationInput extends OnConversation {}

@InputType({ description: 'End for good.' })
export class FinalizeConversationInput extends OnConversation {}

@InputType({ description: 'What is not given stays as it is.' })
export class UpdateConversationInput extends OnConversation {
  @Field(() => String, { nullable: true, description: 'A new title, up to 200 code points; null or blank removes it.' })
  subject?: string | null;

  @Field(() => Priority, { nullable: true, description: 'A new priority.' })
  priority?: PriorityValue | null;

  @Field(() => [String], {
    nullable: true,
    description: 'All tags from now on: up to 20, each 1 to 50 code points on one line.',
  })
  tags?: string[] | null;
}

@InputType({ description: 'Up to where the viewer has read.' })
export class MarkConversationReadInput {
  @Field(() => ID, { description: 'Which conversation; NOT_FOUND if it is not there or not visible.' })
  conversationId!: string;

  @Field(() => ID, {
    nullable: true,
    description: 'The last entry that was read; without it, all that the viewer sees now.',
  })
  upToId?: string | null;
}
