import { z } from 'zod';
import type { Viewer } from '../auth/Viewer.js';
import { type View, viewOf } from '../auth/visibility.js';
import type { Place } from '../entities/Conversation.js';
import { badUserInput } from '../errors.js';

/**
 * Opaque to clients. What a cursor carries is what its holder may know: everyone's carry the count of everyone's
 * entries, the team's also the count of theirs, a note's the count of its author's notes.
 */
const encode = (parts: (string | number)[]) => Buffer.from(JSON.stringify(parts)).toString('base64url');

function decode<T>(cursor: string, shape: z.ZodType<T>): T {
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    throw malformed();
  }
  const result = shape.safeParse(parts);
  if (!result.success || encode(parts as (string | number)[]) !== cursor) throw malformed();
  return result.data;
}

const malformed = () => badUserInput('This cursor is not one of this list.');

const place = z.int().min(0);
/** Whoever makes up a cursor may put into it what PostgreSQL takes for no text. */
const text = z.string().refine((value) => !value.includes('\0') && value.isWellFormed());
const entryShapes: Record<View, z.ZodType<[string, string, number, number?, number?]>> = {
  EVERYONE: z.tuple([z.literal('e'), z.string(), place]),
  TEAM: z.union([
    z.tuple([z.literal('e'), z.string(), place, place]),
    z.tuple([z.literal('e'), z.string(), place, place, place]),
  ]),
};

export function entryCursor(viewer: Viewer, entry: Place & { conversationId: string }): string {
  const { conversationId, position, teamPosition, notePosition } = entry;
  if (viewOf(viewer) === 'EVERYONE') return encode(['e', conversationId, position]);
  const places = notePosition > 0 ? [position, teamPosition, notePosition] : [position, teamPosition];
  return encode(['e', conversationId, ...places]);
}

/** The place that a cursor names. Of another conversation, or of a form that this viewer is never given: BAD_USER_INPUT. */
export function placeOfCursor(viewer: Viewer, conversationId: string, cursor: string): Place {
  const [, ofConversation, position, teamPosition = 0, notePosition = 0] = decode(cursor, entryShapes[viewOf(viewer)]);
  if (ofConversation !== conversationId) throw malformed();
  return { position, teamPosition, notePosition };
}

export const beginning: Place = { position: 0, teamPosition: 0, notePosition: 0 };

/** The last moment that a Date can be, in milliseconds. */
const latest = 8.64e15;
const conversationShape = z.tuple([z.literal('c'), place.max(latest), text]);
export const conversationCursor = (row: { updatedAt: Date; id: string }) =>
  encode(['c', row.updatedAt.getTime(), row.id]);
export function conversationOfCursor(cursor: string): { updatedAt: Date; id: string } {
  const [, time, id] = decode(cursor, conversationShape);
  return { updatedAt: new Date(time), id };
}

const agentShape = z.tuple([z.literal('a'), text, text]);
export const agentCursor = (row: { displayName: string; id: string }) => encode(['a', row.displayName, row.id]);
export function agentOfCursor(cursor: string): { displayName: string; id: string } {
  const [, displayName, id] = decode(cursor, agentShape);
  return { displayName, id };
}

const transferShape = z.tuple([z.literal('x'), place.max(latest), text]);
export const transferCursor = (row: { createdAt: Date; id: string }) => encode(['x', row.createdAt.getTime(), row.id]);
export function transferOfCursor(cursor: string): { createdAt: Date; id: string } {
  const [, time, id] = decode(cursor, transferShape);
  return { createdAt: new Date(time), id };
}

/** The latest first, so by their numbers, which count all tickets of the workspace. */
const ticketShape = z.tuple([z.literal('k'), place.max(2 ** 31 - 1)]);
export const ticketCursor = (row: { number: number }) => encode(['k', row.number]);
export const ticketOfCursor = (cursor: string): number => decode(cursor, ticketShape)[1];

/** What is numbered within a ticket: its comments, its changes, and the entries of its snapshot in one of its views. */
export type TicketList = 'comments' | 'history' | `snapshot ${View}`;
const ticketLineShape = z.tuple([z.string(), z.string(), place.max(2 ** 31 - 1)]);
export const ticketLineCursor = (list: TicketList, row: { ticketId: string; number: number }) =>
  encode([list, row.ticketId, row.number]);
/** The number that a cursor of this list of this ticket names; another's: BAD_USER_INPUT. */
export function ticketLineOfCursor(list: TicketList, ticketId: string, cursor: string): number {
  const [ofList, ofTicket, number] = decode(cursor, ticketLineShape);
  if (ofList !== list || ofTicket !== ticketId) throw malformed();
  return number;
}

const notificationShape = z.tuple([z.literal('n'), z.string(), place]);
export const notificationCursor = (row: { agentId: string; number: number }) => encode(['n', row.agentId, row.number]);
/** The number that a cursor of this agent names; another's: BAD_USER_INPUT. */
export function notificationOfCursor(agentId: string, cursor: string): number {
  const [, ofAgent, number] = decode(cursor, notificationShape);
  if (ofAgent !== agentId) throw malformed();
  return number;
}

const hitShape = z.tuple([
  z.literal('s'),
  z.enum(['words', 'pieces']),
  z.number().min(0).max(1),
  place.max(latest),
  text,
]);
export interface Hit {
  /** by whole words, or by pieces of them */
  by: 'words' | 'pieces';
  rank: number;
  createdAt: Date;
  id: string;
}
export const hitCursor = ({ by, rank, createdAt, id }: Hit) => encode(['s', by, rank, createdAt.getTime(), id]);
export function hitOfCursor(cursor: string): Hit {
  const [, by, rank, time, id] = decode(cursor, hitShape);
  return { by, rank, createdAt: new Date(time), id };
}
