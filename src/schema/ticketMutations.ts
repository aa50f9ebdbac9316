import { Field, ID, InputType, ObjectType } from 'type-graphql';
import type { Priority as PriorityValue } from '../entities/Conversation.js';
import type { TicketStatus as TicketStatusValue } from '../entities/Ticket.js';
import { keyDescription, OnConversation } from './conversationInputs.js';
import { Priority, TicketStatus } from './enums.js';
import { Payload, TimelinePayload } from './payloads.js';
import { UUID } from './scalars.js';
import { Ticket, TicketComment } from './ticket.js';

const subjectDescription = 'null when refused, and for an integration that may write but not read.';

@InputType({ description: 'Make a ticket of a conversation, whatever its status.' })
export class CreateTicketInput extends OnConversation {
  @Field({ description: 'What it is about, 1 to 200 code points.' })
  title!: string;

  @Field(() => String, { nullable: true, description: 'What is to be done, up to 10,000 code points.' })
  description?: string | null;

  @Field(() => Priority, { nullable: true, defaultValue: 'NORMAL', description: 'How urgent it is.' })
  priority?: PriorityValue | null;

  @Field(() => ID, { nullable: true, description: 'An active agent who is to answer for it, and is told.' })
  assigneeId?: string | null;
}

@InputType()
abstract class OnTicket {
  @Field(() => ID, { description: 'Which ticket; NOT_FOUND if it is not there or not visible.' })
  ticketId!: string;

  @Field(() => UUID, { nullable: true, description: keyDescription })
  idempotencyKey?: string | null;
}

@InputType({ description: 'What is not given stays as it is.' })
export class UpdateTicketInput extends OnTicket {
  @Field(() => String, { nullable: true, description: 'A new one, 1 to 200 code points.' })
  title?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'A new one, up to 10,000 code points; null or blank removes it.',
  })
  description?: string | null;

  @Field(() => TicketStatus, { nullable: true, description: 'A new one; any may follow any.' })
  status?: TicketStatusValue | null;

  @Field(() => Priority, { nullable: true, description: 'A new one.' })
  priority?: PriorityValue | null;

  @Field(() => ID, {
    nullable: true,
    description: 'An active agent who is to answer for it from now on, and is told; null: nobody.',
  })
  assigneeId?: string | null;
}

@InputType({ description: 'Write below a ticket.' })
export class AddTicketCommentInput extends OnTicket {
  @Field({ description: 'What to say, 1 to 10,000 code points; stored trimmed.' })
  text!: string;
}

@ObjectType({ description: 'The ticket that was created, and the event that says so.' })
export class CreateTicketPayload extends TimelinePayload {
  @Field(() => Ticket, { nullable: true, description: `The new ticket; ${subjectDescription}` })
  ticket!: object | null;
}

@ObjectType({ description: 'The ticket as it is after the call.' })
export class UpdateTicketPayload extends Payload {
  @Field(() => Ticket, { nullable: true, description: `The ticket; ${subjectDescription}` })
  ticket!: object | null;
}

@ObjectType({ description: 'The comment that was added.' })
export class AddTicketCommentPayload extends Payload {
  @Field(() => TicketComment, { nullable: true, description: `The comment; ${subjectDescription}` })
  comment!: object | null;
}
