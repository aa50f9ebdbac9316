import sql from 'sql-template-tag';
import type { Database } from '../database/Database.js';

const leastRank = 0.2;

/** The help article of the workspace that best matches a question, if any matches well: by as many of the question's
 * words as possible, a word of the title counting most. */
export async function bestArticle(
  database: Database,
  workspaceId: string,
  question: string,
): Promise<{ title: string; body: string } | null> {
  const [article] = await database.read<{ title: string; body: string }>(sql`
    select title, body from (
      select a.title, a.body, a.id, ts_rank(a.words, asked.words) as rank
      from (select replace(plainto_tsquery('english', ${question})::text, '&', '|')::tsquery as words) asked
      join articles a on a.words @@ asked.words
      where a.workspace_id = ${workspaceId}) matching
    where rank >= ${leastRank} order by rank desc, id limit 1`);
  return article ?? null;
}
