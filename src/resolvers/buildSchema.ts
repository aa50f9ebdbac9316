import 'reflect-metadata';
import type { GraphQLSchema } from 'graphql';
import { buildSchemaSync, type NonEmptyArray } from 'type-graphql';
import { guard } from '../auth/permissions.js';
import { AiAgent, Integration, SystemActor } from '../schema/actors.js';
import { GenericUserError, TransferNotPendingError } from '../schema/userErrors.js';
import { AiTurnResolver } from './AiTurnResolver.js';
import { AttachmentResolver } from './AttachmentResolver.js';
import { ConversationMutations } from './ConversationMutations.js';
import { ConversationResolver, ParticipantResolver } from './ConversationResolver.js';
import { describeRoots } from './describeRoots.js';
import { NotificationMutations } from './NotificationMutations.js';
import { AgentProfileResolver, NotificationConnectionResolver, NotificationResolver } from './NotificationResolver.js';
import { PeopleMutations } from './PeopleMutations.js';
import { PresenceResolver } from './PresenceResolver.js';
import {
  AgentResolver,
  AiAgentResolver,
  AlreadyAssignedErrorResolver,
  CustomerResolver,
  ViewerResolver,
  WorkspaceResolver,
} from './peopleResolvers.js';
import { QueryResolver } from './QueryResolver.js';
import { SearchResolver } from './SearchResolver.js';
import { SubscriptionResolver } from './SubscriptionResolver.js';
import { TicketMutations } from './TicketMutations.js';
import { TicketQueries } from './TicketQueries.js';
import {
  ConversationSnapshotResolver,
  SnapshotEntryResolver,
  TicketChangeResolver,
  TicketCommentResolver,
  TicketResolver,
} from './TicketResolver.js';
import {
  ConversationEventResolver,
  MessageResolver,
  TimelineEntryResolver,
  WhisperResolver,
} from './TimelineEntryResolver.js';
import { TransferMutations } from './TransferMutations.js';
import { TransferResolver } from './TransferResolver.js';
import { TypingResolver } from './TypingResolver.js';
import { MessageTextResolver, WhisperTextResolver } from './textResolver.js';

const resolvers: NonEmptyArray<new () => object> = [
  QueryResolver,
  SearchResolver,
  TicketQueries,
  ConversationMutations,
  TransferMutations,
  TicketMutations,
  NotificationMutations,
  PeopleMutations,
  SubscriptionResolver,
  ConversationResolver,
  ParticipantResolver,
  TimelineEntryResolver,
  MessageResolver,
  WhisperResolver,
  MessageTextResolver,
  WhisperTextResolver,
  ConversationEventResolver,
  AttachmentResolver,
  TransferResolver,
  TicketResolver,
  TicketCommentResolver,
  TicketChangeResolver,
  ConversationSnapshotResolver,
  SnapshotEntryResolver,
  NotificationResolver,
  NotificationConnectionResolver,
  AgentProfileResolver,
  AiTurnResolver,
  ViewerResolver,
  WorkspaceResolver,
  CustomerResolver,
  AgentResolver,
  AiAgentResolver,
  AlreadyAssignedErrorResolver,
  PresenceResolver,
  TypingResolver,
];

/** The whole schema with its rules. Throws when a field has no declared permission. */
export function buildSchema(): GraphQLSchema {
  const schema = buildSchemaSync({
    resolvers,
    orphanedTypes: [AiAgent, Integration, SystemActor, GenericUserError, TransferNotPendingError],
    validate: false,
    // Streams come from `live`, never from a bus: type-graphql only asks that there is one.
    pubSub: { publish: refuseBus, subscribe: refuseBus },
  });
  describeRoots(schema);
  return guard(schema);
}

function refuseBus(): never {
  throw new Error('Events travel by the log and its bells (live/), not by a bus.');
}
