import { pino } from 'pino';
import sql from 'sql-template-tag';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TurnFollower } from '../../src/jobs/run/TurnFollower.js';
import { SendMessageDocument } from '../operations/generated.js';
import { eventually } from '../support/eventually.js';
import type { Person } from '../support/Person.js';
import { does, newStage } from '../support/stories.js';

const stage = newStage();
const log = pino({ level: 'silent' });
let second: TurnFollower;
beforeAll(() => {
  second = new TurnFollower(stage.app.world.database, stage.app.world.bells, log);
});
afterAll(() => second.close());

const deadlinesOf = async (turnId: string) => {
  const [row] = await stage.app.world.database.read<{ count: number }>(sql`
    select count(*)::int as count from graphile_worker._private_jobs j
    join graphile_worker._private_tasks t on t.id = j.task_id
    where t.identifier = 'expire-ai-turn' and j.payload->>'turnId' = ${turnId}`);
  return row!.count;
};

test('two followers enqueue the deadline of each turn once', async () => {
  const conversations = await Promise.all(Array.from({ length: 20 }, () => stage.startedBy(stage.cast.dana)));
  for (const conversationId of conversations) {
    const turnId = await stage.turnOf(conversationId);
    await eventually(
      () => deadlinesOf(turnId),
      (count) => count > 0,
    );
  }
  const counts = await Promise.all(conversations.map(async (id) => deadlinesOf(await stage.turnOf(id))));
  expect(counts).toEqual(conversations.map(() => 1));
});

test('a turn whose transaction commits late is not passed over', async () => {
  const { pool } = stage.app.world.database;
  const conversationId = await stage.startedBy(stage.cast.dana);
  await says(stage.cast.bot, conversationId, await stage.turnOf(conversationId));
  const late = await pool.connect();
  try {
    await late.query('begin');
    const turnId = stage.app.world.ids.next('turn');
    await late.query(
      `insert into ai_turns (id, workspace_id, conversation_id, ai_agent_id, attempt, opened_at, expires_at,
         after_position, up_to_position, handling_epoch)
       select $1, workspace_id, id, ai_agent_id, 1, now(), now() + interval '1 hour', 0, 1, 0
       from conversations where id = $2`,
      [turnId, conversationId],
    );
    // Whatever comes later and commits first must wait for it, too.
    const next = await stage.startedBy(stage.cast.eli);
    await late.query('commit');
    await eventually(
      () => deadlinesOf(turnId),
      (count) => count === 1,
    );
    const nextTurn = await stage.turnOf(next);
    await eventually(
      () => deadlinesOf(nextTurn),
      (count) => count === 1,
    );
    expect(await deadlinesOf(turnId)).toBe(1);
  } finally {
    late.release();
  }
});

const says = (bot: Person, conversationId: string, aiTurnId: string) =>
  does(bot, SendMessageDocument, { conversationId, aiTurnId, text: 'Answered' });
