import type { EntityManager } from '@mikro-orm/postgresql';
import sql, { join } from 'sql-template-tag';
import type { Viewer } from '../../auth/Viewer.js';
import { Attachment, maxAttachments } from '../../entities/Attachment.js';
import type { Entry } from '../../entities/Entry.js';
import { invalidInput, notFoundAt, Refusal } from '../../errors.js';
import { isIdOf } from '../../ids.js';
import { limits, optionalText, refuseIllFormed, requiredText } from '../texts.js';

/**
 * The files that a call names, in its order, locked so that no other call uses one of them. Somebody else's and a used
 * one are not there; those of the message that an integration's call repeats are.
 */
export async function lockAttachments(
  em: EntityManager,
  viewer: Viewer,
  { attachmentIds, externalId = null }: { attachmentIds?: string[] | null; externalId?: string | null },
): Promise<Attachment[]> {
  const ids = attachmentIds ?? [];
  if (ids.length === 0) return [];
  refuseIllFormed(externalId ?? '', 'externalId');
  const malformed = ids.findIndex((id) => !isIdOf(id, 'att'));
  if (malformed >= 0) throw notFoundAt('attachmentIds', String(malformed));
  const query = sql`
    select f.* from attachments f
    where f.id in (${join(ids)}) and f.uploader_id = ${viewer.id} and f.state <> 'FORGOTTEN'
      and (f.entry_id is null or exists (
        select from entries e
        where e.id = f.entry_id and e.integration_id = ${viewer.id} and e.external_id = ${externalId?.trim() ?? null}))
    order by f.id for update`;
  const rows = await em.execute(query.sql, query.values);
  const found = new Map(rows.map((row) => [row.id, em.map(Attachment, row)]));
  return ids.map((id, index) => {
    const attachment = found.get(id);
    if (!attachment) throw notFoundAt('attachmentIds', String(index));
    return attachment;
  });
}

/** Text, files, or both. Refuses a file that cannot be used yet, or never will be. */
export function textBeside(attachments: readonly Attachment[], text: string | null | undefined): string {
  if (attachments.length > maxAttachments) {
    throw invalidInput(['attachmentIds'], `This takes up to ${maxAttachments}.`);
  }
  if (new Set(attachments).size < attachments.length) {
    throw invalidInput(['attachmentIds'], 'Each file can be used once.');
  }
  const said =
    attachments.length === 0
      ? requiredText(text, 'text', limits.message)
      : (optionalText(text, 'text', limits.message) ?? '');
  for (const [index, { state }] of attachments.entries()) {
    const path = ['attachmentIds', String(index)];
    if (state === 'REFUSED') throw new Refusal('UNSUPPORTED_FILE_TYPE', path);
    if (state !== 'READY') throw new Refusal('ATTACHMENT_NOT_READY', path);
  }
  return said;
}

/** Makes the files part of the entry, for good, in this order. */
export function attach(attachments: readonly Attachment[], entry: Entry): void {
  for (const [position, attachment] of attachments.entries()) attachment.useIn(entry.id, position);
}
