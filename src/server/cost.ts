import { type DocumentNode, GraphQLError, type GraphQLSchema, getNamedType, isLeafType } from 'graphql';
import { type ComplexityEstimator, fieldExtensionsEstimator, getComplexity } from 'graphql-query-complexity';

const defaultPageSize = 20;
const mutationPoints = 10;
const subscriptionPoints = 10;

/** What lies between a list and what it lists costs nothing by itself. */
const isStructure = (name: string) => name === 'edges' || name === 'pageInfo';

/** Unless a field names its own price: an object is one point, a leaf none; a page is as many times what it lists as it may hold; a write or a stream is ten. */
const estimator: ComplexityEstimator = ({ type, field, args, childComplexity }) => {
  if (isLeafType(getNamedType(field.type))) return 0;
  if (type.name === 'Mutation') return mutationPoints + childComplexity;
  if (type.name === 'Subscription') return subscriptionPoints + childComplexity;
  if (isStructure(field.name)) return childComplexity;
  if (field.args.some(({ name }) => name === 'first')) {
    const size = args.first ?? args.last ?? defaultPageSize;
    return 1 + Math.max(0, Number(size)) * childComplexity;
  }
  if (Array.isArray(args.ids)) return args.ids.length * (1 + childComplexity);
  return 1 + childComplexity;
};

/** What an operation costs with these variables, in points, before it runs. What does not fit is BAD_USER_INPUT here
 * already: an operation whose cost cannot be told must not run for nothing. */
export function costOf(
  schema: GraphQLSchema,
  query: DocumentNode,
  operationName: string | null | undefined,
  variables: Record<string, unknown>,
): number {
  try {
    return getComplexity({
      schema,
      query,
      variables,
      estimators: [fieldExtensionsEstimator(), estimator],
      ...(operationName && { operationName }),
    });
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    const { message, nodes } = error;
    throw new GraphQLError(message, {
      nodes: nodes ?? null,
      extensions: { code: 'BAD_USER_INPUT', http: { status: 400 } },
    });
  }
}
