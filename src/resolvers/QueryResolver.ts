import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Args, Ctx, ID, Info, Query, Resolver } from 'type-graphql';
import type { Availability as AvailabilityValue } from '../entities/Presence.js';
import { badUserInput } from '../errors.js';
import { idOfProfile, isIdOf, kindOfId } from '../ids.js';
import { agentsPage } from '../reads/actors.js';
import { matchesFilter } from '../reads/conversationFilter.js';
import {
  agentCursor,
  agentOfCursor,
  conversationCursor,
  conversationOfCursor,
  notificationCursor,
  notificationOfCursor,
} from '../reads/cursors.js';
import { notificationsPage } from '../reads/notifications.js';
import { connection, maxPageSize, pageRequest } from '../reads/page.js';
import { AgentConnection } from '../schema/agents.js';
import { ConnectionArgs } from '../schema/connections.js';
import { Conversation, ConversationConnection, ConversationFilter } from '../schema/conversation.js';
import { Availability } from '../schema/enums.js';
import { Node } from '../schema/Node.js';
import { NotificationConnection } from '../schema/notification.js';
import { Viewer } from '../schema/workspace.js';
import { Context } from './Context.js';
import { selectedPieces } from './conversationPieces.js';

@Resolver()
export class QueryResolver {
  @Query(() => Viewer, { description: 'Who is calling.' })
  viewer(@Ctx() { caller }: Context): object {
    return { actorId: caller.id };
  }

  @Query(() => Node, {
    nullable: true,
    description: 'Anything with an id; null for what is not there and for what the viewer may not see, alike.',
  })
  node(@Arg('id', () => ID, { description: 'Any id.' }) id: string, @Ctx() context: Context): object | null {
    return nodeById(context, id);
  }

  @Query(() => [Node], {
    nullable: 'items',
    description: 'Up to 100 things by their ids, in that order, with null like `node`.',
  })
  nodes(
    @Arg('ids', () => [ID], { description: 'Any ids.' }) ids: string[],
    @Ctx() context: Context,
  ): (object | null)[] {
    if (ids.length > maxPageSize) throw badUserInput(`nodes takes at most ${maxPageSize} ids.`);
    return ids.map((id) => nodeById(context, id));
  }

  @Query(() => Conversation, {
    nullable: true,
    description: 'One conversation; null if it is not there or not visible.',
  })
  async conversation(
    @Arg('id', () => ID, { description: 'Its id; one of anything else finds nothing.' }) id: string,
    @Ctx() { loaders }: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<object | null> {
    if (!isIdOf(id, 'conv')) return null;
    const [conversation] = await loaders.conversations.byIds([id], selectedPieces(info));
    return conversation ?? null;
  }

  @Query(() => ConversationConnection, {
    description: "By `updatedAt`, latest first: the workspace's, a customer's own, an AI agent's own.",
  })
  async conversations(
    @Args(() => ConnectionArgs) args: ConnectionArgs,
    @Arg('filter', () => ConversationFilter, { nullable: true, description: 'Only those that match.' })
    filter: ConversationFilter | null,
    @Ctx() { loaders, caller }: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<object> {
    const request = pageRequest(args, conversationOfCursor);
    const wanted = selectedPieces(info, 'edges', 'node');
    const rows = await loaders.conversations.page(matchesFilter(caller, filter), request, wanted);
    return connection(rows, request, conversationCursor);
  }

  @Query(() => AgentConnection, {
    nullable: true,
    description: 'The active agents of the workspace, by name. Team only.',
  })
  async agents(
    @Args(() => ConnectionArgs) args: ConnectionArgs,
    @Arg('availability', () => Availability, { nullable: true, description: 'Only those who are this now.' })
    availability: AvailabilityValue | null,
    @Ctx() { parts, caller }: Context,
  ): Promise<object> {
    const request = pageRequest(args, agentOfCursor);
    const { database, clock } = parts.world;
    const available = availability && { as: availability, at: clock.now() };
    const rows = await agentsPage(database, caller, request, available);
    return connection(rows, request, agentCursor);
  }

  @Query(() => NotificationConnection, {
    description: "The viewer's own notifications, oldest first: `last` gives the latest. Empty unless an agent.",
  })
  async notifications(
    @Args(() => ConnectionArgs) args: ConnectionArgs,
    @Arg('unreadOnly', () => Boolean, { nullable: true, description: 'Only those not marked as read.' })
    unreadOnly: boolean | null,
    @Ctx() { parts, caller }: Context,
  ): Promise<object> {
    const request = pageRequest(args, (cursor) => notificationOfCursor(caller.id, cursor));
    const rows = await notificationsPage(parts.world.database, caller, request, unreadOnly ?? false);
    return connection(rows, request, notificationCursor);
  }
}

function nodeById({ loaders, caller }: Context, id: string): object | null {
  switch (kindOfId(id)) {
    case 'conv':
      return loaders.conversation.load(id);
    case 'msg':
    case 'whis':
    case 'evt':
      return loaders.entry.load(id);
    case 'agent':
    case 'cust':
    case 'ai':
    case 'int':
    case 'sys':
      return loaders.visibleActor.load(id);
    case 'xfer':
      return loaders.transfer.load(id);
    case 'tkt':
      return loaders.ticket.load(id);
    case 'tcom':
      return loaders.ticketComment.load(id);
    case 'att':
      return loaders.attachment.load(id);
    case 'ntf':
      return loaders.notification.load(id);
    case 'turn':
      return loaders.aiTurn.load(id);
    case 'prof':
      return id === idOfProfile(caller.id) ? loaders.profile : null;
    case 'ws':
      return id === caller.workspaceId ? loaders.workspace : null;
    default:
      return null;
  }
}
