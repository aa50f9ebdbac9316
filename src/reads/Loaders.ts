import DataLoader from 'dataloader';
import type { Viewer } from '../auth/Viewer.js';
import { sharedViewKey } from '../auth/visibility.js';
import type { Database } from '../database/Database.js';
import type { Place } from '../entities/Conversation.js';
import type { Availability } from '../entities/Presence.js';
import { isIdOf } from '../ids.js';
import { actorsByIds, visibleActorsByIds } from './actors.js';
import { aiTurnsByIds } from './aiTurns.js';
import { attachmentsByIds, attachmentsOfEntries } from './attachments.js';
import { type ConversationKey, type ConversationRead, ConversationReads } from './conversations.js';
import { notificationsByIds } from './notifications.js';
import type { PageRequest } from './page.js';
import { availabilitiesByIds } from './presence.js';
import { profileOf } from './profiles.js';
import type {
  ActorRow,
  AiTurnRow,
  AttachmentRow,
  ConversationPieces,
  EntryRow,
  NotificationRow,
  PieceName,
  ProfileRow,
  SnapshotEntryRow,
  SnapshotRow,
  TicketChangeRow,
  TicketCommentRow,
  TicketRow,
  TransferRow,
  TranslationRow,
  WorkspaceRow,
} from './rows.js';
import { intactSnapshots, snapshotEntryPages, snapshotsOf } from './snapshots.js';
import { changePages, commentPages, ticketCommentsByIds, ticketCounts, ticketPages, ticketsByIds } from './tickets.js';
import { type EntryList, type EntryPiece, entryPages, unansweredMessages, visibleEntriesByIds } from './timeline.js';
import { type TransferKey, transferPages, transfersByIds } from './transfers.js';
import type { Translations, TranslationWish } from './translations.js';
import { workspaceOf } from './workspaces.js';

type ById<Row> = DataLoader<string, Row | null>;

/**
 * What a page could not know beforehand, fetched for all that ask at once. Made anew for every operation and every event
 * of a stream: nothing that one viewer was shown is kept for another, or for later.
 */
export class Loaders {
  readonly conversations: ConversationReads;
  readonly conversation: ById<ConversationRead>;
  readonly entry: ById<EntryRow>;
  readonly aiTurn: ById<AiTurnRow>;
  /** whoever may be seen from where the id was found */
  readonly actor: ById<ActorRow>;
  /** only those whom the viewer may look up by id */
  readonly visibleActor: ById<ActorRow>;
  readonly transfer: ById<TransferRow>;
  readonly ticket: ById<TicketRow>;
  readonly ticketComment: ById<TicketCommentRow>;
  readonly attachment: ById<AttachmentRow>;
  /** of an entry */
  readonly attachments: DataLoader<string, AttachmentRow[]>;
  readonly notification: ById<NotificationRow>;
  readonly unanswered: DataLoader<AiTurnRow, EntryRow[], string>;
  readonly translation: DataLoader<TranslationWish, TranslationRow, string>;
  private readonly keyed = new Map<string, DataLoader<string, unknown>>();
  private ownWorkspace: Promise<WorkspaceRow> | undefined;
  private ownProfile: Promise<ProfileRow> | undefined;

  constructor(
    private readonly database: Database,
    private readonly viewer: Viewer,
    private readonly now: Date,
    translations: Translations,
  ) {
    this.conversations = new ConversationReads(database, viewer, now);
    this.conversation = byId(['conv'], (ids) => this.conversations.byIds(ids));
    this.entry = byId(['msg', 'whis', 'evt'], (ids) => visibleEntriesByIds(database, viewer, ids));
    this.aiTurn = byId(['turn'], (ids) => aiTurnsByIds(database, viewer, ids));
    this.actor = byId(null, (ids) => actorsByIds(database, viewer.workspaceId, ids));
    this.visibleActor = byId(['agent', 'cust', 'ai', 'int', 'sys'], (ids) => visibleActorsByIds(database, viewer, ids));
    this.transfer = byId(['xfer'], (ids) => transfersByIds(database, viewer, now, ids));
    this.ticket = byId(['tkt'], (ids) => ticketsByIds(database, viewer, ids));
    this.ticketComment = byId(['tcom'], (ids) => ticketCommentsByIds(database, viewer, ids));
    this.notification = byId(['ntf'], (ids) => notificationsByIds(database, viewer, ids));
    this.attachment = byId(['att'], (ids) => attachmentsByIds(database, viewer, ids));
    this.attachments = new DataLoader(async (entryIds) => {
      const files = await attachmentsOfEntries(database, viewer, entryIds);
      return entryIds.map((id) => files.get(id)!);
    });
    this.unanswered = new DataLoader(
      async (turns) => {
        const messages = await unansweredMessages(database, turns);
        return turns.map(({ conversationId, afterPosition, upToPosition }) =>
          messages.filter(
            (message) =>
              message.conversationId === conversationId &&
              message.position > afterPosition &&
              message.position <= upToPosition,
          ),
        );
      },
      { cacheKeyFn: ({ id }) => id },
    );
    this.translation = new DataLoader((wishes) => translations.of(viewer, wishes, () => this.workspace), {
      cacheKeyFn: ({ entry, to }) => `${entry.id} ${to}`,
    });
  }

  get workspace(): Promise<WorkspaceRow> {
    this.ownWorkspace ??= workspaceOf(this.database, this.viewer);
    return this.ownWorkspace;
  }

  availability(agentId: string): Promise<Availability> {
    return this.batched('availability', (ids) => availabilitiesByIds(this.database, ids, this.now)).load(agentId);
  }

  /** The viewer's own, who is an agent. */
  get profile(): Promise<ProfileRow> {
    this.ownProfile ??= profileOf(this.database, this.viewer);
    return this.ownProfile;
  }

  /** A piece that the row's page brought, or else of all rows that miss it. */
  async piece<Name extends PieceName>(row: ConversationRead, name: Name): Promise<ConversationPieces[Name]> {
    if (row[name] !== undefined) return row[name] as ConversationPieces[Name];
    const loader = this.batched(`piece ${name}`, (ids) => this.conversations.pieceByIds(name, ids));
    return (await loader.load(row.id)) as ConversationPieces[Name];
  }

  /** A page of one conversation, fetched with the same page of all others that ask for it. */
  entryPage(
    conversationId: string,
    list: EntryList,
    page: PageRequest<Place>,
    wanted: ReadonlySet<EntryPiece>,
  ): Promise<EntryRow[]> {
    const key = JSON.stringify([list, page, [...wanted], sharedViewKey(this.viewer)]);
    return this.batched(key, (ids) => entryPages(this.database, this.viewer, list, page, wanted, ids)).load(
      conversationId,
    );
  }

  customerPage(
    customerId: string,
    page: PageRequest<ConversationKey>,
    wanted: ReadonlySet<PieceName>,
  ): Promise<ConversationRead[]> {
    const key = JSON.stringify(['customer', page, [...wanted]]);
    return this.batched(key, (ids) => this.conversations.pagesOfCustomers(ids, page, wanted)).load(customerId);
  }

  /** A page of the offers of one conversation, fetched with those of all others that ask for it. */
  transferPage(conversationId: string, page: PageRequest<TransferKey>): Promise<TransferRow[]> {
    const key = JSON.stringify(['transfers', page]);
    const fetch = (ids: readonly string[]) => transferPages(this.database, this.viewer, this.now, page, ids);
    return this.batched(key, fetch).load(conversationId);
  }

  /** A page of the tickets of one conversation, fetched with those of all others that ask for it. */
  ticketPage(conversationId: string, page: PageRequest<number>): Promise<TicketRow[]> {
    const key = JSON.stringify(['tickets', page]);
    return this.batched(key, (ids) => ticketPages(this.database, this.viewer, page, ids)).load(conversationId);
  }

  ticketCount(conversationId: string): Promise<number> {
    return this.batched('ticket count', (ids) => ticketCounts(this.database, this.viewer, ids)).load(conversationId);
  }

  commentPage(ticketId: string, page: PageRequest<number>): Promise<TicketCommentRow[]> {
    const key = JSON.stringify(['comments', page]);
    return this.batched(key, (ids) => commentPages(this.database, page, ids)).load(ticketId);
  }

  changePage(ticketId: string, page: PageRequest<number>): Promise<TicketChangeRow[]> {
    const key = JSON.stringify(['changes', page]);
    return this.batched(key, (ids) => changePages(this.database, page, ids)).load(ticketId);
  }

  snapshot(ticketId: string): Promise<SnapshotRow> {
    const fetch = async (ids: readonly string[]) => {
      const snapshots = await snapshotsOf(this.database, this.viewer, ids);
      return new Map(snapshots.map((snapshot) => [snapshot.ticketId, snapshot]));
    };
    return this.batched('snapshot', fetch).load(ticketId);
  }

  snapshotEntryPage(ticketId: string, page: PageRequest<number>): Promise<SnapshotEntryRow[]> {
    const key = JSON.stringify(['snapshot entries', page]);
    return this.batched(key, (ids) => snapshotEntryPages(this.database, this.viewer, page, ids)).load(ticketId);
  }

  isIntact(ticketId: string): Promise<boolean> {
    return this.batched('intact', (ids) => intactSnapshots(this.database, this.viewer, ids)).load(ticketId);
  }

  private batched<Row>(
    key: string,
    fetch: (ids: readonly string[]) => Promise<Map<string, Row>>,
  ): DataLoader<string, Row> {
    let loader = this.keyed.get(key);
    if (!loader) {
      loader = new DataLoader<string, unknown>(async (ids) => {
        const rows = await fetch(ids);
        return ids.map((id) => rows.get(id));
      });
      this.keyed.set(key, loader);
    }
    return loader as DataLoader<string, Row>;
  }
}

/** An id that is malformed, or of something else, is of nothing: it never reaches SQL. */
function byId<Row extends { id: string }>(
  kinds: Parameters<typeof isIdOf>[1][] | null,
  fetch: (ids: string[]) => Promise<Row[]>,
): ById<Row> {
  return new DataLoader(async (ids) => {
    const wellFormed = kinds === null ? [...ids] : ids.filter((id) => isIdOf(id, ...kinds));
    const rows = wellFormed.length === 0 ? [] : await fetch(wellFormed);
    const found = new Map(rows.map((row) => [row.id, row]));
    return ids.map((id) => found.get(id) ?? null);
  });
}
