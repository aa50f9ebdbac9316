import type { EntityManager } from '@mikro-orm/postgresql';
import sql, { join } from 'sql-template-tag';
import { type AbilityName, refusalOf, type Situation, type Wish } from '../auth/policies.js';
import { situationOf } from '../auth/situation.js';
import type { Viewer } from '../auth/Viewer.js';
import { type Part, reachableConversations } from '../auth/visibility.js';
import { Actor } from '../entities/Actor.js';
import { AiTurn } from '../entities/AiTurn.js';
import { Conversation } from '../entities/Conversation.js';
import { type Audience, Entry, type EventKind, eventAudiences } from '../entities/Entry.js';
import { Participant } from '../entities/Participant.js';
import { forbidden, notFoundAt, Refusal, unauthenticated } from '../errors.js';
import { isIdOf } from '../ids.js';
import type { Ring } from '../live/Bells.js';
import { type Call, type Outcome, once } from './once.js';
import type { World } from './World.js';

/** A call about one conversation. */
export interface ConversationCall extends Call {
  conversationId: string;
}

/**
 * The one door for writing to a conversation. Locks its row as the viewer may reach it (not theirs: not there), then the
 * people involved, `FOR SHARE` and by id, so that nobody is deactivated between a check and the commit; only then reads
 * what the policies judge. `change` checks before its first write, and says which entry is its own.
 */
export function throughTheDoor(
  world: World,
  call: ConversationCall,
  change: (scene: Scene) => Promise<Change>,
): Promise<Outcome> {
  return once(
    world,
    call,
    (em) => lockConversation(em, call),
    async (em, conversation) => {
      const viewer = await lockPeople(em, call, conversation);
      const situation = await readSituation(em, conversation, world);
      const scene = new Scene(world, em, viewer, conversation, situation);
      const { subjectId = null, entry } = await change(scene);
      return scene.end(subjectId, entry?.id ?? null);
    },
  );
}

/** `entry`: the subject's own, absent when nothing changed. */
export interface Change {
  subjectId?: string;
  entry?: Entry;
}

/** One conversation under its lock: what it is now, and the only means to change it. */
export class Scene {
  readonly now: Date;
  private readonly entryIds: string[] = [];
  private readonly parts = new Set<Part>();
  private readonly turnsOf = new Set<string>();

  constructor(
    readonly world: World,
    readonly em: EntityManager,
    readonly viewer: Viewer,
    readonly conversation: Conversation,
    readonly situation: Situation,
  ) {
    this.now = world.clock.now();
  }

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

  event(kind: EventKind, agentId: string | null = null): Entry {
    return this.append('evt', { type: 'EVENT', audience: eventAudiences[kind], eventKind: kind, agentId });
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
  touch(part: 'EVERYONE' | 'TEAM_STATE'): void {
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

  /** The turn that has not been closed, expired or not. */
  unclosedTurn(): Promise<AiTurn | null> {
    return this.em.findOne(AiTurn, { conversationId: this.conversation.id, closedAt: null });
  }

  turnsChanged(aiAgentId: string): void {
    this.turnsOf.add(aiAgentId);
  }

  end(subjectId: string | null, entryId: string | null): { outcome: Outcome; rings: Ring[] } {
    const { id: conversationId, workspaceId } = this.conversation;
    return {
      outcome: { conversationId, subjectId, entryId, entryIds: this.entryIds },
      rings: [
        ...[...this.parts].map((part): Ring => ({ about: 'conversation', workspaceId, conversationId, part })),
        ...[...this.turnsOf].map((aiAgentId): Ring => ({ about: 'turns', aiAgentId })),
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
      mentionIds: [],
      eventKind: null,
      agentId: null,
      integrationId: null,
      externalId: null,
      ...content,
      ...place,
    });
    this.em.persist(entry);
    this.entryIds.push(entry.id);
    this.parts.add(content.audience === 'EVERYONE' ? 'EVERYONE' : content.audience === 'TEAM' ? 'TEAM_ENTRY' : 'NOTE');
    return entry;
  }
}

async function lockConversation(
  em: EntityManager,
  { conversationId, viewer }: ConversationCall,
): Promise<Conversation> {
  if (!isIdOf(conversationId, 'conv')) throw notFoundAt('conversationId');
  const query = sql`
    select c.* from conversations c where c.id = ${conversationId} and ${reachableConversations(viewer)} for update`;
  const [row] = await em.execute(query.sql, query.values);
  if (!row) throw notFoundAt('conversationId');
  return em.map(Conversation, row);
}

/** The viewer as the database knows them under the lock. A role that was taken away meanwhile is gone. */
async function lockPeople(em: EntityManager, call: ConversationCall, conversation: Conversation): Promise<Viewer> {
  const { viewer } = call;
  const involved = [viewer.id, conversation.assigneeId, conversation.aiAgentId].filter((id) => id !== null);
  const query = sql`
    select a.* from actors a
    where a.workspace_id = ${conversation.workspaceId} and (
      a.id in (${join(involved)})
      or a.id = (select w.default_ai_agent_id from workspaces w where w.id = ${conversation.workspaceId}))
    order by a.id for share`;
  const actors = (await em.execute(query.sql, query.values)).map((row) => em.map(Actor, row));
  const self = actors.find(({ id }) => id === viewer.id);
  if (!self?.active) throw unauthenticated();
  return { ...viewer, role: self.role, scopes: self.scopes };
}

async function readSituation(em: EntityManager, { id }: Conversation, { clock }: World): Promise<Situation> {
  const query = sql`select ${situationOf(clock.now())} as situation from conversations c where c.id = ${id}`;
  const [row] = await em.execute<[{ situation: Situation }]>(query.sql, query.values);
  return row.situation;
}
