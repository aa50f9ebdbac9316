import sql from 'sql-template-tag';
import type { Viewer } from '../auth/Viewer.js';
import type { Database } from '../database/Database.js';
import type { ProfileRow } from './rows.js';

/** The settings of an agent, who has none until they choose some. */
export async function profileOf(database: Database, viewer: Viewer): Promise<ProfileRow> {
  const [row] = await database.read<{ preferredLanguage: string | null; autoTranslate: boolean | null }>(sql`
    select p.preferred_language as "preferredLanguage", p.auto_translate as "autoTranslate"
    from profiles p where p.agent_id = ${viewer.id}`);
  return { preferredLanguage: row?.preferredLanguage ?? null, autoTranslate: row?.autoTranslate ?? false };
}
