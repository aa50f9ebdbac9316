import sql from 'sql-template-tag';
import type { Database } from '../database/Database.js';

export interface SpokenLine {
  by: 'customer' | 'aiAgent' | 'human';
  text: string;
  isUnanswered: boolean;
}

const mostLines = 200;

/**
 * All that an AI agent is ever shown of a conversation to answer a turn: messages for everyone, up to the last one that
 * the turn must answer. The audience stands in the statement: there is no argument that could widen it.
 */
export async function spokenLines(
  database: Database,
  turnId: string,
): Promise<{ lines: SpokenLine[]; humanSpoke: boolean }> {
  const rows = await database.read<SpokenLine & { humanSpoke: boolean }>(sql`
    select
      case a.kind when 'CUSTOMER' then 'customer' when 'AI_AGENT' then 'aiAgent' else 'human' end as by,
      e.text, a.kind = 'CUSTOMER' and e.position > t.after_position as "isUnanswered",
      t.human_to is not null as "humanSpoke"
    from ai_turns t
    join entries e on e.conversation_id = t.conversation_id
      and e.audience = 'EVERYONE' and e.type = 'MESSAGE' and e.position <= t.up_to_position
    join actors a on a.id = e.actor_id
    where t.id = ${turnId}
    order by e.position desc limit ${mostLines}`);
  return { lines: rows.reverse(), humanSpoke: rows[0]?.humanSpoke ?? false };
}
