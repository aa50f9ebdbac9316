import {
  Arg,
  Ctx,
  FieldResolver,
  ID,
  Mutation,
  Resolver,
  Root,
  type SubscribeResolverData,
  Subscription,
} from 'type-graphql';
import { setTyping } from '../actions/setTyping.js';
import type { TypingRing } from '../live/Bells.js';
import { SetTypingPayload } from '../schema/payloads.js';
import { SetTypingInput, TypingState } from '../schema/typing.js';
import { Context } from './Context.js';
import { inputDescription } from './inputDescription.js';
import { settle } from './settle.js';

@Resolver(() => TypingState)
export class TypingResolver {
  @Mutation(() => SetTypingPayload, {
    description:
      'Shows others for six seconds that the viewer types, or that they stopped. Never stored, and ignored where the viewer ' +
      'could not send now. The audience TEAM is for agents. Customers, agents and AI agents.',
  })
  setTyping(@Arg('input', inputDescription) input: SetTypingInput, @Ctx() context: Context): Promise<object> {
    const action = () => setTyping(context.parts.world, context.caller, input);
    return settle(context, action, () => ({}));
  }

  @Subscription(() => TypingState, {
    description:
      'Who begins and who stops to type, from now on; never the viewer. Typing for the team reaches nobody else. It is not ' +
      'stored and may be lost. Customers, agents and AI agents.',
    subscribe: ({ context, args }: SubscribeResolverData<unknown, { conversationId: string }, Context>) =>
      context.parts.streams.typing(context.caller, 'followTyping', args.conversationId),
  })
  typingChanged(
    @Arg('conversationId', () => ID, {
      description: 'Which conversation. NOT_FOUND if it is not there or not visible.',
    })
    _conversationId: string,
    @Root() ring: TypingRing,
  ): object {
    return ring;
  }

  @FieldResolver()
  actor(@Root() { actorId }: TypingRing, @Ctx() { loaders }: Context): Promise<object | null> {
    return loaders.actor.load(actorId);
  }
}
