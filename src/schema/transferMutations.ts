import { Field, ID, InputType, ObjectType } from 'type-graphql';
import type { Availability as AvailabilityValue } from '../entities/Presence.js';
import { Conversation } from './conversation.js';
import { keyDescription, OnConversation } from './conversationInputs.js';
import { Availability } from './enums.js';
import { TimelinePayload } from './payloads.js';
import { UUID } from './scalars.js';
import { Transfer } from './transfer.js';

@InputType({ description: 'Whom to offer a conversation to.' })
export class TransferConversationInput extends OnConversation {
  @Field(() => ID, { description: 'An active agent of the workspace other than the assignee; offline is allowed.' })
  toAgentId!: string;

  @Field(() => String, {
    nullable: true,
    description: 'What they should know, up to 2,000 code points. Only the team sees it.',
  })
  note?: string | null;

  @Field(() => Boolean, {
    nullable: true,
    defaultValue: false,
    description: 'Whether the present assignee leaves the conversation when it is accepted.',
  })
  leaveOnAccept?: boolean | null;
}

@InputType()
abstract class OnTransfer {
  @Field(() => ID, { description: 'Which offer; NOT_FOUND if it is not there or not visible.' })
  transferId!: string;

  @Field(() => UUID, { nullable: true, description: keyDescription })
  idempotencyKey?: string | null;
}

@InputType({ description: 'Which offer you take.' })
export class AcceptTransferInput extends OnTransfer {}

@InputType({ description: 'Which offer you do not take.' })
export class DeclineTransferInput extends OnTransfer {
  @Field(() => String, { nullable: true, description: 'Why not, up to 500 code points; the giver is shown it.' })
  reason?: string | null;
}

@InputType({ description: 'Which offer to take back.' })
export class CancelTransferInput extends OnTransfer {}

@ObjectType()
abstract class TransferPayload extends TimelinePayload {
  @Field(() => Transfer, { nullable: true, description: 'The offer as it is after the call; null when refused.' })
  transfer!: object | null;

  @Field(() => Conversation, { nullable: true, description: 'The conversation that is offered; null when refused.' })
  conversation!: object | null;
}

@ObjectType({ description: 'The offer that was made.' })
export class TransferConversationPayload extends TransferPayload {
  @Field(() => Availability, {
    nullable: true,
    description: 'Whether the target is there now: one who is OFFLINE may not answer in time. Null when refused.',
  })
  targetAvailability!: AvailabilityValue | null;
}

@ObjectType({ description: 'The accepted offer, and the conversation with its new assignee.' })
export class AcceptTransferPayload extends TransferPayload {}

@ObjectType({ description: 'The declined offer, and the conversation, which its assignee keeps.' })
export class DeclineTransferPayload extends TransferPayload {}

@ObjectType({ description: 'The cancelled offer, and the conversation, which its assignee keeps.' })
export class CancelTransferPayload extends TransferPayload {}
