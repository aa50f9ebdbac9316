import { badUserInput } from '../errors.js';

/** The arguments of every connection. */
export interface PageArgs {
  first?: number | null;
  after?: string | null;
  last?: number | null;
  before?: string | null;
}

/** A page to fetch: `limit` edges from the start (or from the end, backward) between two cursors. */
export interface PageRequest<Key> {
  limit: number;
  backward: boolean;
  after: Key | null;
  before: Key | null;
}

export interface Edge<Node> {
  cursor: string;
  node: Node;
}

export interface Connection<Node> {
  edges: Edge<Node>[];
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string | null; endCursor: string | null };
}

export const maxPageSize = 100;
const defaultPageSize = 20;

/** Checks the arguments once for all connections. `first` and `last` together, or outside 1 to 100: BAD_USER_INPUT. */
export function pageRequest<Key>(args: PageArgs, keyOf: (cursor: string) => Key): PageRequest<Key> {
  const first = args.first ?? null;
  const last = args.last ?? null;
  if (first !== null && last !== null) throw badUserInput('Give first or last, not both.');
  const limit = first ?? last ?? defaultPageSize;
  if (limit < 1 || limit > maxPageSize) throw badUserInput(`first and last take 1 to ${maxPageSize}.`);
  return {
    limit,
    backward: last !== null,
    after: args.after ? keyOf(args.after) : null,
    before: args.before ? keyOf(args.before) : null,
  };
}

/** Makes a connection of up to `limit + 1` rows in the order they were fetched: the one too many says that more follow. */
export function connection<Row>(
  rows: Row[],
  request: PageRequest<unknown>,
  cursorOf: (row: Row) => string,
): Connection<Row> {
  const hasMore = rows.length > request.limit;
  const page = hasMore ? rows.slice(0, request.limit) : rows;
  if (request.backward) page.reverse();
  const edges = page.map((node) => ({ cursor: cursorOf(node), node }));
  return {
    edges,
    pageInfo: {
      hasNextPage: request.backward ? request.before !== null : hasMore,
      hasPreviousPage: request.backward ? hasMore : request.after !== null,
      startCursor: edges.at(0)?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
}
