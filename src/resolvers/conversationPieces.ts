import type { GraphQLResolveInfo } from 'graphql';
import { selectedFields } from '../reads/lookAhead.js';
import type { PieceName } from '../reads/rows.js';

const pieceOfField: Record<string, PieceName> = {
  customer: 'customer',
  assignee: 'assignee',
  aiAgent: 'aiAgent',
  needsHuman: 'needsHumanByActor',
  lastMessage: 'lastMessage',
  participants: 'participants',
  unreadCount: 'unreadCount',
  viewerCan: 'situation',
  pendingTransfer: 'pendingTransfer',
};

/** What of a conversation is selected along `path` that its own columns do not hold. */
export function selectedPieces(info: GraphQLResolveInfo, ...path: string[]): Set<PieceName> {
  const fields = [...selectedFields(info, ...path)];
  return new Set(fields.map((field) => pieceOfField[field]).filter((piece) => piece !== undefined));
}
