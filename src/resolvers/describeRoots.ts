import type { GraphQLSchema } from 'graphql';

/** What the root types are for, which type-graphql has no place to say. */
export function describeRoots(schema: GraphQLSchema): void {
  schema.getQueryType()!.description =
    'What can be read. What is not there and what the viewer may not see are answered alike.';
  schema.getMutationType()!.description =
    'What can be done. A refusal stands in `errors` of the payload, and then nothing was written.';
  schema.getSubscriptionType()!.description =
    'What can be followed, over graphql-transport-ws. What came before and what comes are one stream, without a gap.';
}
