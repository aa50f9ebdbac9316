import sql from 'sql-template-tag';
import {
  AcceptTransferDocument,
  CancelTransferDocument,
  DeactivateAgentDocument,
  DeclineTransferDocument,
  NotificationsDocument,
  TransferConversationDocument,
  TransfersDocument,
} from '../operations/generated.js';
import type { TestApp } from './app.js';
import type { Person } from './Person.js';
import { does, type Stage, timelineOf } from './stories.js';

/** Offers the conversation, and answers the offer's id. */
export async function offers(by: Person, conversationId: string, to: Person, more: object = {}): Promise<string> {
  const { transfer } = await does(by, TransferConversationDocument, { conversationId, toAgentId: to.id, ...more });
  return transfer!.id;
}
export const accepts = (by: Person, transferId: string) => does(by, AcceptTransferDocument, { transferId });
export const declines = (by: Person, transferId: string, reason?: string) =>
  does(by, DeclineTransferDocument, { transferId, ...(reason && { reason }) });
export const cancels = (by: Person, transferId: string) => does(by, CancelTransferDocument, { transferId });
export const deactivates = (by: Person, { id: agentId }: Person) => does(by, DeactivateAgentDocument, { agentId });

/** Dana's conversation, which Ben answers for and offers to Cleo. */
export async function offered(
  stage: Stage,
  more: object = {},
): Promise<{ conversationId: string; transferId: string }> {
  const { ben, cleo } = stage.cast;
  const conversationId = await stage.takenOverBy(ben);
  return { conversationId, transferId: await offers(ben, conversationId, cleo, more) };
}

/** The last offer of a conversation, as this person reads it, and whether it is shown as pending. */
export async function lastOffer(person: Person, id: string) {
  const { conversation } = await person.ask(TransfersDocument, { id, last: 1 });
  const { pendingTransfer, transfers } = conversation!;
  return { ...transfers!.edges[0]!.node, isShown: pendingTransfer !== null };
}

/** What a person was told of this conversation, oldest first. */
export async function toldOf(person: Person, conversationId: string): Promise<string[]> {
  const { notifications } = await person.ask(NotificationsDocument, { last: 100 });
  return notifications.edges
    .filter(({ node }) => node.conversation?.id === conversationId)
    .map(({ node }) => node.kind);
}

/** What happened in a conversation since it was offered. */
export async function sinceOffered(person: Person, conversationId: string): Promise<string[]> {
  const timeline = await timelineOf(person, conversationId);
  return timeline.slice(timeline.lastIndexOf('TRANSFER_REQUESTED') + 1);
}

/** In whose name each event of a kind is. */
export async function actorsOf({ world }: TestApp, conversationId: string, kind: string): Promise<string[]> {
  const rows = await world.database.read<{ kind: string }>(sql`
    select a.kind from entries e join actors a on a.id = e.actor_id
    where e.conversation_id = ${conversationId} and e.event_kind = ${kind}`);
  return rows.map((row) => row.kind);
}
