import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import sql, { raw } from 'sql-template-tag';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { passwordMatches } from '../../src/actions/passwords.js';
import { type Clock, later } from '../../src/clock.js';
import { demoState, fillDemo } from '../../src/demo/fillDemo.js';
import { demoPassword, demoPeople, demoWorkspaces } from '../../src/demo/people.js';
import { seedLoad } from '../../src/demo/seedLoad.js';
import { AiTurn } from '../../src/entities/AiTurn.js';
import { Conversation } from '../../src/entities/Conversation.js';
import { Entry } from '../../src/entities/Entry.js';
import { Participant } from '../../src/entities/Participant.js';
import { type IdKind, isIdOf } from '../../src/ids.js';
import { type FreshDatabase, freshDatabase } from '../support/database.js';
import { retell } from './retelling.js';

const fixture = fileURLToPath(new URL('fixtures/filling.ts', import.meta.url));
const patiently = { timeout: 25_000, interval: 5 };
const at = (time: string): Clock => ({ now: () => new Date(time) });
const someDay = at('2027-03-17T15:04:05Z');
const tenDaysLater = at('2027-03-27T08:00:00Z');

const fresh: FreshDatabase[] = [];
async function newDatabase(): Promise<FreshDatabase> {
  const made = await freshDatabase();
  fresh.push(made);
  return made;
}

let filled: FreshDatabase;
let loaded: FreshDatabase;
beforeAll(async () => {
  filled = await newDatabase();
  await fillDemo(filled.database, someDay);
  loaded = await newDatabase();
  await seedLoad(loaded.database, { conversations: 150, messages: 3000 }, someDay);
});
afterAll(() => Promise.all(fresh.map(({ drop }) => drop())));

const tables = [
  'workspaces',
  'actors',
  'articles',
  'conversations',
  'entries',
  'participants',
  'read_marks',
  'ai_turns',
  'transfers',
  'notifications',
] as const;

/** Every row, as text, but for the transaction that wrote it; its times as seconds since `from`. */
async function everything({ database }: FreshDatabase, from: Date): Promise<Record<string, string[]>> {
  const dumps = tables.map(async (table) => {
    const rows = await database.read<object>(sql`select * from ${raw(table)}`);
    const told = rows.map((row) =>
      JSON.stringify(row, function (name, value) {
        if (name.endsWith('xid')) return undefined;
        const original = this[name];
        return original instanceof Date ? (original.getTime() - from.getTime()) / 1000 : value;
      }),
    );
    return [table, told.sort()];
  });
  return Object.fromEntries(await Promise.all(dumps));
}

const count = async ({ database }: FreshDatabase, what: string): Promise<number> =>
  (await database.read<{ n: number }>(sql`select count(*) as n from ${raw(what)}`))[0]!.n;

/** That each conversation's row, participants and places are what its log tells. Returns whose are not only that. */
async function expectToBeAsTold({ database }: FreshDatabase): Promise<string[]> {
  const em = database.orm.em.fork();
  const [conversations, entries, participants, turns] = await Promise.all([
    em.find(Conversation, {}),
    em
      .fork()
      .find(Entry, {}, { orderBy: { position: 'asc', teamPosition: 'asc', notePosition: 'asc', createdAt: 'asc' } }),
    em.fork().find(Participant, {}),
    em.fork().find(AiTurn, {}),
  ]);
  const of = <Row extends { conversationId: string }>(rows: Row[]) => Map.groupBy(rows, (row) => row.conversationId);
  const [entriesOf, participantsOf, turnsOf] = [of(entries), of(participants), of(turns)];
  const changedSubject: string[] = [];
  for (const conversation of conversations) {
    const { id, workspaceId, subject, updatedAt } = conversation;
    const { defaultAiAgentId } = Object.values(demoWorkspaces).find((workspace) => workspace.id === workspaceId)!;
    const log = entriesOf.get(id)!;
    const told = retell(log, turnsOf.get(id) ?? [], defaultAiAgentId);
    if (updatedAt.getTime() !== told.conversation.updatedAt!.getTime()) {
      expect(updatedAt > told.conversation.updatedAt!).toBe(true);
      changedSubject.push(subject!);
      told.conversation.updatedAt = updatedAt;
    }
    // Why a person was asked for is in no entry.
    expect(conversation).toMatchObject({ ...told.conversation, needsHumanReason: conversation.needsHumanReason });
    expect(
      log.map(({ id, position, teamPosition, notePosition }) => ({ id, position, teamPosition, notePosition })),
    ).toEqual(told.places);
    const present = (participantsOf.get(id) ?? []).map(({ actorId, joinedAt, publicSince }) => [
      actorId,
      { joinedAt, publicSince },
    ]);
    expect(Object.fromEntries(present)).toEqual(told.participants);
  }
  return changedSubject;
}

async function expectTurnsToBeClosedInTime({ database }: FreshDatabase): Promise<void> {
  const [turns] = await database.read<{ all: number; inTime: number }>(sql`
    select count(*) as all, count(*) filter (where closed_at between opened_at and expires_at) as "inTime" from ai_turns`);
  expect(turns!.all).toBeGreaterThan(0);
  expect(turns!.inTime).toBe(turns!.all);
}

/** Marks stand where an entry stands that their owner can see; the log says what happened by people who were there. */
async function expectMarksToStandOnEntries({ database }: FreshDatabase): Promise<void> {
  const [marks] = await database.read<{ all: number; onEntry: number }>(sql`
    select count(*) as all, count(*) filter (where exists (
      select from entries e where e.conversation_id = r.conversation_id
        and (e.position, e.team_position, e.note_position) = (r.position, r.team_position, r.note_position)
        and (a.kind = 'AGENT' or e.audience = 'EVERYONE'))) as "onEntry"
    from read_marks r join actors a on a.id = r.actor_id`);
  expect(marks!.all).toBeGreaterThan(0);
  expect(marks!.onEntry).toBe(marks!.all);
}

const kinds: [string, IdKind[]][] = [
  ['workspaces', ['ws']],
  ['actors', ['agent', 'cust', 'ai', 'int', 'sys']],
  ['articles', ['art']],
  ['conversations', ['conv']],
  ['entries', ['msg', 'whis', 'evt']],
  ['ai_turns', ['turn']],
  ['transfers', ['xfer']],
  ['notifications', ['ntf']],
];

async function expectIdsToBeWellFormed({ database }: FreshDatabase): Promise<void> {
  for (const [table, allowed] of kinds) {
    const rows = await database.read<{ id: string }>(sql`select id from ${raw(table)}`);
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.filter(({ id }) => !isIdOf(id, ...allowed))).toEqual([]);
  }
}

describe('the demo', () => {
  test('is the same every time, in the fortnight before it was filled', async () => {
    const again = await newDatabase();
    await fillDemo(again.database, tenDaysLater);
    const first = await everything(filled, new Date('2027-03-03T00:00:00Z'));
    expect(await everything(again, new Date('2027-03-13T00:00:00Z'))).toEqual(first);
    const [times] = await filled.database.read<{ first: Date; last: Date }>(sql`
      select min(created_at) as first, max(created_at) as last from entries`);
    expect(times!.first > later(someDay.now(), -15 * 24 * 3600)).toBe(true);
    expect(times!.last < someDay.now()).toBe(true);
  });

  test('has its people where they belong, who sign in with its password', async () => {
    const rows = await filled.database.read<{ handle: string }>(sql`
      select a.id, coalesce(a.email, a.handle) as handle, a.display_name as "displayName",
        coalesce(a.role, a.kind) as role, w.name as workspace
      from actors a join workspaces w on w.id = a.workspace_id where a.active and a.kind <> 'SYSTEM'`);
    const byHandle = (a: { handle: string }, b: { handle: string }) => (a.handle < b.handle ? -1 : 1);
    expect(rows.sort(byHandle)).toEqual([...demoPeople].sort(byHandle));
    expect(await count(filled, `actors where kind = 'SYSTEM'`)).toBe(2);

    const hashes = await filled.database.read<{ hash: string }>(sql`select hash from passwords`);
    expect(hashes.length).toBe(demoPeople.filter(({ role }) => role === 'ADMIN' || role === 'AGENT').length);
    expect(await passwordMatches(hashes[0]!.hash, demoPassword)).toBe(true);
    expect(new Set(hashes.map(({ hash }) => hash)).size).toBe(1);
  });

  test('has both timers off and an AI agent in both workspaces', async () => {
    const workspaces = await filled.database.read(sql`
      select w.name, a.handle, a.answers_by as "answersBy", w.auto_resolve_after_seconds as resolve,
        w.auto_finalize_after_seconds as finalize
      from workspaces w join actors a on a.id = w.default_ai_agent_id order by w.name`);
    expect(workspaces).toEqual([
      { name: 'Acme', handle: 'acme-bot', answersBy: 'ARTICLES', resolve: null, finalize: null },
      { name: 'Globex', handle: 'globex-bot', answersBy: 'EXTERNAL', resolve: null, finalize: null },
    ]);
  });

  test('shows a conversation in every state', async () => {
    const states = await filled.database.read<{ state: string }>(sql`
      select distinct concat_ws(' ', status, handling, case when needs_human_since is not null then 'NEEDS_HUMAN' end) as state
      from conversations order by state`);
    expect(states.map(({ state }) => state)).toEqual([
      'FINALIZED AI',
      'FINALIZED HUMAN',
      'FINALIZED UNATTENDED',
      'OPEN AI',
      'OPEN HUMAN',
      'OPEN UNATTENDED NEEDS_HUMAN',
      'RESOLVED AI',
      'RESOLVED HUMAN',
      'RESOLVED UNATTENDED',
    ]);
    const kinds = await filled.database.read<{ kind: string }>(sql`
      select distinct coalesce(event_kind, concat_ws(' ', type, audience)) as kind from entries order by kind`);
    expect(kinds.map(({ kind }) => kind)).toEqual([
      'ASSIGNED',
      'FINALIZED',
      'HANDED_BACK',
      'HUMAN_REQUESTED',
      'JOINED',
      'LEFT',
      'MESSAGE EVERYONE',
      'REOPENED',
      'RESOLVED',
      'STARTED',
      'TAKEN_OVER',
      'TICKET_CREATED',
      'TRANSFER_ACCEPTED',
      'TRANSFER_CANCELLED',
      'TRANSFER_DECLINED',
      'TRANSFER_EXPIRED',
      'TRANSFER_REQUESTED',
      'WHISPER SELF',
      'WHISPER TEAM',
    ]);
  });

  test('has whispers with mentions, tags, every priority, many channels, and a timeline of several pages', async () => {
    expect(await count(filled, `entries where cardinality(mention_ids) > 1`)).toBeGreaterThan(0);
    expect(await count(filled, `conversations where cardinality(tags) > 1`)).toBeGreaterThan(0);
    expect(await count(filled, `(select distinct priority from conversations) p`)).toBe(4);
    expect(await count(filled, `(select distinct channel from conversations) c`)).toBeGreaterThanOrEqual(6);
    expect(await count(filled, `ai_turns where human_to is not null`)).toBeGreaterThan(0);
    expect(await count(filled, `conversations where position > 60`)).toBeGreaterThan(0);
  });

  test('has an offer in every state; those of the last evening wait on the day that it was filled', async () => {
    const offers = await filled.database.read<{ status: string; waits: boolean }>(sql`
      select distinct status, expires_at > ${someDay.now()} as waits from transfers order by status, waits`);
    expect(offers).toEqual([
      { status: 'ACCEPTED', waits: false },
      { status: 'CANCELLED', waits: false },
      { status: 'DECLINED', waits: false },
      { status: 'EXPIRED', waits: false },
      { status: 'PENDING', waits: true },
    ]);
    expect(await count(filled, `workspaces where transfer_timeout_seconds = 300`)).toBe(2);
  });

  test('tells its agents of it, in the order of time, and some of that is unread', async () => {
    const [told] = await filled.database.read<{ inOrder: boolean; unread: number; kinds: number }>(sql`
      select bool_and(number = place) as "inOrder", count(distinct kind)::int as kinds,
        count(distinct agent_id) filter (where read_at is null)::int as unread
      from (select *, row_number() over (partition by agent_id order by created_at, id) as place from notifications) n`);
    expect(told!.inOrder).toBe(true);
    expect(told!.kinds).toBeGreaterThanOrEqual(7);
    expect(told!.unread).toBeGreaterThanOrEqual(3);
    expect(
      await count(
        filled,
        `notification_counters c where last_number <> (
      select count(*) from notifications n where n.agent_id = c.agent_id)`,
      ),
    ).toBe(0);
  });

  test('is told by its timelines, in both workspaces', async () => {
    expect(await expectToBeAsTold(filled)).toEqual(['Remboursement sur un nouveau compte']);
    await expectTurnsToBeClosedInTime(filled);
    await expectMarksToStandOnEntries(filled);
    await expectIdsToBeWellFormed(filled);
  });

  test('that was killed in the middle is filled from the start', async () => {
    const broken = await newDatabase();
    const dying = spawn(
      process.execPath,
      ['--experimental-transform-types', fixture, broken.url, someDay.now().toISOString()],
      { stdio: 'ignore' },
    );
    const died = once(dying, 'exit');
    try {
      await vi.waitFor(async () => expect(await count(broken, 'entries')).toBeGreaterThan(40), patiently);
    } finally {
      dying.kill('SIGKILL');
    }
    expect(await died).toEqual([null, 'SIGKILL']);
    expect(await demoState(broken.database)).toBe('filling');
    await fillDemo(broken.database, someDay);
    const from = new Date(0);
    expect(await everything(broken, from)).toEqual(await everything(filled, from));
  });

  test('is filled once by nodes that start at once, and stays as it is', async () => {
    const shared = await newDatabase();
    expect(await demoState(shared.database)).toBe('empty');
    await Promise.all([fillDemo(shared.database, someDay), fillDemo(shared.database, someDay)]);
    expect(await demoState(shared.database)).toBe('filled');
    await shared.database.read(sql`update workspaces set name = 'Ours' where name = 'Acme'`);
    await fillDemo(shared.database, tenDaysLater);
    expect(await count(shared, `workspaces where name = 'Ours'`)).toBe(1);
  });

  test('stays out of a database that holds other workspaces', async () => {
    const own = await newDatabase();
    await own.database.read(sql`
      insert into workspaces (id, name, reply_policy, created_at)
      values ('ws_00000000000000000000000000', 'Own', 'PARTICIPANTS', now())`);
    expect(await demoState(own.database)).toBe('own');
    await expect(fillDemo(own.database)).rejects.toThrow('workspaces of its own');
    expect(await count(own, 'workspaces')).toBe(1);
  });
});

describe('the load for measuring', () => {
  const added = async (where: string) => (await count(loaded, where)) - (await count(filled, where));

  test('has as many conversations and messages as asked for, beside the demo', async () => {
    expect(await added('conversations')).toBe(150);
    expect(await added(`entries where type = 'MESSAGE'`)).toBe(3000);
    const whispers = await added(`entries where type = 'WHISPER'`);
    expect(whispers).toBeGreaterThan(300);
    expect(whispers).toBeLessThan(900);
    expect(await added('conversations where position < 12')).toBeGreaterThan(50);
    expect(await added('conversations where position > 100')).toBeGreaterThan(0);
    expect(await added(`conversations where status = 'OPEN' and handling = 'HUMAN'`)).toBeGreaterThan(0);
    expect(await added(`conversations where status = 'OPEN' and handling = 'AI'`)).toBeGreaterThan(0);
    expect(await added(`conversations where needs_human_since is not null`)).toBeGreaterThan(0);
    expect(await count(loaded, `(select distinct assignee_id from conversations) a`)).toBeGreaterThan(10);
  });

  test('is told by its timelines like what the actions write', async () => {
    expect(await expectToBeAsTold(loaded)).toEqual(['Remboursement sur un nouveau compte']);
    await expectTurnsToBeClosedInTime(loaded);
    await expectMarksToStandOnEntries(loaded);
    await expectIdsToBeWellFormed(loaded);
    expect(await count(loaded, `entries where created_at > '${someDay.now().toISOString()}'`)).toBe(0);
  });

  test('is the same for the same numbers, and more is added by the next', async () => {
    const again = await newDatabase();
    await seedLoad(again.database, { conversations: 150, messages: 3000 }, someDay);
    const from = new Date(0);
    expect(await everything(again, from)).toEqual(await everything(loaded, from));
    await seedLoad(again.database, { conversations: 20, messages: 20 }, someDay);
    expect((await count(again, 'conversations')) - (await count(loaded, 'conversations'))).toBe(20);
    expect(await expectToBeAsTold(again)).toHaveLength(1);
  });

  test('needs a message for each conversation', async () => {
    await expect(seedLoad(loaded.database, { conversations: 2, messages: 1 })).rejects.toThrow(
      'at least as many messages',
    );
  });
});
