import sql from 'sql-template-tag';
import type { Viewer } from '../auth/Viewer.js';
import type { Database } from '../database/Database.js';
import { chosenAtFirst } from '../entities/Presence.js';
import { idOfProfile } from '../ids.js';
import type { ProfileRow } from './rows.js';

/** What an agent set for themself, which is theirs alone to read; as it is at first where they have set nothing. Of
 * anybody else: nothing is set. */
export async function profileOf(database: Database, viewer: Viewer): Promise<ProfileRow> {
  const [row] = await database.read<Omit<ProfileRow, 'id'>>(sql`
    select coalesce(s.chosen, ${chosenAtFirst}) as availability, p.preferred_language as "preferredLanguage",
      coalesce(p.auto_translate, false) as "autoTranslate"
    from actors a
    left join presences s on s.agent_id = a.id
    left join profiles p on p.agent_id = a.id
    where a.id = ${viewer.id}`);
  return { id: idOfProfile(viewer.id), ...row! };
}
