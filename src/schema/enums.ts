import type { AgentRole as AgentRoleValue, Scope as ScopeValue } from '../entities/Actor.js';
import type {
  Channel as ChannelValue,
  ConversationStatus as ConversationStatusValue,
  Handling as HandlingValue,
  Priority as PriorityValue,
} from '../entities/Conversation.js';
import type { Audience as AudienceValue, EventKind } from '../entities/Entry.js';
import type { TranslationStatus as TranslationStatusValue } from '../entities/languages.js';
import type {
  NotificationChannel as NotificationChannelValue,
  NotificationKind as NotificationKindValue,
} from '../entities/Notification.js';
import type { Availability as AvailabilityValue } from '../entities/Presence.js';
import type { TicketStatus as TicketStatusValue } from '../entities/Ticket.js';
import type { TransferStatus as TransferStatusValue } from '../entities/Transfer.js';
import type { ReplyPolicy as ReplyPolicyValue } from '../entities/Workspace.js';
import type { RefusalCode } from '../errors.js';
import { enumType } from './enumType.js';

export const AgentRole = enumType<AgentRoleValue>('AgentRole', 'What a human team member may do.', {
  AGENT: 'Reads and handles every conversation of the workspace.',
  ADMIN: 'An agent who also manages the workspace and its people, and may take conversations from colleagues.',
});

export const Scope = enumType<ScopeValue>('Scope', 'What an integration or an AI agent is allowed to do by its key.', {
  CONVERSATIONS_READ: 'Read conversations, their messages, and team-only fields such as tags and priority.',
  MESSAGES_WRITE: 'Start conversations and send messages on behalf of customers.',
  WHISPERS_READ: 'Read all entries that only the team sees: whispers, joins and leaves.',
  CUSTOMERS_READ: "Read customers' e-mail, phone, language and external id.",
  CUSTOMERS_WRITE: 'Create and change customers.',
  TICKETS_READ: 'Read tickets, their comments and their history.',
  TICKETS_WRITE: 'Create and change tickets.',
  WEBHOOKS_MANAGE: 'Manage webhook endpoints.',
  AI_TURNS: 'Receive AI turns and answer them.',
});

export const ConversationStatus = enumType<ConversationStatusValue>(
  'ConversationStatus',
  'How far a conversation has come: OPEN, then RESOLVED, then FINALIZED.',
  {
    OPEN: 'Being talked about.',
    RESOLVED: 'Answered, it seems. A message of anybody in it, or an agent, opens it again.',
    FINALIZED: 'Ended for good. Nobody can write, and it is never reopened.',
  },
);

export const Handling = enumType<HandlingValue>('Handling', 'Who answers the customer now.', {
  AI: 'Its AI agent is active; people must take over before they write.',
  HUMAN: 'Exactly one agent is assigned; the AI agent is paused.',
  UNATTENDED: 'Nobody yet. The AI agent is paused; any agent may take over.',
});

export const Channel = enumType<ChannelValue>('Channel', 'Where the customer writes from.', {
  WEB: 'The chat on a web page or in an app.',
  EMAIL: 'E-mail.',
  WHATSAPP: 'WhatsApp.',
  TELEGRAM: 'Telegram.',
  MESSENGER: 'Facebook Messenger.',
  SMS: 'Text messages.',
  API: "A partner's program that named no other channel.",
});

export const Priority = enumType<PriorityValue>('Priority', 'How urgent the team considers it.', {
  LOW: 'Can wait.',
  NORMAL: 'As usual. Every conversation begins so.',
  HIGH: 'Before the usual.',
  URGENT: 'Now.',
});

export const Audience = enumType<AudienceValue>('Audience', 'Who may see an entry of the timeline.', {
  EVERYONE: 'The customer, the team and the AI agent.',
  TEAM: 'Human agents of the workspace, and integrations with WHISPERS_READ.',
  SELF: 'Its author alone: a personal note.',
});

export const WhisperAudience = enumType<'TEAM' | 'SELF'>('WhisperAudience', 'Who may read a whisper.', {
  TEAM: 'Every human agent of the workspace.',
  SELF: 'Its author alone: a personal note. It makes nobody a participant and mentions nobody.',
});

export const ReplyPolicy = enumType<ReplyPolicyValue>('ReplyPolicy', 'Which agents may write to a customer.', {
  PARTICIPANTS: 'Any agent, once a human is assigned; writing makes one a participant.',
  ASSIGNEE_ONLY: 'The assignee alone; everybody else, admins included, gets NOT_ASSIGNEE.',
});

export const ConversationEventKind = enumType<EventKind>(
  'ConversationEventKind',
  'What happened. STARTED to FINALIZED have the audience EVERYONE, the others TEAM.',
  {
    STARTED: 'The conversation began.',
    TAKEN_OVER: 'An agent took it over and answers from now on.',
    HANDED_BACK: 'The AI agent answers again.',
    HUMAN_REQUESTED: 'A person was asked for: by the customer, the AI agent, or a deadline that passed.',
    ASSIGNED: 'Another agent answers from now on, who accepted an offer of it.',
    UNASSIGNED: 'The agent who answered is no longer there; nobody answers until somebody takes over.',
    RESOLVED: 'It was marked as answered.',
    REOPENED: 'It is open again.',
    FINALIZED: 'It ended for good.',
    JOINED: 'An agent joined to follow and help. Team only.',
    LEFT: 'An agent left. Team only.',
    TRANSFER_REQUESTED: 'It was offered to a colleague. Team only.',
    TRANSFER_ACCEPTED: 'The colleague accepted; ASSIGNED follows, which everyone sees. Team only.',
    TRANSFER_DECLINED: 'The colleague declined; the assignee keeps it. Team only.',
    TRANSFER_CANCELLED: 'The offer was taken back, or became pointless. Team only.',
    TRANSFER_EXPIRED: 'Nobody answered the offer in time. Team only.',
    TICKET_CREATED: 'A ticket was made of it. Later changes of the ticket leave no event. Team only.',
  },
);

export const ErrorCode = enumType<RefusalCode>('ErrorCode', 'Why a mutation refused. Stable: branch on it.', {
  FORBIDDEN: 'Your role may never do this.',
  NOT_FOUND: 'Something named in the input is not there, or not yours to see; `path` says which.',
  INVALID_INPUT: 'A value breaks a rule; `path` says which, `message` says what it takes.',
  IDEMPOTENCY_KEY_REUSED: 'You used this idempotency key for another mutation or another input.',
  INVALID_CREDENTIALS: 'E-mail and password do not match an active agent.',
  NOT_ASSIGNEE: 'Only the assignee (or an admin, where the mutation says so) may do this.',
  ALREADY_ASSIGNED: 'Another agent answers for the conversation; the error names them and since when.',
  TAKE_OVER_REQUIRED: 'No human answers here yet: take over first.',
  AI_PAUSED: 'Somebody else answers: the AI agent may not speak now.',
  AI_TURN_CLOSED: 'The turn was answered, taken over, or missed its deadline.',
  NO_AI_AGENT: 'There is no enabled AI agent to hand back to.',
  CONVERSATION_NOT_OPEN: 'This needs an open conversation; reopen it first.',
  CONVERSATION_FINALIZED: 'The conversation ended for good.',
  ASSIGNEE_MUST_TRANSFER:
    'The assignee cannot leave: transfer it, hand it back or resolve it. An offer alone is not enough.',
  TRANSFER_PENDING: 'An offer of this conversation waits for an answer already; cancel it first.',
  TRANSFER_NOT_PENDING: 'The offer no longer waits for an answer; the error says how it ended.',
  TRANSFER_TARGET_UNAVAILABLE: 'The target answers for the conversation already, or was deactivated.',
  ATTACHMENT_NOT_READY: 'A file that is named has not been uploaded yet.',
  FILE_TOO_LARGE: 'The file is larger than the workspace allows.',
  UNSUPPORTED_FILE_TYPE: 'The file is not of a kind that may be sent, or its content is not what such a file holds.',
});

export const InboxUpdateKind = enumType<'READY' | 'CHANGED' | 'REMOVED'>(
  'InboxUpdateKind',
  'What an update of the inbox says.',
  {
    READY: 'The stream is open: fetch the page now, and nothing is missed. Always first, once.',
    CHANGED: 'The conversation changed and matches the filter now: put it in place by its id.',
    REMOVED: 'The conversation changed and does not match the filter now: take it out if it is there.',
  },
);

export const TransferStatus = enumType<TransferStatusValue>('TransferStatus', 'How an offer stands. It ends once.', {
  PENDING: 'It waits for the answer of its target. The giver is still the assignee.',
  ACCEPTED: 'Its target accepted and answers for the conversation now.',
  DECLINED: 'Its target declined, or left the conversation.',
  CANCELLED:
    'Taken back by the assignee or an admin; or the conversation was resolved, finalized, handed back or taken over, or ' +
    'one of the two was deactivated.',
  EXPIRED: 'Nobody answered until `expiresAt`.',
});

export const TicketStatus = enumType<TicketStatusValue>(
  'TicketStatus',
  'How far a ticket has come. Any may follow any, and none depends on the conversation.',
  {
    OPEN: 'To be done. Every ticket begins so.',
    IN_PROGRESS: 'Somebody is at it.',
    SOLVED: 'Done, it seems.',
    CLOSED: 'Nothing more is to be done.',
  },
);

export const NotificationKind = enumType<NotificationKindValue>('NotificationKind', 'What an agent is told of.', {
  TRANSFER_REQUESTED: 'A conversation is offered to you.',
  TRANSFER_ACCEPTED: 'A colleague accepted what you offered.',
  TRANSFER_DECLINED: 'A colleague declined what you offered; you keep it.',
  TRANSFER_CANCELLED: 'What was offered to you no longer is; or a colleague to whom you offered it was deactivated.',
  TRANSFER_EXPIRED: 'An offer by you or to you was not answered in time.',
  MENTIONED: 'A colleague named you in a whisper.',
  TAKEN_OVER: 'An admin took a conversation over from you.',
  UNATTENDED: 'The agent who answered was deactivated and nobody answers now. To admins.',
  NEEDS_HUMAN: 'Somebody asks for a person. Only to those who chose a channel for it.',
  NEW_MESSAGE: 'A message by somebody else where you are in. Only to those who chose a channel for it.',
  TICKET_ASSIGNED: 'You are to answer for a ticket.',
});

export const NotificationChannel = enumType<NotificationChannelValue>(
  'NotificationChannel',
  'A way by which an agent is told.',
  {
    IN_APP: 'In `notifications` and `notificationAdded`. Implied for all kinds but NEEDS_HUMAN and NEW_MESSAGE.',
    EMAIL: 'By e-mail, if the server has a mail server.',
    WEB_PUSH: 'To the browsers that the agent registered.',
  },
);
export const Availability = enumType<AvailabilityValue>('Availability', 'Whether an agent is there for colleagues.', {
  ONLINE: 'There, and ready for work.',
  AWAY: 'There, but not to be given anything new.',
  OFFLINE: 'Not there: chosen, or without a socket for a minute.',
});

export const TypingAudience = enumType<'EVERYONE' | 'TEAM'>('TypingAudience', 'Who is told that somebody types.', {
  EVERYONE: 'Whoever sees the conversation: it will be a message.',
  TEAM: 'Human agents of the workspace: it will be a whisper.',
});

export const TranscriptFormat = enumType<'TEXT' | 'JSON'>(
  'TranscriptFormat',
  'As what a conversation is written out.',
  {
    TEXT: 'For people: a line for each entry.',
    JSON: 'For programs: one object with all entries, in order.',
  },
);

export const TranscriptAudience = enumType<'EVERYONE' | 'TEAM'>(
  'TranscriptAudience',
  'Whose view of a conversation is written out. Personal notes are in none.',
  {
    EVERYONE: 'What the customer sees.',
    TEAM: 'Whispers and events of the team too; for agents, and integrations with WHISPERS_READ.',
  },
);

export const TranslationStatus = enumType<TranslationStatusValue>(
  'TranslationStatus',
  'What came of a wish to read a text in another language. Only TRANSLATED brings a text.',
  {
    TRANSLATED: 'It is here.',
    SAME_LANGUAGE: 'The original is in that language, or has no words: read it as it is.',
    UNSUPPORTED_LANGUAGE: 'The engine does not translate from the one to the other.',
    UNAVAILABLE: 'The engine is down, slow, or there is none. Ask again later.',
    NOT_ALLOWED:
      'It is a whisper, and the workspace sends no whispers to this engine: see `Workspace.translateWhispers`.',
  },
);
