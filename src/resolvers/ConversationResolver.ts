import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Args, Ctx, FieldResolver, Info, Resolver, Root } from 'type-graphql';
import { type AbilityName, abilities, refusalOf } from '../auth/policies.js';
import { mayEver } from '../auth/roles.js';
import { forbidden } from '../errors.js';
import type { ConversationRead } from '../reads/conversations.js';
import { ticketCursor, ticketOfCursor, transferCursor, transferOfCursor } from '../reads/cursors.js';
import { connection, pageRequest } from '../reads/page.js';
import type { ParticipantRow } from '../reads/rows.js';
import { ConnectionArgs } from '../schema/connections.js';
import { Conversation, Participant } from '../schema/conversation.js';
import { TranscriptAudience, TranscriptFormat } from '../schema/enums.js';
import { UrlScalar } from '../schema/scalars.js';
import { TicketConnection } from '../schema/ticket.js';
import { Message, MessageConnection, TimelineConnection, WhisperConnection } from '../schema/timeline.js';
import { Transfer, TransferConnection } from '../schema/transfer.js';
import { Context } from './Context.js';
import { entryConnection } from './entryConnection.js';

@Resolver(() => Conversation)
export class ConversationResolver {
  @FieldResolver()
  customer(@Root() conversation: ConversationRead, @Ctx() { loaders }: Context): Promise<object> {
    return loaders.piece(conversation, 'customer');
  }

  @FieldResolver()
  assignee(@Root() conversation: ConversationRead, @Ctx() { loaders }: Context): object | null {
    return conversation.assigneeId === null ? null : loaders.piece(conversation, 'assignee');
  }

  @FieldResolver()
  aiAgent(@Root() conversation: ConversationRead, @Ctx() { loaders }: Context): object | null {
    return conversation.aiAgentId === null ? null : loaders.piece(conversation, 'aiAgent');
  }

  @FieldResolver(() => Message, { nullable: true, description: 'The last message; whispers and events never count.' })
  lastMessage(@Root() conversation: ConversationRead, @Ctx() { loaders }: Context): object | null {
    return conversation.lastMessageId === null ? null : loaders.piece(conversation, 'lastMessage');
  }

  @FieldResolver(() => MessageConnection, { description: 'The messages, oldest first.' })
  messages(
    @Root() { id }: ConversationRead,
    @Args(() => ConnectionArgs) args: ConnectionArgs,
    @Ctx() context: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<object> {
    return entryConnection(context, id, 'messages', args, info);
  }

  @FieldResolver(() => TimelineConnection, {
    description: 'Everything that the viewer may see, oldest first: messages and events, for the team whispers too.',
  })
  timeline(
    @Root() { id }: ConversationRead,
    @Args(() => ConnectionArgs) args: ConnectionArgs,
    @Ctx() context: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<object> {
    return entryConnection(context, id, 'timeline', args, info);
  }

  @FieldResolver(() => WhisperConnection, {
    nullable: true,
    description: "The whispers, oldest first, and the viewer's own notes. Team only.",
  })
  whispers(
    @Root() { id }: ConversationRead,
    @Args(() => ConnectionArgs) args: ConnectionArgs,
    @Ctx() context: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<object> {
    return entryConnection(context, id, 'whispers', args, info);
  }

  @FieldResolver()
  participants(@Root() conversation: ConversationRead, @Ctx() { loaders }: Context): Promise<object[]> {
    return loaders.piece(conversation, 'participants');
  }

  @FieldResolver()
  url(@Root() { id }: ConversationRead, @Ctx() { parts }: Context): string {
    return parts.links.conversation(id);
  }

  @FieldResolver(() => UrlScalar, {
    nullable: true,
    description:
      'Where to fetch the conversation as a file, as it is then. Signed for this viewer, good for 15 to 30 minutes.',
  })
  transcript(
    @Root() { id }: ConversationRead,
    @Arg('format', () => TranscriptFormat, { defaultValue: 'TEXT', description: 'For people, or for programs.' })
    format: 'TEXT' | 'JSON',
    @Arg('audience', () => TranscriptAudience, {
      defaultValue: 'EVERYONE',
      description: 'Whose view. TEAM is FORBIDDEN to those who may not read what the team writes.',
    })
    audience: 'EVERYONE' | 'TEAM',
    @Ctx() { parts, caller }: Context,
  ): string {
    if (audience === 'TEAM' && !mayEver(caller, 'readTeamEntries')) throw forbidden();
    return parts.fileLinks.transcript(caller, { conversationId: id, format, audience });
  }

  @FieldResolver()
  async needsHuman(@Root() conversation: ConversationRead, @Ctx() { loaders }: Context): Promise<object | null> {
    const { needsHumanSince: since, needsHumanReason: reason } = conversation;
    const by = since && (await loaders.piece(conversation, 'needsHumanByActor'));
    // Where the row came without it, somebody may have come in between.
    return by && { since, reason, by };
  }

  @FieldResolver(() => Transfer, {
    nullable: true,
    description: 'The offer of it that waits for an answer; at most one. Team only.',
  })
  pendingTransfer(@Root() conversation: ConversationRead, @Ctx() { loaders }: Context): Promise<object | null> {
    return loaders.piece(conversation, 'pendingTransfer');
  }

  @FieldResolver(() => TransferConnection, {
    nullable: true,
    description: 'All offers of it, oldest first. Team only.',
  })
  async transfers(
    @Root() { id }: ConversationRead,
    @Args(() => ConnectionArgs) args: ConnectionArgs,
    @Ctx() { loaders }: Context,
  ): Promise<object> {
    const request = pageRequest(args, transferOfCursor);
    return connection(await loaders.transferPage(id, request), request, transferCursor);
  }

  @FieldResolver(() => TicketConnection, {
    nullable: true,
    description: 'The tickets that were made of it, latest first. Team only.',
  })
  async tickets(
    @Root() { id }: ConversationRead,
    @Args(() => ConnectionArgs) args: ConnectionArgs,
    @Ctx() { loaders }: Context,
  ): Promise<object> {
    const request = pageRequest(args, ticketOfCursor);
    const tickets = connection(await loaders.ticketPage(id, request), request, ticketCursor);
    return {
      ...tickets,
      get totalCount() {
        return loaders.ticketCount(id);
      },
    };
  }

  @FieldResolver()
  unreadCount(@Root() conversation: ConversationRead, @Ctx() { loaders }: Context): Promise<number> {
    return loaders.piece(conversation, 'unreadCount');
  }

  @FieldResolver()
  async viewerCan(@Root() conversation: ConversationRead, @Ctx() { loaders, caller }: Context): Promise<object> {
    const situation = await loaders.piece(conversation, 'situation');
    const names = Object.keys(abilities) as AbilityName[];
    const refusals = names.map((name) => [name, refusalOf(name, situation, caller)] as const);
    return Object.fromEntries(refusals.map(([name, refusal]) => [name, { allowed: refusal === null, refusal }]));
  }
}

@Resolver(() => Participant)
export class ParticipantResolver {
  @FieldResolver()
  joinedAt(@Root() { joinedAt }: ParticipantRow): Date {
    return new Date(joinedAt);
  }

  @FieldResolver()
  lastReadAt(@Root() { lastReadAt }: ParticipantRow): Date | null {
    return lastReadAt === null ? null : new Date(lastReadAt);
  }
}
