import { Arg, Ctx, Mutation, Resolver } from 'type-graphql';
import type { Outcome } from '../actions/once.js';
import { acceptTransfer } from '../actions/transfers/acceptTransfer.js';
import { cancelTransfer } from '../actions/transfers/cancelTransfer.js';
import { declineTransfer } from '../actions/transfers/declineTransfer.js';
import { transferConversation } from '../actions/transfers/transferConversation.js';
import {
  AcceptTransferInput,
  AcceptTransferPayload,
  CancelTransferInput,
  CancelTransferPayload,
  DeclineTransferInput,
  DeclineTransferPayload,
  TransferConversationInput,
  TransferConversationPayload,
} from '../schema/transferMutations.js';
import { Context } from './Context.js';
import { inputDescription } from './inputDescription.js';
import { settle } from './settle.js';

@Resolver()
export class TransferMutations {
  @Mutation(() => TransferConversationPayload, {
    description:
      'Offers the conversation to a colleague; until they accept, its assignee keeps it. One offer at a time ' +
      '(TRANSFER_PENDING). By the assignee or an admin. Agents.',
  })
  transferConversation(
    @Arg('input', inputDescription) input: TransferConversationInput,
    @Ctx() context: Context,
  ): Promise<object> {
    const action = () => transferConversation(context.parts.world, context.caller, input);
    return settle(context, action, (outcome) =>
      Object.defineProperties(transferOf(context)(outcome), {
        targetAvailability: { get: () => context.loaders.availability(input.toAgentId) },
      }),
    );
  }

  @Mutation(() => AcceptTransferPayload, {
    description: 'The target of an offer becomes assignee and participant in one step. Agents.',
  })
  acceptTransfer(@Arg('input', inputDescription) input: AcceptTransferInput, @Ctx() context: Context): Promise<object> {
    return settle(context, () => acceptTransfer(context.parts.world, context.caller, input), transferOf(context));
  }

  @Mutation(() => DeclineTransferPayload, {
    description: 'The target of an offer says no; the giver is told and keeps the conversation. Agents.',
  })
  declineTransfer(
    @Arg('input', inputDescription) input: DeclineTransferInput,
    @Ctx() context: Context,
  ): Promise<object> {
    return settle(context, () => declineTransfer(context.parts.world, context.caller, input), transferOf(context));
  }

  @Mutation(() => CancelTransferPayload, {
    description: 'Takes an offer back; the target is told. By the assignee or an admin. Agents.',
  })
  cancelTransfer(@Arg('input', inputDescription) input: CancelTransferInput, @Ctx() context: Context): Promise<object> {
    return settle(context, () => cancelTransfer(context.parts.world, context.caller, input), transferOf(context));
  }
}

/** The offer and its conversation as the subjects of a payload. */
const transferOf = (context: Context) => (outcome: Outcome) => ({
  get transfer() {
    return context.loaders.transfer.load(outcome.subjectId!);
  },
  get conversation() {
    return context.loaders.conversation.load(outcome.conversationId!);
  },
});
