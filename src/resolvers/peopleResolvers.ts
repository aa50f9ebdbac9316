import type { GraphQLResolveInfo } from 'graphql';
import { Args, Ctx, FieldResolver, Info, Resolver, Root } from 'type-graphql';
import { isAgent } from '../auth/Viewer.js';
import type { Availability } from '../entities/Presence.js';
import { conversationCursor, conversationOfCursor } from '../reads/cursors.js';
import { connection, pageRequest } from '../reads/page.js';
import type { ActorRow, WorkspaceRow } from '../reads/rows.js';
import { Agent, AiAgent, Customer } from '../schema/actors.js';
import { ConnectionArgs } from '../schema/connections.js';
import { ConversationConnection } from '../schema/conversation.js';
import { AlreadyAssignedError } from '../schema/userErrors.js';
import { Viewer, Workspace } from '../schema/workspace.js';
import { Context } from './Context.js';
import { selectedPieces } from './conversationPieces.js';

@Resolver(() => Viewer)
export class ViewerResolver {
  @FieldResolver()
  actor(@Root() { actorId }: { actorId: string }, @Ctx() { loaders }: Context): Promise<object | null> {
    return loaders.actor.load(actorId);
  }

  @FieldResolver()
  workspace(@Ctx() { loaders }: Context): Promise<object> {
    return loaders.workspace;
  }

  @FieldResolver()
  profile(@Ctx() { caller, loaders }: Context): object | null {
    return isAgent(caller) ? loaders.profile : null;
  }
}

@Resolver(() => Workspace)
export class WorkspaceResolver {
  @FieldResolver()
  defaultAiAgent(@Root() { defaultAiAgentId }: WorkspaceRow, @Ctx() { loaders }: Context): object | null {
    return defaultAiAgentId === null ? null : loaders.actor.load(defaultAiAgentId);
  }

  @FieldResolver()
  translateWhispers(@Root() workspace: WorkspaceRow, @Ctx() { parts }: Context): boolean {
    return parts.translations.takesWhispers(workspace);
  }
}

@Resolver(() => Agent)
export class AgentResolver {
  @FieldResolver()
  availability(@Root() { id }: ActorRow, @Ctx() { loaders }: Context): Promise<Availability> {
    return loaders.availability(id);
  }
}

@Resolver(() => AiAgent)
export class AiAgentResolver {
  @FieldResolver()
  enabled(@Root() { active }: ActorRow): boolean {
    return active;
  }
}

@Resolver(() => Customer)
export class CustomerResolver {
  @FieldResolver(() => ConversationConnection, {
    description: "The customer's conversations that the viewer may see, by `updatedAt`, latest first.",
  })
  async conversations(
    @Root() { id }: ActorRow,
    @Args(() => ConnectionArgs) args: ConnectionArgs,
    @Ctx() { loaders }: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<object> {
    const request = pageRequest(args, conversationOfCursor);
    const rows = await loaders.customerPage(id, request, selectedPieces(info, 'edges', 'node'));
    return connection(rows, request, conversationCursor);
  }
}

@Resolver(() => AlreadyAssignedError)
export class AlreadyAssignedErrorResolver {
  @FieldResolver()
  assignee(@Root() { assigneeId }: { assigneeId: string }, @Ctx() { loaders }: Context): Promise<object | null> {
    return loaders.actor.load(assigneeId);
  }
}
