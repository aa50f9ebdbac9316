import { Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import type { TransferRow } from '../reads/rows.js';
import { Conversation } from '../schema/conversation.js';
import { Transfer } from '../schema/transfer.js';
import { Context } from './Context.js';

@Resolver(() => Transfer)
export class TransferResolver {
  @FieldResolver(() => Conversation, { description: 'The conversation that is offered.' })
  conversation(@Root() { conversationId }: TransferRow, @Ctx() { loaders }: Context): Promise<object | null> {
    return loaders.conversation.load(conversationId);
  }

  @FieldResolver()
  from(@Root() { fromId }: TransferRow, @Ctx() { loaders }: Context): Promise<object | null> {
    return loaders.actor.load(fromId);
  }

  @FieldResolver()
  to(@Root() { toId }: TransferRow, @Ctx() { loaders }: Context): Promise<object | null> {
    return loaders.actor.load(toId);
  }
}
