import { createHash } from 'node:crypto';
import { type Clock, systemClock } from '../clock.js';
import type { Database } from '../database/Database.js';
import { fillDemo } from './fillDemo.js';
import { loadPeople, loadStatements, loadTables } from './loadStatements.js';
import { loadTexts } from './loadTexts.js';
import { demoWorkspaces } from './people.js';
import { idEpoch } from './seededIds.js';

const loadDays = 90;
/** In one transaction. A long one would hold back whoever reads the log by transactions. */
const conversationsAtOnce = 500;
const conversationsPerCustomer = 3;

/**
 * Adds conversations to Acme, with `messages` messages in all, and whispers, notes and events besides: mostly short ones,
 * a few with thousands, of the last 90 days, in every state, with no turn open. The same numbers give the same load.
 * Fills the demo first if the database is empty.
 */
export async function seedLoad(
  database: Database,
  load: { conversations: number; messages: number },
  clock: Clock = systemClock,
): Promise<void> {
  if (load.messages < load.conversations) {
    throw new Error('Every conversation begins with a message: there must be at least as many messages.');
  }
  await fillDemo(database, clock);
  const client = await database.pool.connect();
  try {
    await client.query('set statement_timeout = 0');
    await client.query(`set work_mem = '64MB'`);
    for (const statement of loadTables) await client.query(statement);

    const { id: workspaceId, defaultAiAgentId } = demoWorkspaces.Acme;
    const { rows } = await client.query<{ first: number }>(
      'select count(*)::int as first from conversations where workspace_id = $1',
      [workspaceId],
    );
    const { first } = rows[0]!;
    const customers = Math.ceil(load.conversations / conversationsPerCustomer);
    await client.query('insert into load_world values ($1, $2, $3, $4, $5, $6, $7)', [
      ...[workspaceId, defaultAiAgentId, clock.now(), loadDays * 24 * 3600 * 1000, idEpoch, first, customers],
    ]);
    await client.query(
      'insert into load_texts select key, array(select jsonb_array_elements_text(value)) from jsonb_each($1)',
      [JSON.stringify(loadTexts)],
    );
    for (const statement of loadPeople) await client.query(statement);
    const lengths = shuffled(lengthsOf(load));
    for (let from = 0; from < lengths.length; from += conversationsAtOnce) {
      await client.query('begin');
      await client.query(
        'insert into load_lengths select $1 + nr - 1, messages from unnest($2::int[]) with ordinality l (messages, nr)',
        [first + from, lengths.slice(from, from + conversationsAtOnce)],
      );
      for (const statement of loadStatements) await client.query(statement);
      await client.query('commit');
    }
    await client.query('vacuum (analyze) actors, conversations, entries, participants, read_marks, ai_turns');
  } finally {
    // Not back into the pool: its settings and tables go with the session.
    client.release(true);
  }
}

/** How many messages each conversation has. Together they have all. */
function lengthsOf({ conversations, messages }: { conversations: number; messages: number }): number[] {
  const weights = Array.from({ length: conversations }, (_, rank) => (conversations / (rank + 3)) ** 0.77);
  const least = Math.min(...weights) * 0.9;
  const sum = weights.reduce((total, weight) => total + weight - least, 0);
  const lengths = weights.map((weight) => 1 + Math.floor(((messages - conversations) * (weight - least)) / sum));
  const missing = messages - lengths.reduce((total, length) => total + length, 0);
  return lengths.map((length, rank) => (rank < missing ? length + 1 : length));
}

function shuffled<T>(list: readonly T[]): T[] {
  const keyed = list.map((item, index) => ({ item, key: createHash('md5').update(`length ${index}`).digest('hex') }));
  return keyed.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ item }) => item);
}
