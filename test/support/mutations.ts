import type { TypedQueryDocumentNode } from 'graphql';
import {
  AcceptTransferDocument,
  CancelTransferDocument,
  CreateTicketDocument,
  DeclineTransferDocument,
  FinalizeConversationDocument,
  HandBackConversationDocument,
  JoinConversationDocument,
  LeaveConversationDocument,
  MarkConversationReadDocument,
  ReopenConversationDocument,
  RequestHumanDocument,
  ResolveConversationDocument,
  SendMessageDocument,
  TakeOverConversationDocument,
  TransferConversationDocument,
  UpdateConversationDocument,
  WhisperDocument,
} from '../operations/generated.js';
import { joins, type Stage } from './stories.js';
import { offered } from './transfers.js';

/** Any mutation: its input is checked by whoever makes it. */
export type AnyMutation = TypedQueryDocumentNode<Record<string, unknown>, { input: never }>;

export interface ConversationMutation {
  mutation: AnyMutation;
  /** who calls it, and where: there it is carried out and changes something */
  by: 'dana' | 'ben' | 'cleo' | 'bot' | 'crm';
  /** answers the id of what it is about */
  at: (stage: Stage) => Promise<string>;
  /** the field that names it, if that is not the conversation itself */
  field?: 'conversationId' | 'transferId';
  input?: (stage: Stage, id: string) => object | Promise<object>;
}

export const fieldOf = ({ field = 'conversationId' }: ConversationMutation) => field;
/** An id like that of what the mutation is about, and of nothing. */
export const idOfNothing = (stage: Stage, { field }: ConversationMutation) =>
  stage.app.world.ids.next(field === 'transferId' ? 'xfer' : 'conv');

const started = (stage: Stage) => stage.startedBy(stage.cast.dana);
const ofBen = (stage: Stage) => stage.takenOverBy(stage.cast.ben);
const offerToCleo = async (stage: Stage) => (await offered(stage)).transferId;

/** Every mutation about one conversation, with a call that has an effect. */
export const conversationMutations: Record<string, ConversationMutation> = {
  'sendMessage of a customer': {
    mutation: SendMessageDocument,
    by: 'dana',
    at: started,
    input: () => ({ text: 'Hi' }),
  },
  'sendMessage of an agent': { mutation: SendMessageDocument, by: 'cleo', at: ofBen, input: () => ({ text: 'Hi' }) },
  'sendMessage of an AI agent': {
    mutation: SendMessageDocument,
    by: 'bot',
    at: started,
    input: async (stage, id) => ({ text: 'Hi', aiTurnId: await stage.turnOf(id) }),
  },
  'sendMessage of an integration': {
    mutation: SendMessageDocument,
    by: 'crm',
    at: started,
    input: () => ({ text: 'Hi', onBehalfOfCustomer: true }),
  },
  whisper: { mutation: WhisperDocument, by: 'cleo', at: ofBen, input: () => ({ text: 'Psst' }) },
  'whisper to oneself': {
    mutation: WhisperDocument,
    by: 'cleo',
    at: ofBen,
    input: () => ({ text: 'Psst', audience: 'SELF' }),
  },
  takeOverConversation: { mutation: TakeOverConversationDocument, by: 'ben', at: started },
  handBackConversation: { mutation: HandBackConversationDocument, by: 'ben', at: ofBen },
  'requestHuman of a customer': { mutation: RequestHumanDocument, by: 'dana', at: started },
  'requestHuman of an AI agent': {
    mutation: RequestHumanDocument,
    by: 'bot',
    at: started,
    input: async (stage, id) => ({ text: 'Wait', aiTurnId: await stage.turnOf(id) }),
  },
  joinConversation: { mutation: JoinConversationDocument, by: 'cleo', at: ofBen },
  leaveConversation: {
    mutation: LeaveConversationDocument,
    by: 'cleo',
    at: async (stage) => {
      const conversationId = await ofBen(stage);
      await joins(stage.cast.cleo, conversationId);
      return conversationId;
    },
  },
  createTicket: {
    mutation: CreateTicketDocument,
    by: 'cleo',
    at: ofBen,
    input: () => ({ title: 'Lost parcel' }),
  },
  resolveConversation: { mutation: ResolveConversationDocument, by: 'ben', at: ofBen },
  reopenConversation: {
    mutation: ReopenConversationDocument,
    by: 'cleo',
    at: (stage) => stage.resolvedBy(stage.cast.ben),
  },
  'finalizeConversation of a customer': { mutation: FinalizeConversationDocument, by: 'dana', at: ofBen },
  'finalizeConversation of an agent': { mutation: FinalizeConversationDocument, by: 'ben', at: ofBen },
  transferConversation: {
    mutation: TransferConversationDocument,
    by: 'ben',
    at: ofBen,
    input: ({ cast }) => ({ toAgentId: cast.cleo.id, note: 'Please', leaveOnAccept: true }),
  },
  acceptTransfer: { mutation: AcceptTransferDocument, by: 'cleo', field: 'transferId', at: offerToCleo },
  declineTransfer: {
    mutation: DeclineTransferDocument,
    by: 'cleo',
    field: 'transferId',
    at: offerToCleo,
    input: () => ({ reason: 'Busy' }),
  },
  cancelTransfer: { mutation: CancelTransferDocument, by: 'ben', field: 'transferId', at: offerToCleo },
  updateConversation: {
    mutation: UpdateConversationDocument,
    by: 'cleo',
    at: ofBen,
    input: () => ({ subject: 'New', tags: ['new'] }),
  },
  'markConversationRead of an agent': { mutation: MarkConversationReadDocument, by: 'ben', at: ofBen },
  'markConversationRead of a customer': { mutation: MarkConversationReadDocument, by: 'dana', at: ofBen },
};
