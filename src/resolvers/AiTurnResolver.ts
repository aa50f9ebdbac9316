import { Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import type { AiTurnRow } from '../reads/rows.js';
import { AiTurn } from '../schema/aiTurn.js';
import { Context } from './Context.js';

@Resolver(() => AiTurn)
export class AiTurnResolver {
  @FieldResolver()
  conversation(@Root() { conversationId }: AiTurnRow, @Ctx() { loaders }: Context): Promise<object | null> {
    return loaders.conversation.load(conversationId);
  }

  @FieldResolver()
  unanswered(@Root() turn: AiTurnRow, @Ctx() { loaders }: Context): Promise<object[]> {
    return loaders.unanswered.load(turn);
  }

  @FieldResolver()
  humanSpoke(@Root() { humanFrom, humanTo }: AiTurnRow): object | null {
    return humanFrom && humanTo && { from: humanFrom, to: humanTo };
  }
}
