import type { GraphQLResolveInfo } from 'graphql';
import { entryCursor, placeOfCursor } from '../reads/cursors.js';
import { selectedFields } from '../reads/lookAhead.js';
import { type Connection, connection, type PageArgs, pageRequest } from '../reads/page.js';
import type { EntryRow } from '../reads/rows.js';
import type { EntryList, EntryPiece } from '../reads/timeline.js';
import type { Context } from './Context.js';

const pieces: readonly EntryPiece[] = ['actor', 'agent', 'attachments'];

/** A page of the entries of one conversation, with what was selected of their people. */
export async function entryConnection(
  context: Context,
  conversationId: string,
  list: EntryList,
  args: PageArgs,
  info: GraphQLResolveInfo,
): Promise<Connection<EntryRow>> {
  const viewer = context.caller;
  const request = pageRequest(args, (cursor) => placeOfCursor(viewer, conversationId, cursor));
  const selected = selectedFields(info, 'edges', 'node');
  const wanted = new Set(pieces.filter((piece) => selected.has(piece)));
  const rows = await context.loaders.entryPage(conversationId, list, request, wanted);
  return connection(rows, request, (entry) => entryCursor(viewer, entry));
}
