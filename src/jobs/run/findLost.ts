import sql from 'sql-template-tag';
import { type Clock, later } from '../../clock.js';
import type { Database } from '../../database/Database.js';

const lostAfterSeconds = 300;

/** An offer carries its own clock. One that is long overdue has lost it, with a node that was killed at that moment. */
export async function findLostOffers(database: Database, clock: Clock): Promise<void> {
  await database.read(sql`
    select graphile_worker.add_job('expire-transfer', json_build_object('workspaceId', x.workspace_id,
      'conversationId', x.conversation_id, 'transferId', x.id), job_key => 'lost-transfer:' || x.id)
    from transfers x where x.status = 'PENDING' and x.expires_at < ${later(clock.now(), -lostAfterSeconds)} limit 10000`);
}

/** What a killed node was at runs again, after a time in which every job of a living one ends. */
export async function takeBackJobs(database: Database): Promise<void> {
  await database.read(sql`
    select graphile_worker.force_unlock_workers(array_agg(distinct locked_by)) from graphile_worker._private_jobs
    where locked_at < now() - make_interval(secs => ${lostAfterSeconds}) having count(*) > 0`);
}
