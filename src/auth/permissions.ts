import { createRequire } from 'node:module';
import {
  defaultFieldResolver,
  type GraphQLFieldResolver,
  type GraphQLSchema,
  isIntrospectionType,
  isObjectType,
} from 'graphql';
import type * as Shield from 'graphql-shield';
import { forbidden, unauthenticated } from '../errors.js';
import { type Deed, mayEver, roleTable } from './roles.js';
import { isAdmin, isAgent, type Viewer } from './Viewer.js';

// graphql-shield's ES module does not load on Node 23 and later (its issue 1561); its CommonJS build does.
const { rule, shield } = createRequire(import.meta.url)('graphql-shield') as typeof Shield;

interface Caller {
  viewer: Viewer | null;
}
type Parent = { id?: string; audience?: string };
type Rule = ReturnType<ReturnType<typeof rule>>;

/** Whoever holds the parent may read the field: seeing was decided where the parent was fetched. */
const open = 'open';
type Permission = Rule | typeof open;

/** Never cached: a verdict kept by shield would outlive a demotion on an open stream. */
const judged = (name: string, judge: (viewer: Viewer, parent: Parent) => boolean): Rule =>
  rule(name, { cache: 'no_cache' })((parent: Parent, _args, { viewer }: Caller) => {
    if (viewer === null) return unauthenticated();
    return judge(viewer, parent) || forbidden();
  });

const rulesOfDeeds = Object.fromEntries(
  Object.keys(roleTable).map((deed) => [deed, judged(`may ${deed}`, (viewer) => mayEver(viewer, deed as Deed))]),
) as Record<Deed, Rule>;
const may = (deed: Deed) => rulesOfDeeds[deed];
const signedIn = judged('is signed in', () => true);
const teamField = may('readTeamFields');
const teamEntry = may('readTeamEntries');
const eventOfTheirs = judged(
  'may see the event',
  (viewer, event) => event.audience === 'EVERYONE' || mayEver(viewer, 'readTeamEntries'),
);
const ticketField = may('readTickets');
const customerDetail = judged(
  'may read details of the customer',
  (viewer, customer) => customer.id === viewer.id || mayEver(viewer, 'readCustomerDetails'),
);
const ownScopes = judged('may read scopes', (viewer, { id }) => id === viewer.id || isAdmin(viewer));
/** Of what an agent alone is given. */
const own = judged('is an agent', isAgent);
const aiTurns = may('followAiTurns');

/** Every field of every type, and who may read it. A field that is missing here fails the build of the schema. */
export const permissions: Record<string, Record<string, Permission>> = {
  Query: {
    viewer: signedIn,
    node: signedIn,
    nodes: signedIn,
    conversation: may('readEveryone'),
    conversations: may('readEveryone'),
    conversationByUrl: may('readEveryone'),
    agents: teamField,
    ticket: ticketField,
    tickets: ticketField,
    notifications: signedIn,
    searchMessages: may('readEveryone'),
    searchWhispers: teamEntry,
  },
  Mutation: {
    signIn: open,
    startConversation: may('startConversation'),
    sendMessage: may('sendMessage'),
    whisper: may('whisper'),
    takeOverConversation: may('takeOverConversation'),
    handBackConversation: may('handBackConversation'),
    requestUpload: may('requestUpload'),
    requestHuman: may('requestHuman'),
    joinConversation: may('joinConversation'),
    leaveConversation: may('leaveConversation'),
    transferConversation: may('transferConversation'),
    acceptTransfer: may('acceptTransfer'),
    declineTransfer: may('declineTransfer'),
    cancelTransfer: may('cancelTransfer'),
    createTicket: may('createTicket'),
    updateTicket: may('updateTicket'),
    addTicketComment: may('addTicketComment'),
    resolveConversation: may('resolveConversation'),
    reopenConversation: may('reopenConversation'),
    finalizeConversation: may('finalizeConversation'),
    updateConversation: may('updateConversation'),
    markConversationRead: may('markConversationRead'),
    createAgent: may('createAgent'),
    updateAgent: may('updateAgent'),
    deactivateAgent: may('deactivateAgent'),
    setPassword: may('setPassword'),
    markNotificationsRead: may('markNotificationsRead'),
    updateNotificationPreferences: may('updateNotificationPreferences'),
    registerPushSubscription: may('registerPushSubscription'),
    removePushSubscription: may('removePushSubscription'),
    updateProfile: may('updateProfile'),
    updateWorkspace: may('updateWorkspace'),
    setTyping: may('setTyping'),
    setAvailability: may('setAvailability'),
  },
  Subscription: {
    timelineItemAdded: may('followTimeline'),
    messageAdded: may('followTimeline'),
    whisperAdded: may('followWhispers'),
    conversationUpdated: may('followTimeline'),
    inboxUpdated: may('followInbox'),
    notificationAdded: may('followNotifications'),
    aiTurnOpened: aiTurns,
    typingChanged: may('followTyping'),
  },
  Viewer: { actor: open, workspace: open, profile: open },
  AgentProfile: {
    id: own,
    availability: own,
    preferredLanguage: own,
    autoTranslate: own,
    notificationPreferences: own,
    pushPublicKey: own,
    pendingTransfers: own,
  },
  NotificationPreference: { kind: open, channels: open },
  Notification: {
    id: own,
    kind: own,
    conversation: own,
    transfer: own,
    ticket: own,
    actor: own,
    createdAt: own,
    readAt: own,
  },
  Workspace: {
    id: open,
    name: open,
    defaultAiAgent: open,
    maxUploadBytes: open,
    replyPolicy: teamField,
    transferTimeoutSeconds: teamField,
    autoResolveAfterSeconds: teamField,
    autoFinalizeAfterSeconds: teamField,
    translateWhispers: teamField,
  },
  Customer: {
    id: open,
    displayName: open,
    avatarUrl: open,
    externalId: customerDetail,
    email: customerDetail,
    phone: customerDetail,
    language: customerDetail,
    conversations: open,
  },
  Agent: {
    id: open,
    displayName: open,
    avatarUrl: open,
    email: teamField,
    role: teamField,
    active: teamField,
    availability: teamField,
  },
  AiAgent: { id: open, displayName: open, avatarUrl: open, enabled: teamField },
  Integration: { id: open, displayName: open, avatarUrl: open, scopes: ownScopes },
  SystemActor: { id: open, displayName: open, avatarUrl: open },
  Conversation: {
    id: open,
    subject: open,
    status: open,
    channel: open,
    customer: open,
    handling: open,
    assignee: open,
    aiAgent: open,
    createdAt: open,
    updatedAt: open,
    url: open,
    lastMessage: open,
    messages: open,
    timeline: open,
    participants: open,
    whispers: teamEntry,
    needsHuman: teamField,
    priority: teamField,
    tags: teamField,
    pendingTransfer: teamField,
    transfers: teamField,
    tickets: ticketField,
    transcript: open,
    unreadCount: open,
    viewerCan: open,
  },
  ConversationAbilities: {
    sendMessage: open,
    whisper: open,
    takeOver: open,
    handBack: open,
    requestHuman: open,
    join: open,
    leave: open,
    transfer: open,
    createTicket: open,
    resolve: open,
    reopen: open,
    finalize: open,
    update: open,
  },
  Ability: { allowed: open, refusal: open },
  Participant: { actor: open, joinedAt: open, lastReadAt: open },
  NeedsHuman: { reason: teamField, since: teamField, by: teamField },
  Message: {
    id: open,
    conversation: open,
    actor: open,
    createdAt: open,
    url: open,
    text: open,
    attachments: open,
    language: open,
    translatedText: open,
    translation: teamField,
  },
  Whisper: {
    id: teamEntry,
    conversation: teamEntry,
    actor: teamEntry,
    createdAt: teamEntry,
    url: teamEntry,
    audience: teamEntry,
    text: teamEntry,
    attachments: teamEntry,
    language: teamEntry,
    translatedText: teamEntry,
    translation: teamEntry,
    mentions: teamEntry,
  },
  Translation: { status: open, text: open, from: open, to: open },
  Attachment: { id: open, fileName: open, contentType: open, byteSize: open, url: open, image: open },
  ImageInfo: { width: open, height: open, thumbnailUrl: open },
  Upload: { attachmentId: open, url: open, method: open, headers: open, expiresAt: open },
  UploadHeader: { name: open, value: open },
  ConversationEvent: {
    id: open,
    conversation: open,
    actor: open,
    createdAt: open,
    url: open,
    kind: eventOfTheirs,
    audience: eventOfTheirs,
    agent: eventOfTheirs,
    transfer: teamField,
    ticket: ticketField,
  },
  Transfer: {
    id: teamField,
    conversation: teamField,
    from: teamField,
    to: teamField,
    note: teamEntry,
    leaveOnAccept: teamField,
    status: teamField,
    createdAt: teamField,
    expiresAt: teamField,
    answeredAt: teamField,
    declineReason: teamEntry,
  },
  Ticket: {
    id: ticketField,
    number: ticketField,
    title: ticketField,
    description: ticketField,
    status: ticketField,
    priority: ticketField,
    conversation: teamField,
    createdBy: ticketField,
    assignee: ticketField,
    createdAt: ticketField,
    updatedAt: ticketField,
    url: ticketField,
    snapshot: ticketField,
    comments: ticketField,
    history: ticketField,
  },
  TicketComment: { id: ticketField, author: ticketField, text: ticketField, createdAt: ticketField },
  TicketChange: { actor: open, field: open, from: open, to: open, createdAt: open },
  ConversationSnapshot: {
    takenAt: open,
    subject: open,
    customer: open,
    assignee: open,
    participants: open,
    entries: open,
    sha256: open,
    intact: open,
  },
  SnapshotActor: { actorId: open, displayName: open },
  SnapshotEntry: {
    entryId: open,
    kind: open,
    audience: open,
    actor: open,
    agent: open,
    text: open,
    attachments: open,
    createdAt: open,
    erasedAt: open,
    salt: open,
    sha256: open,
  },
  AiTurn: {
    id: aiTurns,
    conversation: aiTurns,
    openedAt: aiTurns,
    expiresAt: aiTurns,
    unanswered: aiTurns,
    humanSpoke: aiTurns,
  },
  HumanInterval: { from: open, to: open },
  InboxUpdate: { kind: open, conversation: open },
  TypingState: { actor: open, typing: open, audience: open },
  PageInfo: { hasNextPage: open, hasPreviousPage: open, startCursor: open, endCursor: open },
};

/** Wrappers around what has rules of its own: whoever holds one may read all of it. */
const isWrapper = (type: string) => /(Edge|Connection|Payload|Error)$/.test(type);

type Middleware = (
  resolve: GraphQLFieldResolver<unknown, Caller>,
  ...field: Parameters<GraphQLFieldResolver<unknown, Caller>>
) => unknown;

/**
 * Puts the rules before the fields that have one, and before `subscribe` too, which shield by itself leaves open: a
 * refused stream is refused when it is asked for. Only those fields are wrapped, since shield would make every field of
 * every type asynchronous. Throws when a field of the schema has no declared permission, or one is declared in vain.
 */
export function guard(schema: GraphQLSchema): GraphQLSchema {
  const undeclared = new Set(
    Object.entries(permissions).flatMap(([type, fields]) => Object.keys(fields).map((field) => `${type}.${field}`)),
  );
  const middlewares = shieldMiddlewares(schema);
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || isIntrospectionType(type) || isWrapper(type.name)) continue;
    for (const field of Object.values(type.getFields())) {
      const permission = permissions[type.name]?.[field.name];
      if (permission === undefined)
        throw new Error(`${type.name}.${field.name} has no declared permission (auth/permissions)`);
      undeclared.delete(`${type.name}.${field.name}`);
      if (permission === open) continue;
      const middleware = middlewares[type.name]![field.name]!;
      const { resolve, subscribe } = field;
      field.resolve = guarded(middleware, resolve ?? defaultFieldResolver);
      if (subscribe) field.subscribe = guarded(middleware, subscribe);
    }
  }
  if (undeclared.size > 0) throw new Error(`Permissions of fields that do not exist: ${[...undeclared].join(', ')}`);
  return schema;
}

const guarded =
  (middleware: Middleware, resolve: GraphQLFieldResolver<unknown, Caller>): GraphQLFieldResolver<unknown, Caller> =>
  (...field) =>
    middleware(resolve, ...field);

function shieldMiddlewares(schema: GraphQLSchema): Record<string, Record<string, Middleware>> {
  const rules = Object.fromEntries(
    Object.entries(permissions).map(([type, fields]) => [
      type,
      Object.fromEntries(Object.entries(fields).filter(([, permission]) => permission !== open)),
    ]),
  );
  const generator = shield(rules as never, {
    allowExternalErrors: true,
    fallbackRule: rule('nothing else', { cache: 'no_cache' })(() => forbidden()),
    fallbackError: () => forbidden(),
  }) as unknown as { generate(schema: GraphQLSchema): Record<string, Record<string, Middleware>> };
  return generator.generate(schema);
}
