import { Arg, Ctx, Mutation, Resolver } from 'type-graphql';
import type { Outcome } from '../actions/once.js';
import { addTicketComment } from '../actions/tickets/addTicketComment.js';
import { createTicket } from '../actions/tickets/createTicket.js';
import { updateTicket } from '../actions/tickets/updateTicket.js';
import {
  AddTicketCommentInput,
  AddTicketCommentPayload,
  CreateTicketInput,
  CreateTicketPayload,
  UpdateTicketInput,
  UpdateTicketPayload,
} from '../schema/ticketMutations.js';
import { Context } from './Context.js';
import { inputDescription } from './inputDescription.js';
import { settle } from './settle.js';

@Resolver()
export class TicketMutations {
  @Mutation(() => CreateTicketPayload, {
    description:
      'Makes a ticket with the next number of the workspace and a snapshot of the conversation as it is at that moment. ' +
      'Several of one conversation are fine. Agents, and integrations with TICKETS_WRITE.',
  })
  createTicket(@Arg('input', inputDescription) input: CreateTicketInput, @Ctx() context: Context): Promise<object> {
    return settle(context, () => createTicket(context.parts.world, context.caller, input), ticketOf(context));
  }

  @Mutation(() => UpdateTicketPayload, {
    description:
      'Changes what is given; each field that differs becomes one line of its history. The conversation’s timeline ' +
      'stays as it is. Agents, and integrations with TICKETS_WRITE.',
  })
  updateTicket(@Arg('input', inputDescription) input: UpdateTicketInput, @Ctx() context: Context): Promise<object> {
    return settle(context, () => updateTicket(context.parts.world, context.caller, input), ticketOf(context));
  }

  @Mutation(() => AddTicketCommentPayload, {
    description: 'Writes below a ticket, whatever its status. Agents, and integrations with TICKETS_WRITE.',
  })
  addTicketComment(
    @Arg('input', inputDescription) input: AddTicketCommentInput,
    @Ctx() context: Context,
  ): Promise<object> {
    return settle(
      context,
      () => addTicketComment(context.parts.world, context.caller, input),
      ({ subjectId }: Outcome) => ({
        get comment() {
          return context.loaders.ticketComment.load(subjectId!);
        },
      }),
    );
  }
}

/** The ticket as the subject of a payload. */
const ticketOf =
  (context: Context) =>
  ({ subjectId }: Outcome) => ({
    get ticket() {
      return context.loaders.ticket.load(subjectId!);
    },
  });
