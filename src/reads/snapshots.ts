import sql, { type Sql } from 'sql-template-tag';
import type { Viewer } from '../auth/Viewer.js';
import { type View, viewOf } from '../auth/visibility.js';
import type { Database } from '../database/Database.js';
import { SnapshotSeal } from '../entities/SnapshotSeal.js';
import type { PageRequest } from './page.js';
import type { SnapshotEntryRow, SnapshotRow } from './rows.js';
import { numberedPages } from './tickets.js';

const batch = 500;

/** How an entry is numbered in the view that somebody has: so that its cursor tells of nothing that they may not read. */
const numbers: Record<View, Sql> = { TEAM: sql`line.team_nr`, EVERYONE: sql`line.everyone_nr` };

const columnsOf = (view: View) => sql`
  line.ticket_id as "ticketId", ${numbers[view]} as number, line.entry_id as "entryId", line.kind, line.audience,
  json_build_object('actorId', line.actor_id, 'displayName', line.actor_name) as actor,
  case when line.agent_id is not null
    then json_build_object('actorId', line.agent_id, 'displayName', line.agent_name) end as agent,
  line.text, line.attachments, line.salt, line.created_at as "createdAt", line.erased_at as "erasedAt",
  line.erased_sha256 as "erasedSha256"`;

/** The snapshots of these tickets, which the viewer must be known to see, in the view that they have. */
export function snapshotsOf(database: Database, viewer: Viewer, ticketIds: readonly string[]): Promise<SnapshotRow[]> {
  return database.read<SnapshotRow>(sql`
    select s.ticket_id as "ticketId", s.taken_at as "takenAt", s.subject, s.customer, s.assignee,
      seal.participants, seal.entry_count as "entryCount", seal.sha256
    from ticket_snapshots s
    join ticket_snapshot_seals seal on seal.ticket_id = s.ticket_id and seal.view = ${viewOf(viewer)}
    where s.ticket_id = any(${ticketIds})`);
}

/** One page of the entries of each of these snapshots, in the view that the viewer has. */
export function snapshotEntryPages(
  database: Database,
  viewer: Viewer,
  page: PageRequest<number>,
  ticketIds: readonly string[],
): Promise<Map<string, SnapshotEntryRow[]>> {
  const view = viewOf(viewer);
  return numberedPages<SnapshotEntryRow>(database, page, ticketIds, {
    columns: columnsOf(view),
    table: sql`ticket_snapshot_entries`,
    number: numbers[view],
  });
}

/** Which of these snapshots are still what was sealed, in the view that the viewer has. Reads all of their entries, a
 * bounded number at a time. */
export async function intactSnapshots(
  database: Database,
  viewer: Viewer,
  ticketIds: readonly string[],
): Promise<Map<string, boolean>> {
  const snapshots = await snapshotsOf(database, viewer, ticketIds);
  const seals = new Map(snapshots.map((snapshot) => [snapshot.ticketId, new SnapshotSeal(headOf(snapshot))]));
  for await (const entry of entriesOf(database, viewOf(viewer), ticketIds)) seals.get(entry.ticketId)?.add(entry);
  return new Map(snapshots.map(({ ticketId, sha256 }) => [ticketId, seals.get(ticketId)!.close() === sha256]));
}

const headOf = ({ ticketId, takenAt, subject, customer, assignee, participants }: SnapshotRow) => ({
  ticketId,
  takenAt,
  subject,
  customer,
  assignee,
  participants,
});

async function* entriesOf(
  database: Database,
  view: View,
  ticketIds: readonly string[],
): AsyncGenerator<SnapshotEntryRow> {
  let [ticketId, nr] = ['', 0];
  for (;;) {
    const rows: (SnapshotEntryRow & { nr: number })[] = await database.read(sql`
      select ${columnsOf(view)}, line.team_nr as nr from ticket_snapshot_entries line
      where line.ticket_id = any(${ticketIds}) and (line.ticket_id, line.team_nr) > (${ticketId}, ${nr})
        and ${numbers[view]} is not null
      order by line.ticket_id, line.team_nr limit ${batch}`);
    yield* rows;
    if (rows.length < batch) return;
    ({ ticketId, nr } = rows.at(-1)!);
  }
}
