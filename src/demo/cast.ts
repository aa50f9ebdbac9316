import { finalizeConversation } from '../actions/finalizeConversation.js';
import { handBackConversation } from '../actions/handBackConversation.js';
import { joinConversation } from '../actions/joinConversation.js';
import { leaveConversation } from '../actions/leaveConversation.js';
import { markConversationRead } from '../actions/markConversationRead.js';
import { reopenConversation } from '../actions/reopenConversation.js';
import { requestHuman } from '../actions/requestHuman.js';
import { resolveConversation } from '../actions/resolveConversation.js';
import { sendMessage } from '../actions/sendMessage.js';
import { takeOverConversation } from '../actions/takeOverConversation.js';
import { createTicket } from '../actions/tickets/createTicket.js';
import { acceptTransfer } from '../actions/transfers/acceptTransfer.js';
import type { AnswerInput } from '../actions/transfers/answerTransfer.js';
import { cancelTransfer } from '../actions/transfers/cancelTransfer.js';
import { declineTransfer } from '../actions/transfers/declineTransfer.js';
import { transferConversation } from '../actions/transfers/transferConversation.js';
import { updateConversation } from '../actions/updateConversation.js';
import type { World } from '../actions/World.js';
import { whisper } from '../actions/whisper.js';
import type { Viewer } from '../auth/Viewer.js';
import type { Scope } from '../entities/Actor.js';
import type { Priority } from '../entities/Conversation.js';
import { demoPerson, demoWorkspaces } from './people.js';
import type { Step } from './screenplay.js';

/** What a program that carries customers' words from other channels needs; not the team's whispers. */
export const integrationScopes: readonly Scope[] = [
  'CONVERSATIONS_READ',
  'MESSAGES_WRITE',
  'CUSTOMERS_READ',
  'CUSTOMERS_WRITE',
  'TICKETS_READ',
  'TICKETS_WRITE',
];

function viewerOf(handle: string): Viewer {
  const { id, role, workspace } = demoPerson(handle);
  const isAgent = role === 'ADMIN' || role === 'AGENT';
  return {
    id,
    kind: isAgent ? 'AGENT' : role,
    workspaceId: demoWorkspaces[workspace].id,
    role: isAgent ? role : null,
    scopes: role === 'INTEGRATION' ? integrationScopes : [],
    apiKeyId: null,
    expiresAt: null,
  };
}

/** Seconds to write it. */
const typing = (text: string) => text.length / 6;

type Act<Input> = (world: World, viewer: Viewer, input: Input & { conversationId: string }) => Promise<unknown>;

function does<Input extends object>(viewer: Viewer, after: number, action: Act<Input>, input: Input): Step {
  return { after, act: (stage) => action(stage.world, viewer, { ...input, conversationId: stage.conversationId }) };
}

type Answer = (world: World, viewer: Viewer, input: AnswerInput) => Promise<unknown>;

/** Of the conversation's last offer. */
function answers(viewer: Viewer, after: number, action: Answer, input: { reason?: string }): Step {
  return {
    after,
    act: async (stage) => action(stage.world, viewer, { ...input, transferId: await stage.lastTransferId() }),
  };
}

function agent(handle: string) {
  const viewer = viewerOf(handle);
  return {
    id: viewer.id,
    says: (text: string) => does(viewer, 20 + typing(text), sendMessage, { text }),
    whispers: (text: string, ...mentioned: { id: string }[]) =>
      does(viewer, 15 + typing(text), whisper, { text, mentionIds: mentioned.map(({ id }) => id) }),
    notes: (text: string) => does(viewer, 10 + typing(text), whisper, { text, audience: 'SELF' as const }),
    takesOver: () => does(viewer, 45, takeOverConversation, {}),
    takesOverByForce: () => does(viewer, 45, takeOverConversation, { force: true }),
    handsBack: () => does(viewer, 10, handBackConversation, {}),
    joins: () => does(viewer, 30, joinConversation, {}),
    leaves: () => does(viewer, 30, leaveConversation, {}),
    resolves: () => does(viewer, 60, resolveConversation, {}),
    reopens: () => does(viewer, 60, reopenConversation, {}),
    finalizes: () => does(viewer, 60, finalizeConversation, {}),
    reads: () => does(viewer, 5, markConversationRead, {}),
    offers: (to: { id: string }, note: string, more: { leaveOnAccept?: true } = {}) =>
      does(viewer, 20 + typing(note), transferConversation, { toAgentId: to.id, note, ...more }),
    accepts: () => answers(viewer, 40, acceptTransfer, {}),
    declines: (reason: string) => answers(viewer, 30 + typing(reason), declineTransfer, { reason }),
    cancels: () => answers(viewer, 90, cancelTransfer, {}),
    /** In one conversation of a workspace at most: scripts are played at once, and numbers are given in turn. */
    makesTicket: (input: { title: string; description?: string; priority?: Priority; assigneeId?: string }) =>
      does(viewer, 40, createTicket, input),
    files: (input: { subject?: string; priority?: Priority; tags?: string[] }) =>
      does(viewer, 8, updateConversation, input),
  };
}

function customer(handle: string, carrier: string | null) {
  const viewer = viewerOf(handle);
  return {
    says: (text: string): Step => ({
      after: 25 + typing(text),
      async act(stage) {
        if (!stage.script.channel) {
          if (!stage.started) return stage.start(viewer, { text });
          return sendMessage(stage.world, viewer, { text, conversationId: stage.conversationId });
        }
        const integration = viewerOf(carrier!);
        const externalId = stage.nextExternalId();
        if (!stage.started) return stage.start(integration, { text, externalId, customerId: viewer.id });
        const { conversationId } = stage;
        return sendMessage(stage.world, integration, { text, externalId, conversationId, onBehalfOfCustomer: true });
      },
    }),
    wantsSomebody: (reason?: string) => does(viewer, 12, requestHuman, { reason: reason ?? null }),
    finalizes: () => does(viewer, 40, finalizeConversation, {}),
    reads: () => does(viewer, 5, markConversationRead, {}),
  };
}

/** Quick enough for its turn to be open still. */
function aiAgent(handle: string) {
  const viewer = viewerOf(handle);
  return {
    says: (text: string): Step => ({
      after: 2 + text.length / 100,
      async act(stage) {
        const { conversationId } = stage;
        await sendMessage(stage.world, viewer, { text, conversationId, aiTurnId: await stage.openTurnId() });
      },
    }),
    wantsSomebody: (reason: string, text: string): Step => ({
      after: 3,
      async act(stage) {
        const { conversationId } = stage;
        await requestHuman(stage.world, viewer, { reason, text, conversationId, aiTurnId: await stage.openTurnId() });
      },
    }),
  };
}

export const ada = agent('ada@acme.test');
export const ben = agent('ben@acme.test');
export const cleo = agent('cleo@acme.test');
export const acmeBot = aiAgent('acme-bot');
export const dana = customer('dana@example.test', 'acme-crm');
export const eli = customer('eli@example.test', 'acme-crm');

export const gus = agent('gus@globex.test');
export const hal = agent('hal@globex.test');
export const globexBot = aiAgent('globex-bot');
export const ivy = customer('ivy@example.test', null);
