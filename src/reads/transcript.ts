import type { Viewer } from '../auth/Viewer.js';
import type { Database } from '../database/Database.js';
import type { Place } from '../entities/Conversation.js';
import { attachmentsOfEntries } from './attachments.js';
import { ConversationReads } from './conversations.js';
import type { AttachmentRow, EntryRow } from './rows.js';
import { entryPages } from './timeline.js';

export type TranscriptFormat = 'TEXT' | 'JSON';
export type TranscriptAudience = 'EVERYONE' | 'TEAM';

const batch = 500;

/**
 * A conversation as a file, piece by piece: what everyone sees of it, or also what the team sees; personal notes never.
 * null: there is nothing of it for this viewer. Read in pages, so that the longest takes no more memory than any.
 */
export async function transcript(
  database: Database,
  viewer: Viewer,
  now: Date,
  what: { conversationId: string; format: TranscriptFormat; audience: TranscriptAudience },
): Promise<AsyncIterable<string> | null> {
  const [conversation] = await new ConversationReads(database, viewer, now).byIds([what.conversationId], ['customer']);
  if (!conversation) return null;
  const { id, subject, createdAt } = conversation;
  const customer = conversation.customer!.displayName;
  const entries = entriesOf(database, viewer, id, what.audience);
  return what.format === 'TEXT'
    ? asText(`${subject ?? 'Conversation'} with ${customer}, ${moment(createdAt)}\n\n`, entries)
    : asJson({ conversation: { id, subject, customer, createdAt } }, entries);
}

interface Line {
  entry: EntryRow;
  attachments: AttachmentRow[];
}

async function* entriesOf(
  database: Database,
  viewer: Viewer,
  conversationId: string,
  audience: TranscriptAudience,
): AsyncGenerator<Line> {
  for (let after: Place | null = null; ; ) {
    const page = { limit: batch, backward: false, after, before: null };
    const pages = await entryPages(database, viewer, 'timeline', page, ['actor', 'agent'], [conversationId]);
    const found: EntryRow[] = pages.get(conversationId)!;
    const entries = found.slice(0, batch);
    const ids = entries.map(({ id }) => id);
    const attachments = await attachmentsOfEntries(database, viewer, ids);
    for (const entry of entries) {
      const isIn = entry.audience === 'EVERYONE' || (audience === 'TEAM' && entry.audience === 'TEAM');
      if (isIn) yield { entry, attachments: attachments.get(entry.id) ?? [] };
      after = entry;
    }
    if (found.length <= batch) return;
  }
}

async function* asText(head: string, lines: AsyncIterable<Line>): AsyncGenerator<string> {
  yield head;
  for await (const { entry, attachments } of lines) {
    const who = `[${moment(entry.createdAt)}] ${entry.actor!.displayName}`;
    const files = attachments.map(({ fileName }) => `  [file: ${fileName}]\n`).join('');
    if (entry.type === 'EVENT') {
      const whom = entry.agent && entry.agent.id !== entry.actorId ? `: ${entry.agent.displayName}` : '';
      yield `${who} * ${entry.eventKind!.toLowerCase().replaceAll('_', ' ')}${whom}\n`;
    } else {
      // Indented, so that what somebody writes can look like no line of its own.
      const text = entry.text!.replaceAll(/\r\n|[\n\r\u2028\u2029]/g, '\n    ');
      yield `${who}${entry.type === 'WHISPER' ? ' (whisper)' : ''}: ${text}\n${files}`;
    }
  }
}

async function* asJson(head: object, lines: AsyncIterable<Line>): AsyncGenerator<string> {
  yield `${JSON.stringify(head).slice(0, -1)},"entries":[`;
  let separator = '\n';
  for await (const { entry, attachments } of lines) {
    const { id, type, eventKind, audience, actor, agent, text, createdAt } = entry;
    const written = {
      id,
      kind: eventKind ?? type,
      audience,
      actor: { id: actor!.id, displayName: actor!.displayName },
      ...(agent && { agent: { id: agent.id, displayName: agent.displayName } }),
      ...(text !== null && { text }),
      ...(attachments.length > 0 && {
        attachments: attachments.map(({ fileName, contentType, byteSize }) => ({ fileName, contentType, byteSize })),
      }),
      createdAt,
    };
    yield `${separator}${JSON.stringify(written)}`;
    separator = ',\n';
  }
  yield '\n]}\n';
}

const moment = (at: Date) => `${at.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
