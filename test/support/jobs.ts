import { setTimeout as sleep } from 'node:timers/promises';
import sql from 'sql-template-tag';
import type { TestApp } from './app.js';

const patienceMs = 20_000;

/**
 * Runs every job that is due by the test's clock, and those that follow from them, and waits until none is left. The
 * queue goes by PostgreSQL's clock: jobs that the test's clock has passed are moved to now. Turns and
 * notifications that no follower has read yet count as due. A job that fails runs again, as often as it may.
 */
export async function runDueJobs({ world: { database, clock } }: TestApp): Promise<void> {
  const until = Date.now() + patienceMs;
  for (;;) {
    const [moved] = await database.read<{ moved: number }>(sql`
      with moved as (
        update graphile_worker._private_jobs set run_at = now()
        where is_available and run_at > now() and run_at <= ${clock.now()} returning id)
      select count(*)::int as moved, pg_notify('jobs:insert', '{"r":0,"count":1}') from moved`);
    const [left] = await database.read<{ busy: boolean; error: string | null }>(sql`
      select
        exists (
          select from graphile_worker._private_jobs
          where locked_at is not null or is_available and run_at <= ${clock.now()})
        or exists (select from followers f join ai_turns t on (t.xid, t.id) > (f.xid, f.id) where f.name = 'turns')
        or exists (
          select from followers f join notifications n on (n.xid, n.id) > (f.xid, f.id)
          where f.name = 'notifications' and n.channels && array['EMAIL', 'WEB_PUSH'])
          as busy,
        (select max(last_error) from graphile_worker._private_jobs) as error`);
    if (moved!.moved === 0 && !left!.busy) return;
    if (Date.now() > until) throw new Error(`Due jobs were not done: ${left!.error ?? 'none failed'}`);
    await sleep(20);
  }
}

/** Looks for timers that are due, as the queue does each minute, and runs them. */
export async function runTimers(app: TestApp): Promise<void> {
  await app.world.database.read(sql`select graphile_worker.add_job('find-due')`);
  await runDueJobs(app);
}
