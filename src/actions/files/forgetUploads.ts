import sql from 'sql-template-tag';
import { later } from '../../clock.js';
import type { World } from '../World.js';
import { type Files, thumbnailKey } from './Files.js';

const keepUnusedSeconds = 24 * 3600;
/** Longer than any upload may take. */
const keepArrivingSeconds = 24 * 3600;
const batch = 100;

/**
 * Removes what was uploaded and not used within a day. First it can no longer be used, then the file goes, then the row:
 * whatever the process dies between, the row is still there to find the file by.
 */
export async function forgetUploads({ database, clock }: World, { store }: Files): Promise<void> {
  await store.sweep(later(clock.now(), -keepArrivingSeconds));
  for (;;) {
    const rows = await database.read<{ id: string }>(sql`
      update attachments set state = 'FORGOTTEN'
      where entry_id is null and id in (
        select id from attachments where entry_id is null and created_at < ${later(clock.now(), -keepUnusedSeconds)}
        limit ${batch} for update skip locked)
      returning id`);
    if (rows.length === 0) return;
    const ids = rows.map(({ id }) => id);
    for (const id of ids) await Promise.all([store.delete(id), store.delete(thumbnailKey(id))]);
    await database.read(sql`delete from attachments where id = any(${ids}) and state = 'FORGOTTEN'`);
  }
}
