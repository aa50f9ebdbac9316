import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Args, Ctx, Info, Int, Query, Resolver } from 'type-graphql';
import { isIdOf } from '../ids.js';
import { ticketCursor, ticketOfCursor } from '../reads/cursors.js';
import { connection, pageRequest } from '../reads/page.js';
import { countTickets, matchesTicketFilter, ticketByNumber, ticketsPage } from '../reads/tickets.js';
import { ConnectionArgs } from '../schema/connections.js';
import { Conversation } from '../schema/conversation.js';
import { UrlScalar } from '../schema/scalars.js';
import { Ticket, TicketConnection, TicketFilter } from '../schema/ticket.js';
import { Context } from './Context.js';
import { selectedPieces } from './conversationPieces.js';

/** What colleagues name to one another: a ticket by its number, a conversation by its link. */
@Resolver()
export class TicketQueries {
  @Query(() => Ticket, {
    nullable: true,
    description: 'The ticket of the workspace with this number; null if there is none. Team only.',
  })
  ticket(
    @Arg('number', () => Int, { description: 'As people call it: 1, 2, 3.' }) number: number,
    @Ctx() { parts, caller }: Context,
  ): Promise<object | null> {
    return ticketByNumber(parts.world.database, caller, number);
  }

  @Query(() => TicketConnection, {
    nullable: true,
    description: 'The tickets of the workspace, latest first. Team only.',
  })
  async tickets(
    @Args(() => ConnectionArgs) args: ConnectionArgs,
    @Arg('filter', () => TicketFilter, { nullable: true, description: 'Only those that match.' })
    filter: TicketFilter | null,
    @Ctx() { parts, caller }: Context,
  ): Promise<object> {
    const request = pageRequest(args, ticketOfCursor);
    const { database } = parts.world;
    const matches = matchesTicketFilter(filter);
    const tickets = connection(await ticketsPage(database, caller, matches, request), request, ticketCursor);
    return {
      ...tickets,
      get totalCount() {
        return countTickets(database, caller, matches);
      },
    };
  }

  @Query(() => Conversation, {
    nullable: true,
    description:
      'The conversation that a pasted link leads to, in the configured form or Parley’s own; query, fragment and ' +
      'trailing slash do not count. null for any other, and for what is not visible.',
  })
  async conversationByUrl(
    @Arg('url', () => UrlScalar, { description: 'What somebody copied.' }) url: URL,
    @Ctx() { parts, loaders }: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<object | null> {
    const id = parts.links.conversationIdIn(url);
    if (id === null || !isIdOf(id, 'conv')) return null;
    const [conversation] = await loaders.conversations.byIds([id], selectedPieces(info));
    return conversation ?? null;
  }
}
