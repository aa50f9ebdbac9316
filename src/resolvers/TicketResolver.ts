import { Args, Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import { viewOf } from '../auth/visibility.js';
import { digestOf } from '../entities/SnapshotSeal.js';
import { type TicketList, ticketLineCursor, ticketLineOfCursor } from '../reads/cursors.js';
import { type Connection, connection, type PageArgs, type PageRequest, pageRequest } from '../reads/page.js';
import type { SnapshotEntryRow, SnapshotRow, TicketChangeRow, TicketCommentRow, TicketRow } from '../reads/rows.js';
import { ConnectionArgs } from '../schema/connections.js';
import { Conversation } from '../schema/conversation.js';
import {
  ConversationSnapshot,
  SnapshotEntry,
  SnapshotEntryConnection,
  Ticket,
  TicketChange,
  TicketChangeConnection,
  TicketComment,
  TicketCommentConnection,
} from '../schema/ticket.js';
import { Context } from './Context.js';

@Resolver(() => Ticket)
export class TicketResolver {
  @FieldResolver(() => Conversation, {
    description: 'The conversation that it was made of. For integrations with CONVERSATIONS_READ.',
  })
  conversation(@Root() { conversationId }: TicketRow, @Ctx() { loaders }: Context): Promise<object | null> {
    return loaders.conversation.load(conversationId);
  }

  @FieldResolver()
  createdBy(@Root() { createdById }: TicketRow, @Ctx() { loaders }: Context): Promise<object | null> {
    return loaders.actor.load(createdById);
  }

  @FieldResolver()
  assignee(@Root() { assigneeId }: TicketRow, @Ctx() { loaders }: Context): object | null {
    return assigneeId === null ? null : loaders.actor.load(assigneeId);
  }

  @FieldResolver()
  url(@Root() { conversationId, number }: TicketRow, @Ctx() { parts }: Context): string {
    return parts.links.ticket(conversationId, number);
  }

  @FieldResolver()
  snapshot(@Root() { id }: TicketRow, @Ctx() { loaders }: Context): Promise<object> {
    return loaders.snapshot(id);
  }

  @FieldResolver(() => TicketCommentConnection, { description: 'What was written below it, oldest first.' })
  comments(
    @Root() { id }: TicketRow,
    @Args(() => ConnectionArgs) args: ConnectionArgs,
    @Ctx() { loaders }: Context,
  ): Promise<object> {
    return page('comments', id, args, (request) => loaders.commentPage(id, request));
  }

  @FieldResolver(() => TicketChangeConnection, { description: 'Each change of a field of it, oldest first.' })
  history(
    @Root() { id }: TicketRow,
    @Args(() => ConnectionArgs) args: ConnectionArgs,
    @Ctx() { loaders }: Context,
  ): Promise<object> {
    return page('history', id, args, (request) => loaders.changePage(id, request));
  }
}

@Resolver(() => TicketComment)
export class TicketCommentResolver {
  @FieldResolver()
  author(@Root() { authorId }: TicketCommentRow, @Ctx() { loaders }: Context): Promise<object | null> {
    return loaders.actor.load(authorId);
  }
}

@Resolver(() => TicketChange)
export class TicketChangeResolver {
  @FieldResolver()
  actor(@Root() { actorId }: TicketChangeRow, @Ctx() { loaders }: Context): Promise<object | null> {
    return loaders.actor.load(actorId);
  }
}

@Resolver(() => ConversationSnapshot)
export class ConversationSnapshotResolver {
  @FieldResolver(() => SnapshotEntryConnection, { description: 'What stood in it, oldest first.' })
  async entries(
    @Root() { ticketId, entryCount: totalCount }: SnapshotRow,
    @Args(() => ConnectionArgs) args: ConnectionArgs,
    @Ctx() { loaders, caller }: Context,
  ): Promise<object> {
    const list = `snapshot ${viewOf(caller)}` as const;
    const entries = await page(list, ticketId, args, (request) => loaders.snapshotEntryPage(ticketId, request));
    return { ...entries, totalCount };
  }

  @FieldResolver(() => Boolean, {
    complexity: 50,
    description:
      'Whether what is stored still has the hash `sha256`. Reads all of it anew, however long it is: ask for it where ' +
      'it matters, not in lists. It costs 50 points.',
  })
  intact(@Root() { ticketId }: SnapshotRow, @Ctx() { loaders }: Context): Promise<boolean> {
    return loaders.isIntact(ticketId);
  }
}

@Resolver(() => SnapshotEntry)
export class SnapshotEntryResolver {
  @FieldResolver()
  async attachments(@Root() { attachments }: SnapshotEntryRow, @Ctx() { loaders }: Context): Promise<object[]> {
    const kept = attachments ?? [];
    const living = await Promise.all(kept.map(({ id }) => loaders.attachment.load(id)));
    return kept.map((file, nr) => living[nr] ?? { ...file, imageWidth: null, imageHeight: null });
  }

  @FieldResolver()
  sha256(@Root() entry: SnapshotEntryRow): string {
    return digestOf(entry);
  }
}

async function page<Row extends { ticketId: string; number: number }>(
  list: TicketList,
  ticketId: string,
  args: PageArgs,
  fetch: (request: PageRequest<number>) => Promise<Row[]>,
): Promise<Connection<Row>> {
  const request = pageRequest(args, (cursor) => ticketLineOfCursor(list, ticketId, cursor));
  return connection(await fetch(request), request, (row) => ticketLineCursor(list, row));
}
