import { Arg, Args, Ctx, Query, Resolver } from 'type-graphql';
import { hitCursor, hitOfCursor } from '../reads/cursors.js';
import { connection, type PageArgs, pageRequest } from '../reads/page.js';
import { search } from '../reads/search.js';
import { ForwardArgs } from '../schema/connections.js';
import { MessageConnection, WhisperConnection } from '../schema/timeline.js';
import { Context } from './Context.js';

const queryDescription = {
  description:
    'Words, 1 to 200 characters; each also finds the words that it begins. "in this order", this or that, -without.',
};

@Resolver()
export class SearchResolver {
  @Query(() => MessageConnection, {
    description:
      'The messages that the viewer may see and that say this, best first, then latest. Where no word begins so, those ' +
      'that contain or resemble it. Accents and case do not matter. Its cursors are for this list alone. TIMED_OUT ' +
      'after two seconds: ask for something less common.',
  })
  searchMessages(
    @Arg('query', queryDescription) query: string,
    @Args(() => ForwardArgs) args: ForwardArgs,
    @Ctx() context: Context,
  ): Promise<object> {
    return page(context, 'messages', query, args);
  }

  @Query(() => WhisperConnection, {
    nullable: true,
    description: "The same among whispers and the viewer's own notes. Team only.",
  })
  searchWhispers(
    @Arg('query', queryDescription) query: string,
    @Args(() => ForwardArgs) args: ForwardArgs,
    @Ctx() context: Context,
  ): Promise<object> {
    return page(context, 'whispers', query, args);
  }
}

async function page(
  { parts, caller }: Context,
  what: 'messages' | 'whispers',
  query: string,
  args: PageArgs,
): Promise<object> {
  const request = pageRequest(args, hitOfCursor);
  const rows = await search(parts.world.database, caller, what, query, request);
  return connection(rows, request, hitCursor);
}
