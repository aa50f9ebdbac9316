import sql, { type Sql } from 'sql-template-tag';
import { later } from '../clock.js';
import type { Database } from '../database/Database.js';
import { type Availability, goneAfterSeconds } from '../entities/Presence.js';

/** What colleagues see of an agent (`a`) at this moment: what they chose, unless they have been gone for a minute. No
 * timer sets anybody OFFLINE. */
export function availabilityAt(now: Date): Sql {
  return sql`coalesce((
    select s.chosen from presences s
    where s.agent_id = a.id and a.active and s.seen_at > ${later(now, -goneAfterSeconds)}), 'OFFLINE')`;
}

export async function availabilitiesByIds(
  database: Database,
  ids: readonly string[],
  now: Date,
): Promise<Map<string, Availability>> {
  const rows = await database.read<{ id: string; availability: Availability }>(sql`
    select a.id, ${availabilityAt(now)} as availability from actors a where a.id = any(${ids})`);
  return new Map(rows.map(({ id, availability }) => [id, availability]));
}
