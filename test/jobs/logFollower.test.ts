import { Client } from 'pg';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { Database } from '../../src/database/Database.js';
import { followTurns } from '../../src/jobs/run/followTurns.js';
import { LogFollower } from '../../src/jobs/run/LogFollower.js';
import type { Bells, Ring } from '../../src/live/Bells.js';
import { type FreshDatabase, freshDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';

/** Bells that reach whoever hears in this process. */
class OwnBells implements Bells {
  private readonly listeners = new Set<(ring: Ring) => void>();

  ring(rings: Iterable<Ring>): void {
    for (const ring of rings) for (const listener of this.listeners) listener(ring);
  }

  hear(listener: (ring: Ring) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}

const log = pino({ level: 'silent' });
const bells = new OwnBells();
const ringTurns = () => bells.ring([{ about: 'turns', aiAgentId: 'ai_1' }]);
let fresh: FreshDatabase;
let writer: Client;

const connected = async () => {
  const client = new Client({ connectionString: fresh.url });
  await client.connect();
  return client;
};

beforeAll(async () => {
  fresh = await freshDatabase();
  writer = await connected();
  await writer.query(`
    insert into workspaces (id, name, reply_policy, created_at) values ('ws_1', 'Acme', 'PARTICIPANTS', now());
    insert into actors (id, workspace_id, kind, display_name, handle, active, answers_by, scopes, created_at) values
      ('cust_1', 'ws_1', 'CUSTOMER', 'Dana', null, true, null, '{}', now()),
      ('ai_1', 'ws_1', 'AI_AGENT', 'Helper', 'helper', true, 'ARTICLES', '{}', now()),
      ('ai_2', 'ws_1', 'AI_AGENT', 'Partner', 'partner', true, 'EXTERNAL', '{}', now())`);
});
afterAll(async () => {
  await writer.end();
  await fresh.drop();
});
beforeEach(() => writer.query('delete from graphile_worker._private_jobs'));

let made = 0;
/** Opens turns, each in a conversation of its own, in one statement; answers their ids. */
async function openTurns(client: Client, count = 1, { aiAgentId = 'ai_1', closed = false } = {}): Promise<string[]> {
  const numbers = Array.from({ length: count }, () => ++made);
  await client.query(
    `with conversation as (
       insert into conversations
         (id, workspace_id, customer_id, channel, status, handling, ai_agent_id, priority, tags, created_at, updated_at,
          last_message_by_customer, answered_position, position, team_position, note_count, public_version, team_version,
          handling_epoch)
       select 'conv_' || nr, 'ws_1', 'cust_1', 'WEB', 'OPEN', 'AI', $2, 'NORMAL', '{}', now(), now(),
         true, 0, 0, 0, 0, 0, 0, 0 from unnest($1::int[]) nr)
     insert into ai_turns
       (id, workspace_id, conversation_id, ai_agent_id, attempt, opened_at, expires_at, closed_at, after_position,
        up_to_position, handling_epoch)
     select 'turn_' || nr, 'ws_1', 'conv_' || nr, $2, 1, now(), now() + interval '1 hour', case when $3 then now() end,
       0, 0, 0 from unnest($1::int[]) nr`,
    [numbers, aiAgentId, closed],
  );
  return numbers.map((nr) => `turn_${nr}`);
}

/** The turns that jobs of a name were enqueued for, as often as they were, in order. */
async function enqueued(name: 'expire-ai-turn' | 'answer-ai-turn'): Promise<string[]> {
  const { rows } = await writer.query(
    `select j.payload ->> 'turnId' as turn from graphile_worker._private_jobs j
     join graphile_worker._private_tasks t on t.id = j.task_id where t.identifier = $1 order by j.id`,
    [name],
  );
  return rows.map(({ turn }) => turn);
}

const deadlinesOf = (turns: string[]) =>
  eventually(
    () => enqueued('expire-ai-turn'),
    (jobs) => jobs.length >= turns.length,
  );

describe('the follower of AI turns', () => {
  test('enqueues each turn’s deadline, for its moment, and an answer where Parley runs the AI agent', async () => {
    const follower = new LogFollower(fresh.database, bells, log, followTurns);
    const own = await openTurns(writer, 2);
    const partners = await openTurns(writer, 1, { aiAgentId: 'ai_2' });
    await openTurns(writer, 1, { closed: true });
    const last = await openTurns(writer);
    ringTurns();
    await deadlinesOf([...own, ...partners, ...last]);
    expect(await enqueued('expire-ai-turn')).toEqual([...own, ...partners, ...last]);
    expect(await enqueued('answer-ai-turn')).toEqual([...own, ...last]);
    const { rows } = await writer.query(`
      select bool_and(j.run_at = t.expires_at) as punctual, count(*)::int as jobs
      from graphile_worker._private_jobs j join ai_turns t on t.id = j.payload ->> 'turnId'
      where j.run_at > now()`);
    expect(rows).toEqual([{ punctual: true, jobs: 4 }]);
    await follower.close();
  });

  test('finds them without any bell, also those from before it started, and more than it reads at once', async () => {
    const before = await openTurns(writer, 1200);
    const follower = new LogFollower(fresh.database, bells, log, followTurns);
    const later = await openTurns(writer);
    await deadlinesOf([...before, ...later]);
    expect((await enqueued('expire-ai-turn')).sort()).toEqual([...before, ...later].sort());
    await follower.close();
  });

  test('does not pass over a turn whose transaction commits late (F14)', async () => {
    const reads = vi.spyOn(fresh.database, 'read');
    const follower = new LogFollower(fresh.database, bells, log, followTurns);
    const slow = await connected();
    await slow.query('begin');
    const [late] = await openTurns(slow);
    const [early] = await openTurns(writer);
    ringTurns();
    const looked = reads.mock.calls.length;
    await eventually(
      () => reads.mock.calls.length,
      (count) => count >= looked + 3,
    );
    await slow.query('commit');
    await slow.end();
    await deadlinesOf([late!, early!]);
    const [last] = await openTurns(writer);
    ringTurns();
    await deadlinesOf([late!, early!, last!]);
    expect(await enqueued('expire-ai-turn')).toEqual([late, early, last]);
    await follower.close();
    reads.mockRestore();
  });

  test('enqueues once with two of them at work, and goes on when one is cut off', async () => {
    const doomed = await Database.connect({ url: fresh.url, poolSize: 2, statementTimeoutMs: 5000 });
    const followers = [
      new LogFollower(doomed, bells, log, followTurns),
      new LogFollower(fresh.database, bells, log, followTurns),
    ];
    const writers = await Promise.all([connected(), connected(), connected(), connected()]);
    const turns = await Promise.all(
      writers.map(async (client, nr) => {
        const ids = [];
        for (let round = 0; round < 50; round++) {
          await client.query('begin');
          ids.push(...(await openTurns(client)));
          if (round % 7 === nr) await client.query('select pg_sleep(0.02)');
          await client.query('commit');
          ringTurns();
          if (nr === 0 && round === 25) await doomed.close();
        }
        return ids;
      }),
    );
    const all = turns.flat();
    await deadlinesOf(all);
    const [last] = await openTurns(writer);
    await deadlinesOf([...all, last!]);
    expect((await enqueued('expire-ai-turn')).sort()).toEqual([...all, last].sort());
    expect((await enqueued('answer-ai-turn')).sort()).toEqual([...all, last].sort());
    await Promise.all(followers.map((follower) => follower.close()));
    await Promise.all(writers.map((client) => client.end()));
  });

  test('bells that never pause do not put it off', async () => {
    const follower = new LogFollower(fresh.database, bells, log, followTurns);
    const turns = await openTurns(writer, 3);
    const ringing = { on: true };
    const ringOn = () => {
      ringTurns();
      if (ringing.on) setImmediate(ringOn);
    };
    ringOn();
    await deadlinesOf(turns);
    ringing.on = false;
    expect(await enqueued('expire-ai-turn')).toEqual(turns);
    await follower.close();
  });
});
