import { type EntityManager, LockMode } from '@mikro-orm/postgresql';
import type { Situation } from '../auth/policies.js';
import { isCustomer, type Viewer } from '../auth/Viewer.js';
import { Actor } from '../entities/Actor.js';
import { type Channel, Conversation } from '../entities/Conversation.js';
import { Entry } from '../entities/Entry.js';
import { Workspace } from '../entities/Workspace.js';
import { forbidden, notFoundAt, unauthenticated } from '../errors.js';
import { isIdOf } from '../ids.js';
import { openTurnIfOwed } from './aiTurns.js';
import { attach, lockAttachments, textBeside } from './files/useAttachments.js';
import { type Call, type Done, type Outcome, once } from './once.js';
import { Scene } from './Scene.js';
import { foundAt, given, limits, optionalText } from './texts.js';
import type { World } from './World.js';

export interface StartConversationInput {
  text?: string | null;
  attachmentIds?: string[] | null;
  subject?: string | null;
  customerId?: string | null;
  channel?: Channel | null;
  externalId?: string | null;
  idempotencyKey?: string | null;
}

/**
 * A customer opens a conversation with a first message; an integration does it for a customer of its own, with
 * `externalId` for the message's id in its channel: a repeat returns what the first call made.
 */
export function startConversation(world: World, viewer: Viewer, input: StartConversationInput): Promise<Outcome> {
  if (isCustomer(viewer) && (input.customerId || input.channel || input.externalId)) throw forbidden();
  const call: Call = { name: 'startConversation', viewer, input };
  return once(
    world,
    call,
    (em) => findPeople(em, viewer, input),
    async (em, people) => {
      const customer = given(people.customer, 'customerId');
      const attachments = await lockAttachments(em, viewer, input);
      const text = textBeside(attachments, input.text);
      const subject = optionalText(input.subject, 'subject', limits.subject);
      const externalId = optionalText(input.externalId, 'externalId', limits.externalId);
      const repeated = externalId === null ? null : await em.findOne(Entry, { integrationId: viewer.id, externalId });
      if (repeated) return unchanged(repeated);
      const scene = await open(world, em, {
        ...people,
        customer,
        viewer,
        subject,
        channel: input.channel ?? defaultChannel(viewer),
      });
      scene.event('STARTED', { actorId: customer.id });
      const message = scene.message(text, {
        actorId: customer.id,
        ...(externalId !== null && { integrationId: viewer.id, externalId }),
      });
      attach(attachments, message);
      await openTurnIfOwed(scene);
      return scene.end(message.id, message.id);
    },
  );
}

interface People {
  /** null: none was named */
  customer: Actor | null;
  workspace: Workspace;
  aiAgent: Actor | null;
}

const defaultChannel = (viewer: Viewer): Channel => (isCustomer(viewer) ? 'WEB' : 'API');

async function findPeople(em: EntityManager, viewer: Viewer, input: StartConversationInput): Promise<People> {
  const customerId = isCustomer(viewer) ? viewer.id : (input.customerId ?? null);
  if (customerId !== null && !isIdOf(customerId, 'cust')) throw notFoundAt('customerId');
  const workspace = await em.findOneOrFail(Workspace, { id: viewer.workspaceId });
  const ids = [viewer.id, customerId, workspace.defaultAiAgentId].filter((id) => id !== null);
  const actors = await em.find(
    Actor,
    { workspaceId: workspace.id, id: { $in: ids } },
    { lockMode: LockMode.PESSIMISTIC_READ, orderBy: { id: 'asc' } },
  );
  const byId = new Map(actors.map((actor) => [actor.id, actor]));
  if (!byId.get(viewer.id)?.active) throw unauthenticated();
  const customer = customerId === null ? null : foundAt(byId.get(customerId), 'customerId');
  const aiAgent = byId.get(workspace.defaultAiAgentId ?? '') ?? null;
  return { workspace, customer, aiAgent: aiAgent?.active ? aiAgent : null };
}

async function open(
  world: World,
  em: EntityManager,
  start: People & { customer: Actor; viewer: Viewer; subject: string | null; channel: Channel },
): Promise<Scene> {
  const now = world.clock.now();
  const { workspace, customer, aiAgent } = start;
  const conversation = em.create(Conversation, {
    id: world.ids.next('conv'),
    workspaceId: workspace.id,
    customerId: customer.id,
    channel: start.channel,
    subject: start.subject,
    status: 'OPEN',
    handling: aiAgent ? 'AI' : 'UNATTENDED',
    assigneeId: null,
    assignedAt: null,
    aiAgentId: aiAgent?.id ?? null,
    needsHumanReason: null,
    needsHumanSince: null,
    needsHumanBy: null,
    priority: 'NORMAL',
    tags: [],
    createdAt: now,
    updatedAt: now,
    resolvedAt: null,
    lastMessageId: null,
    lastMessageAt: null,
    lastMessageByCustomer: false,
    answeredPosition: 0,
    aiSince: aiAgent ? now : null,
    humanFrom: null,
    humanTo: null,
    position: 0,
    teamPosition: 0,
    noteCount: 0,
    publicVersion: 0,
    teamVersion: 0,
    handlingEpoch: 0,
  });
  await em.persist(conversation).flush();
  const situation: Situation = {
    status: 'OPEN',
    handling: conversation.handling,
    assigneeId: null,
    needsHuman: false,
    replyPolicy: workspace.replyPolicy,
    aiAgentToHandBackTo: aiAgent?.id ?? null,
    openTurnId: null,
    pendingTransferId: null,
    overdueTransferId: null,
  };
  return new Scene(world, em, start.viewer, conversation, situation, now);
}

const unchanged = (message: Entry): Done => ({
  outcome: { conversationId: message.conversationId, subjectId: message.id, entryId: message.id, entryIds: [] },
  rings: [],
});
