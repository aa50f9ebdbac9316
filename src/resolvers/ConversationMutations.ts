import { Arg, Ctx, Mutation, Resolver } from 'type-graphql';
import { receiveDirectUploads } from '../actions/files/receiveUpload.js';
import { finalizeConversation } from '../actions/finalizeConversation.js';
import { handBackConversation } from '../actions/handBackConversation.js';
import { joinConversation } from '../actions/joinConversation.js';
import { leaveConversation } from '../actions/leaveConversation.js';
import { markConversationRead } from '../actions/markConversationRead.js';
import { reopenConversation } from '../actions/reopenConversation.js';
import { requestHuman } from '../actions/requestHuman.js';
import { resolveConversation } from '../actions/resolveConversation.js';
import { sendMessage } from '../actions/sendMessage.js';
import { startConversation } from '../actions/startConversation.js';
import { takeOverConversation } from '../actions/takeOverConversation.js';
import { updateConversation } from '../actions/updateConversation.js';
import { whisper } from '../actions/whisper.js';
import {
  FinalizeConversationInput,
  HandBackConversationInput,
  JoinConversationInput,
  LeaveConversationInput,
  MarkConversationReadInput,
  ReopenConversationInput,
  RequestHumanInput,
  ResolveConversationInput,
  SendMessageInput,
  StartConversationInput,
  TakeOverConversationInput,
  UpdateConversationInput,
  WhisperInput,
} from '../schema/conversationInputs.js';
import {
  FinalizeConversationPayload,
  HandBackConversationPayload,
  JoinConversationPayload,
  LeaveConversationPayload,
  MarkConversationReadPayload,
  ReopenConversationPayload,
  RequestHumanPayload,
  ResolveConversationPayload,
  SendMessagePayload,
  StartConversationPayload,
  TakeOverConversationPayload,
  UpdateConversationPayload,
  WhisperPayload,
} from '../schema/payloads.js';
import { Context } from './Context.js';
import { inputDescription } from './inputDescription.js';
import { conversationOf, settle } from './settle.js';

@Resolver()
export class ConversationMutations {
  @Mutation(() => StartConversationPayload, {
    description:
      'Opens a conversation with a first message. If the workspace has an enabled default AI agent it answers, else the ' +
      'conversation is UNATTENDED. Customers, and integrations with MESSAGES_WRITE for a customer of theirs.',
  })
  startConversation(
    @Arg('input', inputDescription) input: StartConversationInput,
    @Ctx() context: Context,
  ): Promise<object> {
    const action = withFiles(context, input, () => startConversation(context.parts.world, context.caller, input));
    return settle(context, action, ({ conversationId, subjectId }) => ({
      get conversation() {
        return context.loaders.conversation.load(conversationId!);
      },
      get message() {
        return context.loaders.entry.load(subjectId!);
      },
    }));
  }

  @Mutation(() => SendMessagePayload, {
    description:
      'Writes a message that everyone in the conversation sees. Customers until it is finalized; agents while handling is ' +
      'HUMAN (else TAKE_OVER_REQUIRED); AI agents in their open turn. Writing to a resolved conversation reopens it.',
  })
  sendMessage(@Arg('input', inputDescription) input: SendMessageInput, @Ctx() context: Context): Promise<object> {
    const action = withFiles(context, input, () => sendMessage(context.parts.world, context.caller, input));
    return settle(context, action, ({ subjectId }) => ({
      get message() {
        return context.loaders.entry.load(subjectId!);
      },
    }));
  }

  @Mutation(() => WhisperPayload, {
    description:
      'Writes something that only the team sees, or with the audience SELF only its author. Moves nothing that the ' +
      'customer can see. Agents.',
  })
  whisper(@Arg('input', inputDescription) input: WhisperInput, @Ctx() context: Context): Promise<object> {
    const action = withFiles(context, input, () => whisper(context.parts.world, context.caller, input));
    return settle(context, action, ({ subjectId }) => ({
      get whisper() {
        return context.loaders.entry.load(subjectId!);
      },
    }));
  }

  @Mutation(() => TakeOverConversationPayload, {
    description:
      '"Assign to me": the caller becomes assignee and participant, the AI agent is paused. ALREADY_ASSIGNED if a human is ' +
      'assigned, unless an admin passes `force`. On a resolved conversation it reopens it. Agents.',
  })
  takeOverConversation(
    @Arg('input', inputDescription) input: TakeOverConversationInput,
    @Ctx() context: Context,
  ): Promise<object> {
    return settle(
      context,
      () => takeOverConversation(context.parts.world, context.caller, input),
      conversationOf(context),
    );
  }

  @Mutation(() => HandBackConversationPayload, {
    description:
      'The AI agent answers again. By the assignee or an admin; any agent when UNATTENDED. NO_AI_AGENT if there is none. Agents.',
  })
  handBackConversation(
    @Arg('input', inputDescription) input: HandBackConversationInput,
    @Ctx() context: Context,
  ): Promise<object> {
    return settle(
      context,
      () => handBackConversation(context.parts.world, context.caller, input),
      conversationOf(context),
    );
  }

  @Mutation(() => RequestHumanPayload, {
    description:
      'Asks for a person: `needsHuman` is set and handling becomes UNATTENDED. Where people answer already, a customer changes ' +
      'nothing and an AI agent gets AI_PAUSED. Customers, and AI agents in their turn.',
  })
  requestHuman(@Arg('input', inputDescription) input: RequestHumanInput, @Ctx() context: Context): Promise<object> {
    return settle(context, () => requestHuman(context.parts.world, context.caller, input), conversationOf(context));
  }

  @Mutation(() => JoinConversationPayload, {
    description: 'Become a participant, to follow and help. The customer sees nothing of it. Agents.',
  })
  joinConversation(
    @Arg('input', inputDescription) input: JoinConversationInput,
    @Ctx() context: Context,
  ): Promise<object> {
    return settle(context, () => joinConversation(context.parts.world, context.caller, input), conversationOf(context));
  }

  @Mutation(() => LeaveConversationPayload, {
    description: 'Stop being a participant; you may still look. The assignee cannot: ASSIGNEE_MUST_TRANSFER. Agents.',
  })
  leaveConversation(
    @Arg('input', inputDescription) input: LeaveConversationInput,
    @Ctx() context: Context,
  ): Promise<object> {
    return settle(
      context,
      () => leaveConversation(context.parts.world, context.caller, input),
      conversationOf(context),
    );
  }

  @Mutation(() => ResolveConversationPayload, {
    description:
      'Marks it as answered; assignee and handling stay. By the assignee, an admin, or any agent when nobody is assigned. Agents.',
  })
  resolveConversation(
    @Arg('input', inputDescription) input: ResolveConversationInput,
    @Ctx() context: Context,
  ): Promise<object> {
    return settle(
      context,
      () => resolveConversation(context.parts.world, context.caller, input),
      conversationOf(context),
    );
  }

  @Mutation(() => ReopenConversationPayload, {
    description: 'Opens a resolved conversation again. Any agent.',
  })
  reopenConversation(
    @Arg('input', inputDescription) input: ReopenConversationInput,
    @Ctx() context: Context,
  ): Promise<object> {
    return settle(
      context,
      () => reopenConversation(context.parts.world, context.caller, input),
      conversationOf(context),
    );
  }

  @Mutation(() => FinalizeConversationPayload, {
    description:
      'Ends it for good. By the assignee, an admin, any agent when nobody is assigned, or the customer for their own.',
  })
  finalizeConversation(
    @Arg('input', inputDescription) input: FinalizeConversationInput,
    @Ctx() context: Context,
  ): Promise<object> {
    return settle(
      context,
      () => finalizeConversation(context.parts.world, context.caller, input),
      conversationOf(context),
    );
  }

  @Mutation(() => UpdateConversationPayload, {
    description:
      'Changes subject, priority and tags. Leaves no entry; only a new subject is seen by the customer. Agents.',
  })
  updateConversation(
    @Arg('input', inputDescription) input: UpdateConversationInput,
    @Ctx() context: Context,
  ): Promise<object> {
    return settle(
      context,
      () => updateConversation(context.parts.world, context.caller, input),
      conversationOf(context),
    );
  }

  @Mutation(() => MarkConversationReadPayload, {
    description: "Moves the viewer's read mark, never backwards. Agents and customers.",
  })
  markConversationRead(
    @Arg('input', inputDescription) input: MarkConversationReadInput,
    @Ctx() context: Context,
  ): Promise<object> {
    return settle(
      context,
      () => markConversationRead(context.parts.world, context.caller, input),
      conversationOf(context),
    );
  }
}

/** What was put straight into the bucket is looked at before it is used, and before anything is locked. */
const withFiles =
  <T>(
    { parts: { world, files }, caller }: Context,
    { attachmentIds }: { attachmentIds?: string[] | null },
    action: () => Promise<T>,
  ) =>
  async (): Promise<T> => {
    await receiveDirectUploads(world, files, caller, attachmentIds ?? []);
    return action();
  };
