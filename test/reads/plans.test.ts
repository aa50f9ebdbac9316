import { escapeLiteral } from 'pg';
import sql, { type Sql } from 'sql-template-tag';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { demoPeople } from '../../src/demo/people.js';
import { seedLoad } from '../../src/demo/seedLoad.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { Person } from '../support/Person.js';
import { statementsOf } from './statements.js';

let app: TestApp;
let ben: Person;
let dana: Person;
let bot: Person;
/** The longest conversation there is. */
let longId: string;
beforeAll(async () => {
  app = await startTestApp();
  await seedLoad(app.world.database, { conversations: 2000, messages: 60_000 }, app.clock);
  [ben, bot] = (await Promise.all(['ben@acme.test', 'acme-bot'].map(personOfDemo))) as [Person, Person];
  const [longest] = await app.world.database.read<{ id: string; customerId: string }>(sql`
    select c.id, c.customer_id as "customerId" from conversations c
    where c.workspace_id = (select workspace_id from actors where id = ${ben.id}) order by c.position desc limit 1`);
  longId = longest!.id;
  await addOffers();
  dana = await person(longest!.customerId, 'the customer');
}, 120_000);
afterAll(async () => {
  await Promise.all([ben, dana, bot].map((one) => one.leave()));
  await app.close();
});

/** Five offers of each conversation of Ben's workspace, one of them pending, and two notifications of each. */
async function addOffers(): Promise<void> {
  const { database } = app.world;
  const now = app.clock.now();
  await database.read(sql`
    insert into transfers (id, workspace_id, conversation_id, from_id, to_id, leave_on_accept, status, created_at,
      expires_at, answered_at)
    select 'xfer_' || lpad((row_number() over ())::text, 26, '0'), c.workspace_id, c.id, ${ben.id}, a.id, false,
      case when nr = 5 then 'PENDING' else 'DECLINED' end, ${now}::timestamptz - make_interval(hours => 6 - nr),
      ${now}::timestamptz + interval '1 day', case when nr = 5 then null else ${now}::timestamptz end
    from actors b join conversations c on c.workspace_id = b.workspace_id cross join generate_series(1, 5) nr
    cross join lateral (
      select a.id from actors a where a.workspace_id = c.workspace_id and a.kind = 'AGENT' and a.id <> b.id
      order by md5(a.id || c.id) limit 1) a
    where b.id = ${ben.id}
    on conflict do nothing`);
  await database.read(sql`truncate notifications, notification_counters cascade`);
  await database.read(sql`
    insert into notifications (id, workspace_id, agent_id, number, kind, conversation_id, transfer_id, actor_id, channels,
      created_at, read_at)
    select 'ntf_' || lpad((row_number() over ())::text, 26, '0'), x.workspace_id, told.id,
      row_number() over (partition by told.id order by x.created_at, x.id), 'TRANSFER_REQUESTED', x.conversation_id, x.id,
      x.from_id, '{IN_APP}', x.created_at, case when x.answered_at is not null then x.created_at end
    from transfers x cross join lateral (values (x.from_id), (x.to_id)) told (id)`);
  await database.read(sql`
    insert into notification_counters select workspace_id, agent_id, max(number) from notifications group by 1, 2`);
  for (const table of ['transfers', 'notifications']) await database.pool.query(`analyze ${table}`);
}

const person = async (id: string, name: string) =>
  new Person(app.url, id, name, (await app.tokens.issue(id, 3600)).token);
const personOfDemo = (handle: string) => person(demoPeople.find((one) => one.handle === handle)!.id, handle);

interface Plan {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  Plans?: Plan[];
}

/** How PostgreSQL carries out these statements, not knowing their values beforehand: the scans of large tables. */
async function scansOf(statements: readonly Sql[]): Promise<{ table: string; by: string }[]> {
  const client = await app.world.database.pool.connect();
  try {
    const scans = [];
    for (const [nr, { text, values }] of statements.entries()) {
      const given = values.length === 0 ? '' : `(${values.map(literal).join(', ')})`;
      await client.query(`prepare plan_${nr} as ${text}`);
      const { rows } = await client.query(`explain (format json) execute plan_${nr}${given}`);
      await client.query(`deallocate plan_${nr}`);
      scans.push(...scansIn(rows[0]['QUERY PLAN'][0].Plan));
    }
    return scans;
  } finally {
    client.release();
  }
}

const largeTables = [
  'conversations',
  'entries',
  'transfers',
  'notifications',
  'tickets',
  'ticket_comments',
  'ticket_changes',
  'ticket_snapshot_entries',
];

function scansIn(plan: Plan): { table: string; by: string }[] {
  const below = (plan.Plans ?? []).flatMap(scansIn);
  const table = plan['Relation Name'];
  if (table === undefined || !largeTables.includes(table)) return below;
  return [{ table, by: plan['Node Type'] }, ...below];
}

function literal(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (value instanceof Date) return escapeLiteral(value.toISOString());
  if (Array.isArray(value)) return escapeLiteral(`{${value.map((one) => JSON.stringify(String(one))).join(',')}}`);
  return escapeLiteral(String(value));
}

const people = { 'an agent': () => ben, 'a customer': () => dana, 'an AI agent': () => bot };
const inboxRow = `id subject status handling updatedAt unreadCount customer { id displayName } assignee { id displayName }
  lastMessage { id text actor { id } } participants { joinedAt actor { id } } viewerCan { sendMessage { allowed } }`;
const entry =
  '{ edges { cursor node { id createdAt actor { id displayName } ... on Message { text } ... on ConversationEvent { kind agent { id } } } } pageInfo { hasNextPage endCursor } }';

const middle = async (one: Person) => {
  const query = 'query ($id: ID!) { conversation(id: $id) { timeline(last: 100) { pageInfo { startCursor } } } }';
  return (await one.ask(query, { id: longId })).conversation.timeline.pageInfo.startCursor;
};

/** What screens ask for again and again. */
const asked: Record<string, (one: Person) => Promise<unknown>> = {
  'the first page of the inbox': (one) =>
    one.ask(`{ conversations(first: 25) { edges { cursor node { ${inboxRow} } } } }`),
  'the next page of the inbox': async (one) => {
    const cursor = Buffer.from(
      JSON.stringify(['c', app.clock.now().getTime() - 30 * 24 * 3600 * 1000, longId]),
    ).toString('base64url');
    await one.ask(
      `query ($after: String) { conversations(first: 25, after: $after) { edges { node { ${inboxRow} } } } }`,
      { after: cursor },
    );
  },
  'the first page of a timeline': (one) =>
    one.ask(`query ($id: ID!) { conversation(id: $id) { timeline(first: 50) ${entry} } }`, { id: longId }),
  'the last page of a timeline': (one) =>
    one.ask(`query ($id: ID!) { conversation(id: $id) { timeline(last: 50) ${entry} } }`, { id: longId }),
  'a page in the middle of a timeline': async (one) => {
    const query = `query ($id: ID!, $before: String) { conversation(id: $id) { timeline(last: 50, before: $before) ${entry} } }`;
    await one.ask(query, { id: longId, before: await middle(one) });
  },
  'the last messages': (one) =>
    one.ask(`query ($id: ID!) { conversation(id: $id) { messages(last: 50) { edges { node { id text } } } } }`, {
      id: longId,
    }),
  'the unread count': (one) => one.ask('query ($id: ID!) { conversation(id: $id) { unreadCount } }', { id: longId }),
  'things by their ids': (one) => one.ask('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids: [longId] }),
  'what came after a cursor, in a stream': async (one) => {
    const after = await middle(one);
    const stream = one.follow(
      'subscription ($id: ID!, $after: String) { timelineItemAdded(conversationId: $id, after: $after) { cursor } }',
      { id: longId, after },
    );
    await stream.take(99);
    stream.stop();
  },
  'the state of a conversation, in a stream': async (one) => {
    const stream = one.follow(
      'subscription ($id: ID!) { conversationUpdated(conversationId: $id) { id unreadCount } }',
      { id: longId },
    );
    await stream.take(1);
    stream.stop();
  },
};

const notification = '{ edges { cursor node { id kind actor { id } transfer { id status } } } pageInfo { endCursor } }';
const notificationCursor = (number: number) => Buffer.from(JSON.stringify(['n', ben.id, number])).toString('base64url');

const askedByAgents: Record<string, () => Promise<unknown>> = {
  'the last page of notifications': () => ben.ask(`{ notifications(last: 25) ${notification} }`),
  'a page in the middle of them': () =>
    ben.ask(`query ($before: String) { notifications(last: 25, before: $before) ${notification} }`, {
      before: notificationCursor(2000),
    }),
  'the unread ones': () => ben.ask(`{ notifications(last: 25, unreadOnly: true) ${notification} }`),
  'what came after a cursor, in the stream of notifications': async () => {
    const stream = ben.follow('subscription ($after: String) { notificationAdded(after: $after) { cursor } }', {
      after: notificationCursor(2000),
    });
    await stream.take(99);
    stream.stop();
  },
  'the offers to somebody': async () => {
    const { rows } = await app.world.database.pool.query<{ id: string }>('select min(to_id) as id from transfers');
    const one = await person(rows[0]!.id, 'somebody');
    await one.ask('{ viewer { profile { pendingTransfers { id to { id } } } } }');
  },
  'the pending offers of the inbox': () =>
    ben.ask('{ conversations(first: 25) { edges { node { id pendingTransfer { id } } } } }'),
  'the offers of a conversation': () =>
    ben.ask('query ($id: ID!) { conversation(id: $id) { transfers(last: 25) { edges { node { id } } } } }', {
      id: longId,
    }),
};

describe('on a load of two thousand conversations', () => {
  test('a scan of a whole table is found for what it is', async () => {
    expect(await scansOf([sql`select count(*) from entries e where e.text = ${'x'}`])).toEqual([
      { table: 'entries', by: 'Seq Scan' },
    ]);
  });

  const pairs = Object.keys(asked).flatMap((what) => Object.keys(people).map((who) => [what, who] as const));
  test.each(pairs)('%s is found by indexes for %s', async (what, who) => {
    const statements = await statementsOf(app, () => asked[what]!(people[who as keyof typeof people]()));
    const scans = await scansOf(statements);
    // No bitmap either: it fetches all of a conversation, however long, and sorts it, for one page.
    expect(scans.length).toBeGreaterThan(0);
    expect(scans.filter(({ by }) => !/^Index (Only )?Scan$/.test(by))).toEqual([]);
  });

  test.each([['assignedToMe: true'], ['needsHuman: true'], ['status: [OPEN]']])(
    "an agent's inbox filtered by %s reads no table from end to end",
    async (filter) => {
      const statements = await statementsOf(app, () =>
        ben.ask(`{ conversations(first: 25, filter: { ${filter} }) { edges { node { ${inboxRow} } } } }`),
      );
      expect((await scansOf(statements)).filter(({ by }) => by === 'Seq Scan')).toEqual([]);
    },
  );

  test.each(Object.entries(askedByAgents))('%s is found by indexes', async (_, ask) => {
    const scans = await scansOf(await statementsOf(app, ask));
    expect(scans.map(({ table }) => table)).toEqual(
      expect.arrayContaining([expect.stringMatching(/^(transfer|notif)/)]),
    );
    expect(scans.filter(({ by }) => !/^Index (Only )?Scan$/.test(by))).toEqual([]);
  });

  test('what has changed, for the stream of the inbox, is found by its index', async () => {
    const statements = await statementsOf(app, async () => {
      const stream = ben.follow('subscription { inboxUpdated { kind } }');
      await stream.take(1);
      await app.world.database.pool.query(
        'update conversations set public_version = public_version + 1 where id = $1',
        [longId],
      );
      await stream.take(2);
      stream.stop();
    });
    expect((await scansOf(statements)).filter(({ by }) => by === 'Seq Scan')).toEqual([]);
  });

  // Of a customer, their conversations are fewer than what the word finds.
  const searches = ['broken parcel', 'arcel', 'pracel'].flatMap((query) =>
    Object.keys(people).map((who) => [query, who] as const),
  );
  test.each(searches)('a search for "%s" by %s reads no table from end to end', async (query, who) => {
    const { database } = app.world;
    const spy = vi.spyOn(database, 'readWithin');
    await people[who as keyof typeof people]().ask(
      'query ($query: String!) { searchMessages(query: $query) { edges { node { text } } } }',
      { query },
    );
    const statements = spy.mock.calls.map(([, statement]) => statement);
    spy.mockRestore();
    expect(statements.length).toBeGreaterThan(0);
    expect((await scansOf(statements)).filter(({ by }) => by === 'Seq Scan')).toEqual([]);
  });
});

describe('on twenty thousand tickets', () => {
  const count = 20_000;
  beforeAll(async () => {
    const { pool } = app.world.database;
    // Twenty in each conversation; ten of them have a long story.
    await pool.query(
      `
      insert into tickets (id, workspace_id, number, conversation_id, title, status, priority, created_by_id, assignee_id,
        comment_count, change_count, created_at, updated_at)
      select 'tkt_load' || nr, c.workspace_id, nr + 100, c.id, 'Ticket ' || nr,
        (array['OPEN', 'CLOSED', 'CLOSED', 'CLOSED'])[1 + nr % 4], 'NORMAL', $1, case when nr % 50 = 0 then $1 end, 0, 0,
        now(), now()
      from generate_series(1, ${count}) nr
      join (select id, workspace_id, row_number() over (order by id) as place from conversations
        where workspace_id = (select workspace_id from actors where id = $1)) c on c.place = 1 + nr % 1000`,
      [ben.id],
    );
    await pool.query(`
      insert into ticket_snapshots (ticket_id, workspace_id, taken_at, customer)
      select id, workspace_id, created_at, '{}' from tickets where id like 'tkt_load%'`);
    await pool.query(`
      insert into ticket_snapshot_seals (ticket_id, view, participants, entry_count, sha256)
      select id, 'TEAM', '[]', 0, '' from tickets where id like 'tkt_load%'`);
    await pool.query(
      `
      insert into ticket_snapshot_entries (ticket_id, team_nr, everyone_nr, entry_id, kind, audience, actor_id, actor_name,
        salt, created_at)
      select 'tkt_load' || (1 + nr % 10), nr, nr, nr, 'MESSAGE', 'EVERYONE', $1, 'Ben', '', now()
      from generate_series(1, ${count}) nr`,
      [ben.id],
    );
    await pool.query(
      `
      insert into ticket_comments (id, workspace_id, ticket_id, number, author_id, text, created_at)
      select 'tcom_' || k.number, k.workspace_id, 'tkt_load' || (1 + k.number % 10), k.number, $1, 'Text', now()
      from tickets k where k.id like 'tkt_load%'`,
      [ben.id],
    );
    await pool.query(
      `
      insert into ticket_changes (workspace_id, ticket_id, number, actor_id, field, created_at)
      select k.workspace_id, 'tkt_load' || (1 + k.number % 10), k.number, $1, 'title', now()
      from tickets k where k.id like 'tkt_load%'`,
      [ben.id],
    );
    await pool.query('analyze tickets, ticket_snapshots, ticket_snapshot_seals, ticket_snapshot_entries');
    await pool.query('analyze ticket_comments, ticket_changes');
  }, 60_000);

  const card = '{ edges { cursor node { id number title status } } pageInfo { hasNextPage endCursor } }';
  test.each([
    ['the first page', `{ tickets(first: 25) ${card} }`],
    ['a page in the middle', `{ tickets(first: 25, after: "${cursorOf(['k', 9000])}") ${card} }`],
    ['the open ones', `{ tickets(first: 25, filter: { status: [OPEN] }) ${card} }`],
    ['one by its number', '{ ticket(number: 177) { id title } }'],
    [
      'the comments and the history of one',
      '{ ticket(number: 107) { comments(first: 20) { edges { node { text } } } history(last: 20) { edges { node { field } } } } }',
    ],
    [
      'the end of a snapshot',
      '{ ticket(number: 107) { snapshot { entries(last: 50) { totalCount edges { node { text } } } } } }',
    ],
    [
      'those of a conversation',
      `query ($id: ID!) { conversation(id: $id) { tickets(first: 20) { totalCount edges { cursor } } } }`,
    ],
  ])('%s: found by indexes', async (_, query) => {
    const statements = await statementsOf(app, () => ben.ask(query, { id: longId }));
    const scans = await scansOf(statements);
    expect(scans.length).toBeGreaterThan(0);
    expect(scans.filter(({ by }) => !/^Index (Only )?Scan$/.test(by))).toEqual([]);
  });

  test('an agent’s own are found without reading all, and so are all entries of a snapshot', async () => {
    const statements = await statementsOf(app, async () => {
      await ben.ask(`{ tickets(first: 25, filter: { assigneeId: "${ben.id}" }) { totalCount edges { cursor } } }`);
      await ben.ask('{ ticket(number: 107) { snapshot { intact } } }');
    });
    expect((await scansOf(statements)).filter(({ by }) => by === 'Seq Scan')).toEqual([]);
  });
});

function cursorOf(parts: unknown[]): string {
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}
