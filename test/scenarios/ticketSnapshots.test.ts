import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import canonicalize from 'canonicalize';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  CreateTicketDocument,
  SendMessageDocument,
  SnapshotDocument,
  type SnapshotQuery,
  TransferConversationDocument,
  UpdateAgentDocument,
  UpdateTicketDocument,
  WhisperDocument,
} from '../operations/generated.js';
import { newPerson } from '../support/cast.js';
import { pdf, uploads } from '../support/files.js';
import type { Person } from '../support/Person.js';
import { does, gist, joins, leaves, newStage, resolves, says, whispers } from '../support/stories.js';
import { wholeTimeline } from '../support/streams.js';

const stage = newStage({ RATE_BURST: '10000000', MAX_COST: '100000', REQUEST_TIMEOUT_MS: '60000' });

/** An integration that may read tickets, and no whispers. */
let auditor: Person;
beforeAll(async () => {
  const { app, cast } = stage;
  auditor = await newPerson(app, app.url, cast.acme, 'Auditor', { kind: 'INTEGRATION', scopes: ['TICKETS_READ'] });
});

type Snapshot = NonNullable<SnapshotQuery['ticket']>['snapshot'];

const ticketOf = async (conversationId: string, by: Person = stage.cast.ben) =>
  (await does(by, CreateTicketDocument, { conversationId, title: 'Lost parcel' })).ticket!;
async function snapshotOf(person: Person, number: number): Promise<Snapshot> {
  const { ticket } = await person.ask(SnapshotDocument, { number, first: 100 });
  return ticket!.snapshot;
}
const linesOf = ({ entries }: Snapshot) => entries.edges.map(({ node }) => node.text ?? node.kind);

/** What anybody computes who has read docs/decisions/008-tickets.md and the answer of the API. */
function sealOf(ticketId: string, snapshot: Snapshot): string {
  const sha256 = (value: object) => createHash('sha256').update(canonicalize(value)!).digest('hex');
  const { assignee, customer, participants, subject, takenAt, entries } = snapshot;
  const digests = entries.edges.map(({ node }) => {
    const { actor, agent, attachments, audience, createdAt, entryId, kind, salt, text } = node;
    const files = attachments.length > 0 && { attachments };
    const line = { actor, agent, ...files, audience, createdAt, entryId, kind, salt, text };
    return node.erasedAt ? node.sha256 : sha256(line);
  });
  return sha256({ assignee, customer, participants, subject, takenAt, ticketId, entries: digests });
}

/** A conversation with something of everything: messages, whispers, a note, somebody who came and went. */
async function eventful(): Promise<string> {
  const { dana, ben, cleo } = stage.cast;
  const conversationId = await stage.takenOverBy(ben);
  await says(ben, conversationId, 'On its way.');
  await whispers(cleo, conversationId, 'Is it?');
  await does(ben, WhisperDocument, { conversationId, text: 'Ask Marc.', audience: 'SELF' });
  await leaves(cleo, conversationId);
  const attachmentIds = [await uploads(dana, pdf()), await uploads(dana, pdf())];
  await does(dana, SendMessageDocument, { conversationId, text: 'Good.', attachmentIds });
  return conversationId;
}
const publicLines = ['STARTED', 'Where is my parcel?', 'TAKEN_OVER', 'On its way.', 'Good.'];
const teamLines = [...publicLines.slice(0, 4), 'JOINED', 'Is it?', 'LEFT', 'Good.'];

/** As a superuser would who has lost his way. */
async function tampered(sql: string, ...values: unknown[]): Promise<void> {
  const client = await stage.app.world.database.pool.connect();
  try {
    await client.query('set session_replication_role = replica');
    const { rowCount } = await client.query(sql, values);
    expect(rowCount).toBeGreaterThan(0);
  } finally {
    await client.query('reset session_replication_role');
    client.release();
  }
}
const sql = (text: string, ...values: unknown[]) => stage.app.world.database.pool.query(text, values);

describe('a snapshot', () => {
  test('is the conversation as the team saw it, without notes and without the ticket', async () => {
    const { dana, ben, cleo } = stage.cast;
    const ticket = await ticketOf(await eventful());
    const snapshot = await snapshotOf(cleo, ticket.number);
    expect(linesOf(snapshot)).toEqual(teamLines);
    expect(snapshot).toMatchObject({
      takenAt: ticket.createdAt,
      subject: null,
      customer: { actorId: dana.id, displayName: 'Dana' },
      assignee: { actorId: ben.id, displayName: 'Ben' },
      participants: [{ actorId: dana.id }, { actorId: ben.id }],
      intact: true,
      entries: { totalCount: teamLines.length },
    });
    const takenOver = snapshot.entries.edges[2]!.node;
    expect(takenOver).toMatchObject({
      kind: 'TAKEN_OVER',
      audience: 'EVERYONE',
      text: null,
      agent: { actorId: ben.id },
    });
  });

  test('of an earlier ticket is in a later one, by its event', async () => {
    const conversationId = await eventful();
    await ticketOf(conversationId);
    const second = await ticketOf(conversationId);
    expect(linesOf(await snapshotOf(stage.cast.ben, second.number))).toEqual([...teamLines, 'TICKET_CREATED']);
  });

  test('is the exact prefix of the timeline, while others write (F7)', async () => {
    const { dana, ben, cleo } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    const times = (count: number, act: (nr: number) => Promise<unknown>) =>
      Array.from({ length: count }, (_, nr) => act(nr));
    await Promise.all([
      ...times(20, (nr) => says(dana, conversationId, `Message ${nr}`)),
      ...times(6, () => ticketOf(conversationId)),
      ...times(10, (nr) => whispers(cleo, conversationId, `Whisper ${nr}`)),
      ...times(10, (nr) => does(ben, WhisperDocument, { conversationId, text: `Note ${nr}`, audience: 'SELF' })),
    ]);
    const timeline = (await wholeTimeline(cleo, conversationId)).map(({ node }) => node);
    const { conversation } = await cleo.ask(
      'query ($id: ID!) { conversation(id: $id) { tickets { edges { node { number } } } } }',
      { id: conversationId },
    );
    const prefixes = timeline.flatMap(({ id, ...node }, place) =>
      gist(node as object) === 'TICKET_CREATED' ? [timeline.slice(0, place).map((entry) => entry.id)] : [],
    );
    const numbers: number[] = conversation.tickets.edges.map(({ node }: any) => node.number).toReversed();
    expect(prefixes).toHaveLength(6);
    for (const [nr, number] of numbers.entries()) {
      const { entries, intact } = await snapshotOf(cleo, number);
      expect(entries.edges.map(({ node }) => node.entryId)).toEqual(prefixes[nr]);
      expect(intact).toBe(true);
    }
  });

  test('stays as it is, whatever becomes of the conversation, the people and the ticket', async () => {
    const { ada, dana, ben, cleo } = stage.cast;
    const conversationId = await eventful();
    const ticket = await ticketOf(conversationId);
    const before = await ben.raw(SnapshotDocument, { number: ticket.number, first: 100 });
    await says(dana, conversationId, 'One more thing.');
    await whispers(cleo, conversationId, 'Later.');
    await does(ben, TransferConversationDocument, { conversationId, toAgentId: cleo.id });
    await does(ada, UpdateAgentDocument, { agentId: ben.id, displayName: 'Benjamin' });
    await sql(`update actors set display_name = 'Daniela' where id = $1`, dana.id);
    await sql(`update conversations set subject = 'Renamed' where id = $1`, conversationId);
    await resolves(ben, conversationId);
    await does(ben, UpdateTicketDocument, { ticketId: ticket.id, title: 'Found', status: 'CLOSED' });
    expect(await ben.raw(SnapshotDocument, { number: ticket.number, first: 100 })).toEqual(before);
    const later = await snapshotOf(cleo, (await ticketOf(conversationId)).number);
    expect(later).toMatchObject({ subject: 'Renamed', customer: { displayName: 'Daniela' }, intact: true });
    await does(ada, UpdateAgentDocument, { agentId: ben.id, displayName: 'Ben' });
    await sql(`update actors set display_name = 'Dana' where id = $1`, dana.id);
  });

  test('has a hash that anybody can compute from what the API answers', async () => {
    const ticket = await ticketOf(await eventful());
    const [whole, open] = [await snapshotOf(stage.cast.ben, ticket.number), await snapshotOf(auditor, ticket.number)];
    expect(sealOf(ticket.id, whole)).toBe(whole.sha256);
    expect(sealOf(ticket.id, open)).toBe(open.sha256);
    expect(whole.entries.edges.at(-1)!.node.attachments).toHaveLength(2);
    expect(open.entries.edges.at(-1)!.node.attachments).toEqual(whole.entries.edges.at(-1)!.node.attachments);
    expect(open.sha256).not.toBe(whole.sha256);
  });

  test('is read page by page, from either end', async () => {
    const { ben } = stage.cast;
    const { number } = await ticketOf(await eventful());
    const all = (await snapshotOf(ben, number)).entries.edges;
    const read: typeof all = [];
    let after: string | null = null;
    do {
      const answer: SnapshotQuery = await ben.ask(SnapshotDocument, { number, first: 3, after });
      const { edges, pageInfo, totalCount }: Snapshot['entries'] = answer.ticket!.snapshot.entries;
      expect(totalCount).toBe(all.length);
      read.push(...edges);
      after = pageInfo.hasNextPage ? pageInfo.endCursor : null;
    } while (after !== null);
    expect(read).toEqual(all);
    const { ticket } = await ben.ask(SnapshotDocument, { number, last: 2, before: all.at(-1)!.cursor });
    expect(ticket!.snapshot.entries.edges).toEqual(all.slice(-3, -1));
    expect(ticket!.snapshot.entries.pageInfo).toMatchObject({ hasPreviousPage: true, hasNextPage: true });
  });
});

describe('an integration that may not read whispers', () => {
  test('is shown what everyone saw: entries, people, count, hash and cursors (D12)', async () => {
    const { dana, ben, cleo } = stage.cast;
    const conversationId = await eventful();
    await joins(cleo, conversationId);
    const { number } = await ticketOf(conversationId);
    const snapshot = await snapshotOf(auditor, number);
    expect(linesOf(snapshot)).toEqual(publicLines);
    expect(snapshot.entries.totalCount).toBe(publicLines.length);
    expect(snapshot.participants.map(({ actorId }) => actorId)).toEqual([dana.id, ben.id]);
    expect(snapshot.intact).toBe(true);
    const numbers = snapshot.entries.edges.map(
      ({ cursor }) => JSON.parse(Buffer.from(cursor, 'base64url').toString())[2],
    );
    expect(numbers).toEqual([1, 2, 3, 4, 5]);
    const { participants } = await snapshotOf(ben, number);
    expect(participants.map(({ actorId }) => actorId)).toEqual([dana.id, ben.id, cleo.id]);
  });

  test('is not told when a whisper was tampered with, nor takes a cursor of the team', async () => {
    const { ben } = stage.cast;
    const ticket = await ticketOf(await eventful());
    const { entries } = await snapshotOf(ben, ticket.number);
    const { errors } = await auditor.attempt(SnapshotDocument, {
      number: ticket.number,
      after: entries.edges[0]!.cursor,
    });
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['BAD_USER_INPUT']);
    const before = await auditor.raw(SnapshotDocument, { number: ticket.number });
    await tampered(
      `update ticket_snapshot_entries set text = 'No.' where ticket_id = $1 and kind = 'WHISPER'`,
      ticket.id,
    );
    expect(await auditor.raw(SnapshotDocument, { number: ticket.number })).toEqual(before);
    expect((await snapshotOf(ben, ticket.number)).intact).toBe(false);
  });
});

describe('whoever tampers with a snapshot', () => {
  test.each([
    ['a text', `update ticket_snapshot_entries set text = 'Never.' where ticket_id = $1 and team_nr = 2`],
    ['a name', `update ticket_snapshot_entries set actor_name = 'Bob' where ticket_id = $1 and team_nr = 2`],
    [
      'a time',
      `update ticket_snapshot_entries set created_at = created_at + interval '1 ms' where ticket_id = $1 and team_nr = 1`,
    ],
    ['the order', `update ticket_snapshot_entries set kind = 'JOINED' where ticket_id = $1 and kind = 'TAKEN_OVER'`],
    ['what is there', 'delete from ticket_snapshot_entries where ticket_id = $1 and team_nr = 4'],
    ['the last entry', 'delete from ticket_snapshot_entries where ticket_id = $1 and team_nr = 8'],
    [
      'the customer',
      `update ticket_snapshots set customer = '{"actorId": "x", "displayName": "Eve"}' where ticket_id = $1`,
    ],
    ['the people', `update ticket_snapshot_seals set participants = '[]' where ticket_id = $1`],
    ['the time', `update ticket_snapshots set taken_at = taken_at - interval '1 hour' where ticket_id = $1`],
    ['the subject', `update ticket_snapshots set subject = 'Praise' where ticket_id = $1`],
    ['the hash', `update ticket_snapshot_seals set sha256 = repeat('0', 64) where ticket_id = $1`],
  ])('shows by %s', async (_, statement) => {
    const ticket = await ticketOf(await eventful());
    expect((await snapshotOf(stage.cast.ben, ticket.number)).intact).toBe(true);
    await expect(sql(statement, ticket.id)).rejects.toThrow(/never changed/);
    await tampered(statement, ticket.id);
    expect((await snapshotOf(stage.cast.ben, ticket.number)).intact).toBe(false);
    if (statement.includes('team_nr = 8')) {
      expect((await snapshotOf(auditor, ticket.number)).intact).toBe(false);
    }
  });
});

describe('an erasure that the law demands', () => {
  const erase = `update ticket_snapshot_entries set text = null, salt = null, erased_at = now(), erased_sha256 = $2
    where ticket_id = $1 and team_nr = 2`;

  test('leaves a tombstone, and the rest verifiable', async () => {
    const ticket = await ticketOf(await eventful());
    const before = await snapshotOf(stage.cast.ben, ticket.number);
    const open = await snapshotOf(auditor, ticket.number);
    await sql(erase, ticket.id, before.entries.edges[1]!.node.sha256);
    const after = await snapshotOf(stage.cast.ben, ticket.number);
    expect(after).toMatchObject({ intact: true, sha256: before.sha256 });
    expect(await snapshotOf(auditor, ticket.number)).toMatchObject({ intact: true, sha256: open.sha256 });
    expect(after.entries.edges[1]!.node).toMatchObject({
      kind: 'MESSAGE',
      text: null,
      salt: null,
      erasedAt: expect.any(String),
      sha256: before.entries.edges[1]!.node.sha256,
    });
    expect(sealOf(ticket.id, after)).toBe(after.sha256);
    const stillThere = await sql('select * from ticket_snapshot_entries where ticket_id = $1', ticket.id);
    expect(JSON.stringify(stillThere.rows)).not.toContain('Where is my parcel?');
    const undo = `update ticket_snapshot_entries set text = 'x', salt = 'x', erased_at = null,
      erased_sha256 = null where ticket_id = $1 and team_nr = 2`;
    await expect(sql(undo, ticket.id)).rejects.toThrow(/never changed/);
  });

  test('cannot be used to change anything else', async () => {
    const ticket = await ticketOf(await eventful());
    const sneaky = erase.replace('text = null', `text = null, actor_name = 'Nobody'`);
    await expect(sql(sneaky, ticket.id, 'x')).rejects.toThrow(/never changed/);
    await expect(sql(erase.replace('text = null', `text = 'Praise'`), ticket.id, 'x')).rejects.toThrow(/check/);
    await sql(erase, ticket.id, 'the digest of something else');
    expect((await snapshotOf(stage.cast.ben, ticket.number)).intact).toBe(false);
  });
});

test('a ticket that is refused leaves no snapshot', async () => {
  const conversationId = await eventful();
  const refused = await stage.refusal(stage.cast.ben, CreateTicketDocument, { conversationId, title: '' });
  expect(refused.code).toBe('INVALID_INPUT');
});

describe('a conversation of a hundred thousand entries', () => {
  test('is copied, sealed and verified in little memory', async () => {
    const { cast } = stage;
    const conversationId = await stage.startedBy(cast.dana);
    const count = 100_000;
    await manyMessages(conversationId, count);
    await sql('update conversations set position = position + $2 where id = $1', conversationId, count);
    const ticket = await inLittleMemory(() => ticketOf(conversationId));
    const { ticket: read } = await inLittleMemory(() =>
      cast.ben.ask(SnapshotDocument, { number: ticket.number, last: 1 }),
    );
    expect(read!.snapshot.intact).toBe(true);
    expect(read!.snapshot.entries.totalCount).toBe(count + 2);
    const [last] = read!.snapshot.entries.edges;
    expect(last!.node.entryId).toBe(`msg_${conversationId}${count}`);
  }, 240_000);
});

/** Written as they would have been, by one statement, which may take its time. */
async function manyMessages(conversationId: string, count: number): Promise<void> {
  const client = await stage.app.world.database.pool.connect();
  try {
    await client.query('set statement_timeout = 0');
    await client.query(
      `insert into entries (id, workspace_id, conversation_id, position, team_position, note_position, type, audience,
         actor_id, created_at, text, mention_ids)
       select 'msg_' || c.id || nr, c.workspace_id, c.id, c.position + nr, 0, 0, 'MESSAGE', 'EVERYONE', c.customer_id,
         c.created_at, repeat(chr(65 + nr % 26), 400), '{}'
       from conversations c, generate_series(1, $2::int) nr where c.id = $1`,
      [conversationId, count],
    );
  } finally {
    await client.query('reset statement_timeout');
    client.release();
  }
}

/** What is alive while it runs grows by less than the entries together hold: 40 MB of text alone. */
async function inLittleMemory<T>(work: () => Promise<T>): Promise<T> {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  const alive = () => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  const before = alive();
  let most = before;
  let isDone = false;
  const done = work().finally(() => {
    isDone = true;
  });
  while (!isDone) {
    most = Math.max(most, alive());
    await sleep(1000);
  }
  expect(most - before).toBeLessThan(25e6);
  return done;
}
