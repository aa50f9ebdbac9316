import sql, { type Sql } from 'sql-template-tag';
import type { Viewer } from '../auth/Viewer.js';
import { visibleAttachments } from '../auth/visibility.js';
import type { Database } from '../database/Database.js';
import type { AttachmentRow } from './rows.js';

const columns = sql`
  f.id, f.entry_id as "entryId", f.file_name as "fileName", coalesce(f.content_type, f.declared_type) as "contentType",
  f.byte_size as "byteSize", f.image_width as "imageWidth", f.image_height as "imageHeight",
  f.upload_expires_at as "uploadExpiresAt"`;

/** The files of an entry as JSON, for a subselect of its row: whoever sees the entry sees them. */
export const attachmentsJson = (entryId: Sql): Sql => sql`(
  select coalesce(json_agg(row_to_json(file) order by file.position), '[]') from (
    select ${columns}, f.position from attachments f where f.entry_id = ${entryId} and f.state <> 'FORGOTTEN') file)`;

export function attachmentsByIds(database: Database, viewer: Viewer, ids: readonly string[]): Promise<AttachmentRow[]> {
  return database.read<AttachmentRow>(sql`
    select ${columns} from attachments f where f.id = any(${ids}) and ${visibleAttachments(viewer)}`);
}

/** The files of each of these entries, as far as the viewer may see them, in the order they were named. */
export async function attachmentsOfEntries(
  database: Database,
  viewer: Viewer,
  entryIds: readonly string[],
): Promise<Map<string, AttachmentRow[]>> {
  const rows = await database.read<AttachmentRow>(sql`
    select ${columns} from attachments f
    where f.entry_id = any(${entryIds}) and ${visibleAttachments(viewer)}
    order by f.entry_id, f.position`);
  const files = new Map<string, AttachmentRow[]>(entryIds.map((id) => [id, []]));
  for (const row of rows) files.get(row.entryId!)?.push(row);
  return files;
}

/** A file that can be downloaded, if the viewer may see it now; null for whatever is not there, or not for them. */
export async function downloadable(
  database: Database,
  viewer: Viewer,
  attachmentId: string,
): Promise<AttachmentRow | null> {
  const [row] = await database.read<AttachmentRow>(sql`
    select ${columns} from attachments f
    where f.id = ${attachmentId} and f.state = 'READY' and ${visibleAttachments(viewer)}`);
  return row ?? null;
}

/** How many bytes an upload will bring; null when nothing is waited for. */
export async function expectedBytes(database: Database, attachmentId: string, now: Date): Promise<number | null> {
  const [row] = await database.read<{ byteSize: number }>(sql`
    select f.byte_size as "byteSize" from attachments f
    where f.id = ${attachmentId} and f.state = 'REQUESTED' and f.upload_expires_at > ${now}`);
  return row?.byteSize ?? null;
}
