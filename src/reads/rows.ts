import type { Situation } from '../auth/policies.js';
import type { ActorKind, AgentRole, Scope } from '../entities/Actor.js';
import type { Channel, ConversationStatus, Handling, Priority } from '../entities/Conversation.js';
import type { Audience, EntryType, EventKind } from '../entities/Entry.js';
import type { TranslationStatus } from '../entities/languages.js';
import type { NotificationKind } from '../entities/Notification.js';
import type { Availability } from '../entities/Presence.js';
import type { SnapshotActor, SnapshotLine } from '../entities/SnapshotSeal.js';
import type { TicketStatus } from '../entities/Ticket.js';
import type { TransferStatus } from '../entities/Transfer.js';

/** Rows as the reads bring them. Times inside JSON are milliseconds since 1970. */
export interface ActorRow {
  id: string;
  kind: ActorKind;
  displayName: string;
  avatarUrl: string | null;
  email: string | null;
  externalId: string | null;
  phone: string | null;
  language: string | null;
  role: AgentRole | null;
  active: boolean;
  scopes: Scope[];
}

export interface ParticipantRow {
  actor: ActorRow;
  joinedAt: number;
  lastReadAt: number | null;
}

export interface ConversationRow {
  id: string;
  workspaceId: string;
  customerId: string;
  channel: Channel;
  subject: string | null;
  status: ConversationStatus;
  handling: Handling;
  assigneeId: string | null;
  aiAgentId: string | null;
  needsHumanReason: string | null;
  needsHumanSince: Date | null;
  needsHumanBy: string | null;
  priority: Priority;
  tags: string[];
  createdAt: Date;
  updatedAt: Date;
  lastMessageId: string | null;
  position: number;
  teamPosition: number;
}

/** What a conversation's fields need beyond its own columns. A page brings those that were selected in its statement;
 * whatever is missing is loaded for all that are missing it at once. */
export interface ConversationPieces {
  customer: ActorRow;
  assignee: ActorRow | null;
  aiAgent: ActorRow | null;
  needsHumanByActor: ActorRow | null;
  lastMessage: EntryRow | null;
  participants: ParticipantRow[];
  unreadCount: number;
  situation: Situation;
  pendingTransfer: TransferRow | null;
}
export type PieceName = keyof ConversationPieces;

export interface EntryRow {
  id: string;
  conversationId: string;
  position: number;
  teamPosition: number;
  notePosition: number;
  type: EntryType;
  audience: Audience;
  actorId: string;
  createdAt: Date;
  text: string | null;
  language: string | null;
  mentionIds: string[];
  eventKind: EventKind | null;
  agentId: string | null;
  transferId: string | null;
  ticketId: string | null;
  actor?: ActorRow;
  agent?: ActorRow | null;
  attachments?: AttachmentRow[];
}

export interface AiTurnRow {
  id: string;
  conversationId: string;
  aiAgentId: string;
  openedAt: Date;
  expiresAt: Date;
  afterPosition: number;
  upToPosition: number;
  humanFrom: Date | null;
  humanTo: Date | null;
}

export interface WorkspaceRow {
  id: string;
  name: string;
  defaultAiAgentId: string | null;
  replyPolicy: 'PARTICIPANTS' | 'ASSIGNEE_ONLY';
  maxUploadBytes: number;
  transferTimeoutSeconds: number;
  autoResolveAfterSeconds: number | null;
  autoFinalizeAfterSeconds: number | null;
  /** null: as the translation engine is */
  translateWhispers: boolean | null;
}

export interface TranslationRow {
  status: TranslationStatus;
  text: string | null;
  from: string | null;
  to: string;
}

export interface TransferRow {
  id: string;
  conversationId: string;
  fromId: string;
  toId: string;
  note: string | null;
  leaveOnAccept: boolean;
  status: TransferStatus;
  createdAt: Date;
  expiresAt: Date;
  answeredAt: Date | null;
  declineReason: string | null;
}

export interface AttachmentRow {
  id: string;
  entryId: string | null;
  fileName: string;
  contentType: string;
  byteSize: number;
  imageWidth: number | null;
  imageHeight: number | null;
  uploadExpiresAt: Date;
}

export interface NotificationRow {
  id: string;
  agentId: string;
  number: number;
  kind: NotificationKind;
  conversationId: string;
  transferId: string | null;
  ticketId: string | null;
  actorId: string;
  createdAt: Date;
  readAt: Date | null;
}

export interface ProfileRow {
  id: string;
  availability: Availability;
  preferredLanguage: string | null;
  autoTranslate: boolean;
}

export interface TicketRow {
  id: string;
  number: number;
  conversationId: string;
  title: string;
  description: string | null;
  status: TicketStatus;
  priority: Priority;
  createdById: string;
  assigneeId: string | null;
  createdAt: Date;
  updatedAt: Date;
}

export interface TicketCommentRow {
  id: string;
  ticketId: string;
  number: number;
  authorId: string;
  text: string;
  createdAt: Date;
}

export interface TicketChangeRow {
  ticketId: string;
  number: number;
  actorId: string;
  field: string;
  from: string | null;
  to: string | null;
  createdAt: Date;
}

export interface SnapshotRow {
  ticketId: string;
  takenAt: Date;
  subject: string | null;
  customer: SnapshotActor;
  assignee: SnapshotActor | null;
  participants: SnapshotActor[];
  entryCount: number;
  sha256: string;
}

export interface SnapshotEntryRow extends SnapshotLine {
  ticketId: string;
  number: number;
  erasedAt: Date | null;
}
