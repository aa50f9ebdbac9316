import sql, { empty, raw, type Sql } from 'sql-template-tag';
import type { Viewer } from '../auth/Viewer.js';
import { visibleConversations, visibleEntries } from '../auth/visibility.js';
import type { Database } from '../database/Database.js';
import { badUserInput } from '../errors.js';
import type { Hit } from './cursors.js';
import type { PageRequest } from './page.js';
import type { EntryRow } from './rows.js';
import { entryColumns } from './timeline.js';

const limitMs = 2000;
const longestQuery = 200;
/** Who asks so precisely wants no likeness. */
const hasOperators = /"|(^|\s)-\S|\sor\s/i;

/** What is searched has an index of its own each. */
const searched = {
  messages: sql`e.type = 'MESSAGE'`,
  whispers: sql`e.type = 'WHISPER'`,
};

export type Found = EntryRow & Hit;

/**
 * What the viewer may see of messages or whispers that says what they look for, best first, then latest: up to
 * `limit + 1`. First by words, each as the beginning of one; where no word begins so, by pieces and likeness, which
 * forgives a slip of the finger. A rank depends on the text found and nothing else. Takes two seconds at most.
 */
export async function search(
  database: Database,
  viewer: Viewer,
  what: keyof typeof searched,
  query: string,
  page: PageRequest<Hit>,
): Promise<Found[]> {
  const asked = query.trim();
  if (asked === '' || [...asked].length > longestQuery || asked.includes('\0') || !asked.isWellFormed())
    throw badUserInput(`A search takes 1 to ${longestQuery} characters.`);
  const find = (by: Hit['by']) => database.readWithin<Found>(limitMs, statement(viewer, what, asked, by, page));
  if (page.after !== null) return find(page.after.by);
  const found = await find('words');
  return found.length > 0 || hasOperators.test(asked) ? found : find('pieces');
}

function statement(
  viewer: Viewer,
  what: keyof typeof searched,
  asked: string,
  by: Hit['by'],
  { after, limit }: PageRequest<Hit>,
): Sql {
  const { matches, rank } = by === 'words' ? byWords(asked) : byPieces(asked);
  const beyond = after
    ? sql`where (hit.rank, hit."createdAt", hit.id) < (${after.rank}::float8, ${after.createdAt}, ${after.id})`
    : empty;
  return sql`
    select hit.* from (
      select ${entryColumns}, ${by}::text as by, round((${rank})::numeric, 4)::float8 as rank
      from entries e join conversations c on c.id = e.conversation_id
      where e.workspace_id = ${viewer.workspaceId} and ${searched[what]} and ${matches}
        and ${visibleEntries(viewer)} and ${visibleConversations(viewer)}) hit
    ${beyond} order by hit.rank desc, hit."createdAt" desc, hit.id desc limit ${raw(String(limit + 1))}`;
}

/** Quotes, `or` and a minus as people know them from search engines; a word also finds those that it begins. */
function byWords(asked: string): { matches: Sql; rank: Sql } {
  const words = sql`regexp_replace(
    websearch_to_tsquery('parley', ${asked})::text, ${`'( |\\)|$)`}, ${`':*\\1`}, 'g')::tsquery`;
  const text = sql`to_tsvector('parley', e.text)`;
  // 32: divided by itself plus one, so that it stays below one. 1: not the better the longer the text.
  return { matches: sql`${text} @@ ${words}`, rank: sql`ts_rank(${text}, ${words}, 32 | 1)` };
}

function byPieces(asked: string): { matches: Sql; rank: Sql } {
  const piece = sql`plain_text(${asked})`;
  const literally = sql`regexp_replace(${piece}, ${'([\\\\%_])'}, ${'\\\\\\1'}, 'g')`;
  return {
    matches: sql`(plain_text(e.text) like '%' || ${literally} || '%' or plain_text(e.text) %> ${piece})`,
    rank: sql`least(1, word_similarity(${piece}, plain_text(e.text)))`,
  };
}
