import { type ClassType, Field, ObjectType } from 'type-graphql';
import { Agent } from './actors.js';
import { Conversation } from './conversation.js';
import { AgentProfile } from './profile.js';
import { DateTime } from './scalars.js';
import { Message, TimelineEdge, Whisper } from './timeline.js';
import { UserError } from './userErrors.js';
import { Viewer, Workspace } from './workspace.js';

@ObjectType()
export abstract class Payload {
  @Field(() => [UserError], { description: 'Why it was refused; empty when it was done.' })
  errors!: object[];
}

@ObjectType()
export abstract class TimelinePayload extends Payload {
  @Field(() => TimelineEdge, {
    nullable: true,
    description: "The subject's own entry; null when nothing had to change, or it was refused.",
  })
  timelineEdge!: object | null;

  @Field(() => [TimelineEdge], {
    description: 'All that this call appended and the viewer may see, in order, causes first.',
  })
  timelineEdges!: object[];
}

/** The payload of a mutation whose subject is the conversation itself. */
function conversationPayload(mutation: string): ClassType<TimelinePayload> {
  @ObjectType(`${mutation}Payload`, { description: 'The conversation as it is after the call.' })
  class ConversationPayload extends TimelinePayload {
    @Field(() => Conversation, { nullable: true, description: 'The conversation; null when refused.' })
    conversation!: object | null;
  }
  return ConversationPayload;
}

export const TakeOverConversationPayload = conversationPayload('TakeOverConversation');
export const HandBackConversationPayload = conversationPayload('HandBackConversation');
export const RequestHumanPayload = conversationPayload('RequestHuman');
export const JoinConversationPayload = conversationPayload('JoinConversation');
export const LeaveConversationPayload = conversationPayload('LeaveConversation');
export const ResolveConversationPayload = conversationPayload('ResolveConversation');
export const ReopenConversationPayload = conversationPayload('ReopenConversation');
export const FinalizeConversationPayload = conversationPayload('FinalizeConversation');

@ObjectType({ description: 'The new conversation and its first message.' })
export class StartConversationPayload extends TimelinePayload {
  @Field(() => Conversation, { nullable: true, description: 'The conversation; null when refused.' })
  conversation!: object | null;

  @Field(() => Message, { nullable: true, description: 'Its first message; null when refused.' })
  message!: object | null;
}

@ObjectType({ description: 'The message that was sent.' })
export class SendMessagePayload extends TimelinePayload {
  @Field(() => Message, {
    nullable: true,
    description: 'The message; null when refused, and for an integration that may write but not read.',
  })
  message!: object | null;
}

@ObjectType({ description: 'The whisper that was written.' })
export class WhisperPayload extends TimelinePayload {
  @Field(() => Whisper, { nullable: true, description: 'The whisper; null when refused.' })
  whisper!: object | null;
}

@ObjectType({ description: 'The conversation as it is after the call.' })
export class UpdateConversationPayload extends Payload {
  @Field(() => Conversation, { nullable: true, description: 'The conversation; null when refused.' })
  conversation!: object | null;
}

@ObjectType({ description: 'The conversation with its new unread count.' })
export class MarkConversationReadPayload extends Payload {
  @Field(() => Conversation, { nullable: true, description: 'The conversation; null when refused.' })
  conversation!: object | null;
}

@ObjectType({ description: 'A token, and whose it is.' })
export class SignInPayload extends Payload {
  @Field(() => String, {
    nullable: true,
    description: 'Send it as `Authorization: Bearer …`, and in `connection_init` of a socket; null when refused.',
  })
  token!: string | null;

  @Field(() => DateTime, { nullable: true, description: 'When the token ends; sign in again before.' })
  expiresAt!: Date | null;

  @Field(() => Viewer, { nullable: true, description: 'Who signed in; null when refused.' })
  viewer!: object | null;
}

@ObjectType({ description: 'The new agent.' })
export class CreateAgentPayload extends Payload {
  @Field(() => Agent, { nullable: true, description: 'The agent; null when refused.' })
  agent!: object | null;

  @Field(() => String, {
    nullable: true,
    description:
      'A password to hand over, to be changed with `setPassword`. Shown this once: null when the call is repeated.',
  })
  oneTimePassword!: string | null;
}

@ObjectType({ description: 'The agent as they are after the call.' })
export class UpdateAgentPayload extends Payload {
  @Field(() => Agent, { nullable: true, description: 'The agent; null when refused.' })
  agent!: object | null;
}

@ObjectType({ description: "The viewer's profile as it is after the call." })
export class UpdateProfilePayload extends Payload {
  @Field(() => AgentProfile, { nullable: true, description: 'The profile; null when refused.' })
  profile!: object | null;
}

@ObjectType({ description: 'Whether the password was set: it was if `errors` is empty.' })
export class SetPasswordPayload extends Payload {}

@ObjectType({ description: 'The workspace as it is after the call.' })
export class UpdateWorkspacePayload extends Payload {
  @Field(() => Workspace, { nullable: true, description: 'The workspace; null when refused.' })
  workspace!: object | null;
}

@ObjectType({ description: 'The agent, no longer active.' })
export class DeactivateAgentPayload extends Payload {
  @Field(() => Agent, { nullable: true, description: 'The agent; null when refused.' })
  agent!: object | null;
}

@ObjectType({ description: "The agent's profile as it is after the call." })
export class SetAvailabilityPayload extends Payload {
  @Field(() => AgentProfile, { nullable: true, description: 'The profile; null when refused.' })
  profile!: object | null;
}

@ObjectType({ description: 'Nothing but whether it was refused. What was ignored was not.' })
export class SetTypingPayload extends Payload {}
