import type { EntityManager } from '@mikro-orm/postgresql';
import { type AbilityName, refusalOf, type Situation, type Wish } from '../auth/policies.js';
import type { Viewer } from '../auth/Viewer.js';
import type { Part } from '../auth/visibility.js';
import { AiTurn } from '../entities/AiTurn.js';
import type { Conversation } from '../entities/Conversation.js';
import { type Audience, Entry, type EventKind, eventAudiences } from '../entities/Entry.js';
import { detectLanguage } from '../entities/languages.js';
import { Participant } from '../entities/Participant.js';
import { Transfer } from '../entities/Transfer.js';
import { forbidden, Refusal } from '../errors.js';
import type { Ring } from '../live/Bells.js';
import { type Notice, writeNotifications } from './notifications/notify.js';
import type { Done } from './once.js';
import type { World } from './World.js';

/** One conversation under its lock: what it is now, and the only means to change it. */
export class Scene {
  private readonly entryIds: string[] = [];
  private readonly parts = new Set<Part>();
  private readonly turnsOf = new Set<string>();
  private readonly notices: Notice[] = [];
  private readonly typedBy: Ring[] = [];

  constructor(
    readonly world: World,
    readonly em: EntityManager,
    readonly viewer: Viewer,
    readonly conversation: Conversation,
    readonly situation: Situation,
    readonly now: Date,
    /** participating agents who want to be told of new messages */
    private readonly messageListeners: readonly string[] = [],
  ) {}

  /** Refuses what the policies refuse. Called before the first write. */
  require(ability: AbilityName, wish: Wish = {}): void {
    const code = refusalOf(ability, this.situation, this.viewer, wish);
    if (code === null) return;
    if (code === 'FORBIDDEN') throw forbidden();
    const { assigneeId, assignedAt } = this.conversation;
    throw code === 'ALREADY_ASSIGNED'
      ? new Refusal(code, null, { assigneeId: assigneeId!, assignedAt: assignedAt! })
      : new Refusal(code);
  }

  event(
    kind: EventKind,
    about: { agentId?: string; transferId?: string; ticketId?: string; actorId?: string } = {},
  ): Entry {
    return this.append('evt', { type: 'EVENT', audience: eventAudiences[kind], eventKind: kind, ...about });
  }

  message(
    text: string,
    by: { actorId: string; answersUpTo?: number; integrationId?: string; externalId?: string },
  ): Entry {
    const { actorId, answersUpTo, integrationId = null, externalId = null } = by;
    const entry = this.append('msg', {
      type: 'MESSAGE',
      audience: 'EVERYONE',
      text,
      actorId,
      integrationId,
      externalId,
    });
    const byCustomer = actorId === this.conversation.customerId;
    this.conversation.received(
      { id: entry.id, byCustomer, ...(answersUpTo !== undefined && { answersUpTo }) },
      this.now,
    );
    if (this.messageListeners.length > 0)
      this.notify({ kind: 'NEW_MESSAGE', to: this.messageListeners, entry, byId: actorId });
    return entry;
  }

  whisper(text: string, mentionIds: string[]): Entry {
    return this.append('whis', { type: 'WHISPER', audience: 'TEAM', text, mentionIds });
  }

  /** A note's number counts its author's notes at this place, which nobody else's cursor shows. */
  async note(text: string): Promise<Entry> {
    const { id: conversationId, position, teamPosition } = this.conversation;
    const notesHere = await this.em.count(Entry, {
      conversationId,
      position,
      teamPosition,
      audience: 'SELF',
      actorId: this.viewer.id,
    });
    return this.append('whis', { type: 'WHISPER', audience: 'SELF', text }, notesHere);
  }

  /** Something changed that leaves no entry. */
  touch(part: 'EVERYONE' | 'CUSTOMER_READ' | 'TEAM_STATE'): void {
    if (part === 'EVERYONE') this.conversation.publicVersion += 1;
    else this.conversation.teamVersion += 1;
    this.parts.add(part);
  }

  async participant(actorId: string): Promise<Participant> {
    const { id: conversationId, workspaceId } = this.conversation;
    const known = await this.em.findOne(Participant, { conversationId, actorId });
    if (known) return known;
    const participant = this.em.create(Participant, {
      workspaceId,
      conversationId,
      actorId,
      joinedAt: null,
      publicSince: null,
    });
    this.em.persist(participant);
    return participant;
  }

  /** Tells agents of something, in the same transaction; never whoever did it. */
  notify(notice: Omit<Notice, 'byId'> & { byId?: string }): void {
    this.notices.push({ byId: this.viewer.id, ...notice });
  }

  /** The offer that has not ended, overdue or not. */
  unendedTransfer(): Promise<Transfer | null> {
    return this.em.findOne(Transfer, { conversationId: this.conversation.id, status: 'PENDING' });
  }

  /** The turn that has not been closed, expired or not. */
  unclosedTurn(): Promise<AiTurn | null> {
    return this.em.findOne(AiTurn, { conversationId: this.conversation.id, closedAt: null });
  }

  turnsChanged(aiAgentId: string): void {
    this.turnsOf.add(aiAgentId);
  }

  /** Writes what is left to write. */
  async end(subjectId: string | null, entryId: string | null): Promise<Done> {
    const { id: conversationId, workspaceId } = this.conversation;
    await this.em.flush();
    const told = await writeNotifications(this.world, this.em, this.conversation, this.notices);
    return {
      outcome: { conversationId, subjectId, entryId, entryIds: this.entryIds },
      rings: [
        ...[...this.parts].map((part): Ring => ({ about: 'conversation', workspaceId, conversationId, part })),
        ...[...this.turnsOf].map((aiAgentId): Ring => ({ about: 'turns', aiAgentId })),
        ...this.typedBy,
        ...told.map((agentId): Ring => ({ about: 'notifications', agentId })),
      ],
    };
  }

  private append(
    idKind: 'msg' | 'whis' | 'evt',
    content: Pick<Entry, 'type'> & { audience: Audience } & Partial<Entry>,
    notesHere = 0,
  ): Entry {
    const place = this.conversation.takePlace(content.audience, this.now, notesHere);
    const entry = this.em.create(Entry, {
      id: this.world.ids.next(idKind),
      workspaceId: this.conversation.workspaceId,
      conversationId: this.conversation.id,
      actorId: this.viewer.id,
      createdAt: this.now,
      text: null,
      language: content.text ? detectLanguage(content.text) : null,
      mentionIds: [],
      eventKind: null,
      agentId: null,
      transferId: null,
      ticketId: null,
      integrationId: null,
      externalId: null,
      ...content,
      ...place,
    });
    this.em.persist(entry);
    this.entryIds.push(entry.id);
    this.endTyping(entry);
    this.parts.add(content.audience === 'EVERYONE' ? 'EVERYONE' : content.audience === 'TEAM' ? 'TEAM_ENTRY' : 'NOTE');
    return entry;
  }

  /** What somebody typed is there: they type no longer. */
  private endTyping({ type, audience, actorId }: Entry): void {
    if (type === 'EVENT' || audience === 'SELF') return;
    const { id: conversationId } = this.conversation;
    this.typedBy.push({ about: 'typing', conversationId, actorId, audience, typing: false, handlingEpoch: null });
  }
}
