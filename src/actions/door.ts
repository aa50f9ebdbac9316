import type { EntityManager } from '@mikro-orm/postgresql';
import sql, { join } from 'sql-template-tag';
import type { Situation } from '../auth/policies.js';
import { situationOf } from '../auth/situation.js';
import type { Viewer } from '../auth/Viewer.js';
import { reachableConversations } from '../auth/visibility.js';
import { Actor } from '../entities/Actor.js';
import { Conversation } from '../entities/Conversation.js';
import type { Entry } from '../entities/Entry.js';
import { notFoundAt, unauthenticated } from '../errors.js';
import { isIdOf } from '../ids.js';
import { type Call, type Outcome, once } from './once.js';
import { Scene } from './Scene.js';
import { expireOverdue } from './transfers/endTransfer.js';
import type { World } from './World.js';

/** A call about one conversation. */
export interface ConversationCall extends Call {
  conversationId: string;
  /** agents whom it concerns besides those who are in it: they are locked with them */
  concerns?: readonly string[];
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
      // One moment: what is judged by it must be written by it, or an offer ends after it has expired.
      const now = world.clock.now();
      const { situation, messageListeners } = await readSituation(em, conversation, now);
      const scene = new Scene(world, em, viewer, conversation, situation, now, messageListeners);
      if (situation.overdueTransferId !== null) await expireOverdue(scene);
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
  const involved = [viewer.id, conversation.assigneeId, conversation.aiAgentId, ...(call.concerns ?? [])].filter(
    (id) => id !== null,
  );
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

async function readSituation(
  em: EntityManager,
  { id }: Conversation,
  now: Date,
): Promise<{ situation: Situation; messageListeners: string[] }> {
  const query = sql`
    select ${situationOf(now)} as situation, array(
      select p.actor_id from participants p
      join notification_preferences np
        on np.agent_id = p.actor_id and np.kind = 'NEW_MESSAGE' and np.channels <> '{}'
      where p.conversation_id = c.id and p.joined_at is not null) as "messageListeners"
    from conversations c where c.id = ${id}`;
  const [row] = await em.execute<[{ situation: Situation; messageListeners: string[] }]>(query.sql, query.values);
  return row;
}
