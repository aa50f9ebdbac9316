import { GraphQLError, type GraphQLObjectType, type GraphQLResolveInfo, type GraphQLSchema } from 'graphql';
import type { Viewer } from '../../src/auth/Viewer.js';

/** The code with which the rule before a field refuses; null when it lets one through, whatever comes of it behind. */
export async function refusalAt(
  schema: GraphQLSchema,
  type: string,
  field: string,
  parent: object,
  viewer: Viewer | null,
): Promise<unknown> {
  const parentType = schema.getType(type) as GraphQLObjectType;
  const { resolve } = parentType.getFields()[field]!;
  const info = { parentType, fieldName: field } as GraphQLResolveInfo;
  const context = { viewer, caller: viewer, loaders: {} };
  const answer = await Promise.resolve(resolve!(parent, {}, context, info)).catch(String);
  return answer instanceof GraphQLError ? answer.extensions.code : null;
}
