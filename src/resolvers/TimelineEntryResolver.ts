import { Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import type { EntryRow } from '../reads/rows.js';
import { ConversationEvent, Message, TimelineEntry, Whisper } from '../schema/timeline.js';
import { Context } from './Context.js';

@Resolver(() => TimelineEntry)
export class TimelineEntryResolver {
  @FieldResolver()
  conversation(@Root() { conversationId }: EntryRow, @Ctx() { loaders }: Context): Promise<object | null> {
    return loaders.conversation.load(conversationId);
  }

  @FieldResolver()
  actor(@Root() entry: EntryRow, @Ctx() { loaders }: Context): object | null {
    return entry.actor ?? loaders.actor.load(entry.actorId);
  }

  @FieldResolver()
  url(@Root() { conversationId, id }: EntryRow, @Ctx() { parts }: Context): string {
    return parts.links.entry(conversationId, id);
  }
}

@Resolver(() => Message)
export class MessageResolver {
  @FieldResolver()
  attachments(@Root() { id, attachments }: EntryRow, @Ctx() { loaders }: Context): object[] | Promise<object[]> {
    return attachments ?? loaders.attachments.load(id);
  }
}

@Resolver(() => Whisper)
export class WhisperResolver {
  @FieldResolver()
  attachments(@Root() { id, attachments }: EntryRow, @Ctx() { loaders }: Context): object[] | Promise<object[]> {
    return attachments ?? loaders.attachments.load(id);
  }

  @FieldResolver()
  mentions(@Root() { mentionIds }: EntryRow, @Ctx() { loaders }: Context): Promise<unknown> {
    return loaders.actor.loadMany(mentionIds);
  }
}

@Resolver(() => ConversationEvent)
export class ConversationEventResolver {
  @FieldResolver()
  kind(@Root() { eventKind }: EntryRow): string {
    return eventKind!;
  }

  @FieldResolver()
  transfer(@Root() { transferId }: EntryRow, @Ctx() { loaders }: Context): object | null {
    return transferId === null ? null : loaders.transfer.load(transferId);
  }

  @FieldResolver()
  ticket(@Root() { ticketId }: EntryRow, @Ctx() { loaders }: Context): object | null {
    return ticketId === null ? null : loaders.ticket.load(ticketId);
  }

  @FieldResolver()
  agent(@Root() entry: EntryRow, @Ctx() { loaders }: Context): object | null {
    return entry.agentId === null ? null : (entry.agent ?? loaders.actor.load(entry.agentId));
  }
}
