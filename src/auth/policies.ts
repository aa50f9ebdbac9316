import type { ConversationStatus, Handling } from '../entities/Conversation.js';
import type { TransferStatus } from '../entities/Transfer.js';
import type { ReplyPolicy } from '../entities/Workspace.js';
import type { RefusalCode } from '../errors.js';
import { type Deed, mayEver } from './roles.js';
import { isAdmin, isAiAgent, isCustomer, type Viewer } from './Viewer.js';

/** All that the policies look at: one conversation as it is now, and how the viewer stands in it. */
export interface Situation {
  status: ConversationStatus;
  handling: Handling;
  assigneeId: string | null;
  needsHuman: boolean;
  replyPolicy: ReplyPolicy;
  /** the enabled AI agent that the conversation could be handed back to: its own, or else the workspace's default */
  aiAgentToHandBackTo: string | null;
  /** the conversation's turn that is open now, whoever's it is */
  openTurnId: string | null;
  /** an offer of the conversation that waits for an answer now */
  pendingTransferId: string | null;
  /** an offer whose time is up, which nobody has written down yet */
  overdueTransferId: string | null;
}

/** null: yes. Else the code that the mutation answers with. Status is judged before handling and assignee. */
type Policy = (situation: Situation, viewer: Viewer, wish: Wish) => RefusalCode | null;

/** What the caller named that a rule depends on. Empty when `viewerCan` asks. */
export interface Wish {
  force?: boolean;
  aiTurnId?: string;
  /** to whom it is offered */
  target?: { id: string; active: boolean };
}

const notFinalized = (s: Situation) => (s.status === 'FINALIZED' ? 'CONVERSATION_FINALIZED' : null);
const open = (s: Situation) => notFinalized(s) ?? (s.status === 'OPEN' ? null : 'CONVERSATION_NOT_OPEN');
/** The assignee, an admin, the system's timers; anybody when nobody is assigned. */
const answersForIt = (s: Situation, viewer: Viewer) =>
  s.assigneeId === null || s.assigneeId === viewer.id || isAdmin(viewer) || viewer.kind === 'SYSTEM'
    ? null
    : 'NOT_ASSIGNEE';
/** The fence: no word of an AI agent after somebody else answers. */
const inItsTurn = (s: Situation, wish: Wish) => {
  if (s.handling !== 'AI') return 'AI_PAUSED';
  return s.openTurnId !== null && (wish.aiTurnId ?? s.openTurnId) === s.openTurnId ? null : 'AI_TURN_CLOSED';
};

const agentMaySend: Policy = (s, viewer) => {
  if (s.handling !== 'HUMAN') return 'TAKE_OVER_REQUIRED';
  return s.replyPolicy === 'ASSIGNEE_ONLY' && s.assigneeId !== viewer.id ? 'NOT_ASSIGNEE' : null;
};

export const abilities = {
  sendMessage: 'sendMessage',
  whisper: 'whisper',
  takeOver: 'takeOverConversation',
  handBack: 'handBackConversation',
  requestHuman: 'requestHuman',
  join: 'joinConversation',
  leave: 'leaveConversation',
  transfer: 'transferConversation',
  createTicket: 'createTicket',
  resolve: 'resolveConversation',
  reopen: 'reopenConversation',
  finalize: 'finalizeConversation',
  update: 'updateConversation',
} as const satisfies Record<string, Deed>;
export type AbilityName = keyof typeof abilities;

const policies: Record<AbilityName, Policy> = {
  sendMessage: (s, viewer, wish) => {
    const refusal = notFinalized(s);
    if (refusal || isCustomer(viewer) || viewer.kind === 'INTEGRATION') return refusal;
    return isAiAgent(viewer) ? inItsTurn(s, wish) : agentMaySend(s, viewer, wish);
  },
  whisper: notFinalized,
  takeOver: (s, viewer, { force }) =>
    notFinalized(s) ??
    (s.assigneeId === null || s.assigneeId === viewer.id || (force && isAdmin(viewer)) ? null : 'ALREADY_ASSIGNED'),
  handBack: (s, viewer) => {
    const refusal = open(s);
    if (refusal || s.handling === 'AI') return refusal;
    return answersForIt(s, viewer) ?? (s.aiAgentToHandBackTo === null ? 'NO_AI_AGENT' : null);
  },
  requestHuman: (s, viewer, wish) => open(s) ?? (isAiAgent(viewer) ? inItsTurn(s, wish) : null),
  join: notFinalized,
  leave: (s, viewer) => (s.assigneeId === viewer.id ? 'ASSIGNEE_MUST_TRANSFER' : null),
  transfer: (s, viewer, { target }) => {
    const refusal = open(s) ?? (s.assigneeId === null ? 'TAKE_OVER_REQUIRED' : answersForIt(s, viewer));
    if (refusal) return refusal;
    if (s.pendingTransferId !== null) return 'TRANSFER_PENDING';
    return target && (!target.active || target.id === s.assigneeId) ? 'TRANSFER_TARGET_UNAVAILABLE' : null;
  },
  createTicket: () => null,
  resolve: (s, viewer) => notFinalized(s) ?? (s.status === 'RESOLVED' ? null : answersForIt(s, viewer)),
  reopen: notFinalized,
  finalize: (s, viewer) => (s.status === 'FINALIZED' || isCustomer(viewer) ? null : answersForIt(s, viewer)),
  update: notFinalized,
};

/** The refusal that this viewer would meet now, or null when they may. The one answer to "may I": mutations and
 * `viewerCan` both ask here. */
export function refusalOf(
  ability: AbilityName,
  situation: Situation,
  viewer: Viewer,
  wish: Wish = {},
): RefusalCode | null {
  if (viewer.kind !== 'SYSTEM' && !mayEver(viewer, abilities[ability])) return 'FORBIDDEN';
  return policies[ability](situation, viewer, wish);
}

/** What can be done about an offer. */
export type TransferAnswer = 'accept' | 'decline' | 'cancel';

/** The same for an offer: only its target accepts or declines, only the assignee or an admin cancels, and only while it
 * waits for an answer. */
export function refusalOfAnswer(
  answer: TransferAnswer,
  situation: Situation,
  viewer: Viewer,
  transfer: { toId: string; status: TransferStatus },
): RefusalCode | null {
  const refusal = open(situation);
  if (refusal) return refusal;
  const isTheirs =
    answer === 'cancel' ? answersForIt(situation, viewer) : transfer.toId === viewer.id ? null : 'FORBIDDEN';
  return isTheirs ?? (transfer.status === 'PENDING' ? null : 'TRANSFER_NOT_PENDING');
}
