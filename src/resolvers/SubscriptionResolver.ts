import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Ctx, ID, Info, Resolver, Root, type SubscribeResolverData, Subscription } from 'type-graphql';
import type { EntryType } from '../entities/Entry.js';
import type { InboxStep } from '../live/Streams.js';
import type { ConversationFilter as Filter } from '../reads/conversationFilter.js';
import { entryCursor, notificationCursor } from '../reads/cursors.js';
import type { AiTurnRow, EntryRow, NotificationRow } from '../reads/rows.js';
import { AiTurn } from '../schema/aiTurn.js';
import { Conversation, ConversationFilter } from '../schema/conversation.js';
import { InboxUpdate } from '../schema/inbox.js';
import { NotificationEdge } from '../schema/notification.js';
import { MessageEdge, TimelineEdge, WhisperEdge } from '../schema/timeline.js';
import { Context } from './Context.js';
import { selectedPieces } from './conversationPieces.js';

type Asked<Arguments> = SubscribeResolverData<unknown, Arguments, Context>;
type FromPlace = { conversationId: string; after?: string | null };

const entriesOf =
  (deed: 'followTimeline' | 'followWhispers', types: readonly EntryType[]) =>
  ({ context, args }: Asked<FromPlace>) =>
    context.parts.streams.entries(context.caller, deed, args.conversationId, args.after ?? null, types);

const edge = ({ caller }: Context, entry: EntryRow) => ({ cursor: entryCursor(caller, entry), node: entry });

const idDescription = { description: 'Which conversation. NOT_FOUND if it is not there or not visible.' };
const afterDescription = {
  nullable: true,
  description:
    'The endCursor of the page you have, or the cursor of the last edge you got: what came since is sent first. "" is ' +
    'before the first entry. Without it the stream begins now.',
};

@Resolver()
export class SubscriptionResolver {
  @Subscription(() => TimelineEdge, {
    description: 'Every entry that the viewer may see, each once and in order, from a cursor on and then live.',
    subscribe: entriesOf('followTimeline', ['MESSAGE', 'WHISPER', 'EVENT']),
  })
  timelineItemAdded(
    @Arg('conversationId', () => ID, idDescription) _conversationId: string,
    @Arg('after', () => String, afterDescription) _after: string | null,
    @Root() entry: EntryRow,
    @Ctx() context: Context,
  ): object {
    return edge(context, entry);
  }

  @Subscription(() => MessageEdge, {
    description: 'Every message, each once and in order, from a cursor on and then live.',
    subscribe: entriesOf('followTimeline', ['MESSAGE']),
  })
  messageAdded(
    @Arg('conversationId', () => ID, idDescription) _conversationId: string,
    @Arg('after', () => String, afterDescription) _after: string | null,
    @Root() entry: EntryRow,
    @Ctx() context: Context,
  ): object {
    return edge(context, entry);
  }

  @Subscription(() => WhisperEdge, {
    description:
      "Every whisper and the viewer's own notes, each once and in order, from a cursor on and then live. Team only.",
    subscribe: entriesOf('followWhispers', ['WHISPER']),
  })
  whisperAdded(
    @Arg('conversationId', () => ID, idDescription) _conversationId: string,
    @Arg('after', () => String, afterDescription) _after: string | null,
    @Root() entry: EntryRow,
    @Ctx() context: Context,
  ): object {
    return edge(context, entry);
  }

  @Subscription(() => Conversation, {
    description: 'The conversation as it is now, and again whenever something has changed that the viewer may read.',
    subscribe: ({ context, args }: Asked<{ conversationId: string }>) =>
      context.parts.streams.conversation(context.caller, 'followTimeline', args.conversationId),
  })
  async conversationUpdated(
    @Arg('conversationId', () => ID, idDescription) _conversationId: string,
    @Root() id: string,
    @Ctx() { loaders }: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<object | null> {
    // In one statement, so that it is the state of one moment.
    const [conversation] = await loaders.conversations.byIds([id], selectedPieces(info));
    return conversation ?? null;
  }

  @Subscription(() => InboxUpdate, {
    description:
      'READY first: then fetch the page. After it, each conversation of the workspace that changes. Team only.',
    subscribe: ({ context, args }: Asked<{ filter?: Filter | null }>) =>
      context.parts.streams.inbox(context.caller, 'followInbox', args.filter ?? null),
  })
  async inboxUpdated(
    @Arg('filter', () => ConversationFilter, { nullable: true, description: 'Which conversations the screen shows.' })
    _filter: ConversationFilter | null,
    @Root() step: InboxStep,
    @Ctx() { loaders }: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<object> {
    if (step.kind === 'READY') return { kind: step.kind, conversation: null };
    const wanted = selectedPieces(info, 'conversation');
    const [conversation] = await loaders.conversations.byIds([step.conversationId], wanted);
    return { kind: step.kind, conversation: conversation ?? null };
  }

  @Subscription(() => NotificationEdge, {
    description:
      "The viewer's notifications, each once and in order, from a cursor on and then live. Nobody else's. Agents.",
    subscribe: ({ context, args }: Asked<{ after?: string | null }>) =>
      context.parts.streams.notifications(context.caller, 'followNotifications', args.after ?? null),
  })
  notificationAdded(
    @Arg('after', () => String, afterDescription) _after: string | null,
    @Root() notification: NotificationRow,
  ): object {
    return { cursor: notificationCursor(notification), node: notification };
  }

  @Subscription(() => AiTurn, {
    description: 'The answers that this AI agent owes: those still open at once, then each one that opens. AI agents.',
    subscribe: ({ context }: Asked<object>) => context.parts.streams.aiTurns(context.caller, 'followAiTurns'),
  })
  aiTurnOpened(@Root() turn: AiTurnRow): object {
    return turn;
  }
}
