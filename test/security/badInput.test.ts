import { createECDH } from 'node:crypto';
import { GraphQLID, type GraphQLInputType, GraphQLString, getNamedType } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { IdKind } from '../../src/ids.js';
import { buildSchema } from '../../src/resolvers/buildSchema.js';
import {
  CreateTicketDocument,
  InboxDocument,
  RequestUploadDocument,
  SendMessageDocument,
  StartConversationDocument,
  TakeOverConversationDocument,
  TimelineDocument,
  TimelineItemAddedDocument,
  TransferConversationDocument,
  WhisperDocument,
} from '../operations/generated.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { type Cast, castOf } from '../support/cast.js';
import type { Person } from '../support/Person.js';
import { pathsOf, type RootCall, rootCall, rootFields } from './documents.js';

let app: TestApp;
let cast: Cast;
/** Ada's conversation with Dana, and another of Dana's; each with all kinds of entries. */
let conversationId: string;
let otherConversationId: string;
/** What Ben offers her. */
let offerToAda: string;
/** One real id of every kind: at Acme, and at Globex. */
let ours: Record<string, string>;
let theirs: Record<string, string>;
beforeAll(async () => {
  app = await startTestApp({ SIGN_IN_ATTEMPTS_PER_MINUTE: '100000' });
  cast = await castOf(app);
  const { dana, ada, ivy, gus } = cast;
  ours = await idsOf(dana, ada, { ai: cast.bot.id, ws: cast.acme });
  conversationId = ours.conv!;
  otherConversationId = (await idsOf(dana, ada, {})).conv!;
  const ofBen = (await idsOf(dana, cast.ben, {})).conv!;
  const offer = { conversationId: ofBen, toAgentId: ada.id };
  offerToAda = (await cast.ben.ask(TransferConversationDocument, { input: offer })).transferConversation.transfer!.id;
  theirs = await idsOf(ivy, gus, { ai: cast.globot.id, ws: cast.globex });
});
afterAll(async () => {
  await cast.leave();
  await app.close();
});

async function idsOf(customer: Person, agent: Person, more: Record<string, string>): Promise<Record<string, string>> {
  const { startConversation } = await customer.ask(StartConversationDocument, { input: { text: 'Hello?' } });
  const conv = startConversation.conversation!.id;
  const { rows } = await app.world.database.pool.query('select id from ai_turns where conversation_id = $1', [conv]);
  await agent.ask(TakeOverConversationDocument, { input: { conversationId: conv } });
  const { sendMessage } = await agent.ask(SendMessageDocument, { input: { conversationId: conv, text: 'Hello.' } });
  const { whisper } = await agent.ask(WhisperDocument, { input: { conversationId: conv, text: 'Hm.' } });
  const { createTicket } = await agent.ask(CreateTicketDocument, { input: { conversationId: conv, title: 'Lost' } });
  const evt = startConversation.timelineEdges[0]!.node.id;
  const uploaded = await agent.ask(RequestUploadDocument, {
    input: { fileName: 'a.txt', contentType: 'text/plain', byteSize: 1 },
  });
  const att = uploaded.requestUpload.upload!.attachmentId;
  const entries = {
    msg: sendMessage.message!.id,
    whis: whisper.whisper!.id,
    evt,
    turn: rows[0].id,
    att,
    tkt: createTicket.ticket!.id,
  };
  return { conv, cust: customer.id, agent: agent.id, ...entries, ...more };
}

const schema = buildSchema();
const kindOfField: Record<string, IdKind> = {
  conversationId: 'conv',
  customerId: 'cust',
  assigneeId: 'agent',
  agentId: 'agent',
  toAgentId: 'agent',
  mentionIds: 'agent',
  aiTurnId: 'turn',
  upToId: 'msg',
  defaultAiAgentId: 'ai',
  workspaceId: 'ws',
  ticketId: 'tkt',
  attachmentIds: 'att',
};

/** Somebody whom this argument is meant for, so that nothing else than its value is wrong. */
function callerOf(name: string, path: string[]): Person {
  const field = path.at(-1);
  if (field === 'aiTurnId' || name === 'Subscription.aiTurnOpened') return cast.bot;
  if (name === 'Mutation.requestHuman' && field === 'text') return cast.bot;
  if (name === 'Mutation.startConversation')
    return field === 'customerId' || field === 'externalId' ? cast.crm : cast.dana;
  if (name === 'Mutation.sendMessage' && field === 'externalId') return cast.crm;
  return name === 'Mutation.requestHuman' ? cast.dana : cast.ada;
}

const upload: Record<string, unknown> = { fileName: 'a.txt', contentType: 'text/plain', byteSize: 1 };

/** A browser's. */
const goodKey = createECDH('prime256v1').generateKeys('base64url');

/** What makes the rest of the call a good one. */
function goodValue(name: string, badPath: string[], bad: unknown) {
  return (path: string[]): unknown => {
    const field = path.at(-1)!;
    if (path.join('.') === badPath.join('.')) return bad;
    if (field === 'conversationId') return conversationId;
    if (field === 'ticketId') return ours.tkt;
    if (field === 'transferId') return offerToAda;
    if (field === 'toAgentId') return cast.cleo.id;
    if (name === 'Query.conversation' && field === 'id') return conversationId;
    if (field === 'text' && name !== 'Mutation.requestHuman') return 'Hello.';
    if (name === 'Mutation.requestUpload' && field in upload) return upload[field];
    if (field === 'onBehalfOfCustomer') return badPath.at(-1) === 'externalId';
    if (field === 'customerId' && name === 'Mutation.startConversation' && badPath.at(-1) === 'externalId')
      return cast.dana.id;
    if (field === 'agentId')
      return name === 'Mutation.updateAgent' || badPath.at(-1) === 'newPassword' ? cast.ben.id : undefined;
    if (field === 'aiTurnId' && badPath.at(-1) === 'text' && name === 'Mutation.requestHuman') return ours.turn;
    if (field === 'p256dh') return goodKey;
    if (field === 'email') return 'new@agents.test';
    return field === 'newPassword' ? 'a password that is long enough' : undefined;
  };
}

interface Answer {
  codes: unknown[];
  /** of refusals as data */
  refusals: { code: string; path: string[] | null }[];
  data: Record<string, unknown> | null;
}

async function answerTo(person: Person, { kind, query, variables, name }: RootCall): Promise<Answer> {
  if (kind === 'Subscription') {
    const stream = person.follow(query, variables);
    const { data = null, errors = [] } = await stream.next();
    stream.stop();
    return { codes: errors.map(({ extensions }) => extensions?.code), refusals: [], data: data ?? null };
  }
  const { status, data, errors } = await person.attempt(query, variables);
  expect(status, `${name} ${JSON.stringify(errors)}`).toBeLessThan(500);
  const payload = data?.[name.split('.')[1]!] as { errors?: Answer['refusals'] } | null;
  return { codes: errors.map(({ extensions }) => extensions.code), refusals: payload?.errors ?? [], data };
}

/** All that is stored, in one number. */
async function stored(): Promise<string> {
  const tables = [
    'workspaces',
    'attachments',
    'actors',
    'passwords',
    'api_keys',
    'conversations',
    'entries',
    'participants',
    'read_marks',
    'ai_turns',
    'idempotency_keys',
    'tickets',
    'ticket_comments',
    'ticket_changes',
  ];
  const sums = tables.map((table) => `(select coalesce(sum(hashtextextended(t::text, 0)), 0) from ${table} t)`);
  const { rows } = await app.world.database.pool.query(`select concat_ws(' ', ${sums.join(', ')}) as sum`);
  return rows[0].sum;
}

const paths = (fits: (type: GraphQLInputType) => boolean) =>
  rootFields(schema).flatMap(({ kind, field }) =>
    pathsOf(field, fits).map((path) => ({
      name: `${kind}.${field.name}`,
      argument: path.join('.'),
      kind,
      field,
      path,
    })),
  );

describe('an id', () => {
  const places = paths((type) => getNamedType(type) === GraphQLID);

  /** Ids that are of nothing which this argument could name. */
  function badIds(path: string[]): [string, string][] {
    const kind = kindOfField[path.at(-1)!] ?? 'conv';
    const wrongKinds = Object.entries(ours).filter(([other]) => other !== kind && !isFine(path, other));
    const malformed = [
      '',
      ' ',
      'x',
      '_',
      `${kind}_`,
      `${kind}_!`,
      kind,
      '__proto__',
      'constructor',
      '../../etc',
      "' or 1=1 --",
      '💥',
    ];
    const real = ours[kind]!;
    return [
      ...wrongKinds.map(([other, id]): [string, string] => [`of a ${other}`, id]),
      ...malformed.map((id): [string, string] => [`that is ${JSON.stringify(id)}`, id]),
      ['that does not exist', app.world.ids.next(kind)],
      ['of another workspace', theirs[kind]!],
      ['in capitals', real.toUpperCase()],
      ['with a blank behind', `${real} `],
      ['with NUL behind', `${real}\0`],
      ['with half a character behind', `${real}\ud83d`],
      ['of 200,000 characters', real.repeat(Math.ceil(200_000 / real.length))],
    ];
  }
  /** A read mark may stand at any entry. */
  const isFine = (path: string[], kind: string) => path.at(-1) === 'upToId' && ['whis', 'evt'].includes(kind);

  test.each(places.filter(({ kind }) => kind === 'Mutation'))(
    '$name($argument) that names nothing is refused there, and nothing is written (B7, G1)',
    async ({ name, kind, field, path }) => {
      const before = await stored();
      for (const [what, id] of badIds(path)) {
        const answer = await answerTo(callerOf(name, path), rootCall(kind, field, goodValue(name, path, id)));
        const [refusal] = answer.refusals;
        expect([what, ...answer.codes], JSON.stringify(answer)).toEqual([what]);
        expect(answer.refusals, what).toHaveLength(1);
        if (name === 'Mutation.signIn') expect(refusal!.code).toBe('INVALID_CREDENTIALS');
        else {
          // An AI agent that names no turn has not given what it must.
          const isMissing = id === '' && path.at(-1) === 'aiTurnId';
          expect([what, refusal!.code]).toEqual([what, isMissing ? 'INVALID_INPUT' : 'NOT_FOUND']);
          expect([what, refusal!.path?.[0]]).toEqual([what, path.at(-1)]);
        }
      }
      expect(await stored()).toBe(before);
    },
  );

  test.each(places.filter(({ kind }) => kind !== 'Mutation'))(
    '$name($argument) that names nothing finds nothing (G1)',
    async ({ name, kind, field, path }) => {
      for (const [what, id] of badIds(path)) {
        const isReal = (name === 'Query.node' || name === 'Query.nodes') && Object.values(ours).includes(id);
        if (isReal) continue;
        const answer = await answerTo(cast.ada, rootCall(kind, field, goodValue(name, path, id)));
        const isIllFormed = id.includes('\0') || !id.isWellFormed();
        if (kind === 'Subscription' && path.at(-1) === 'conversationId')
          expect([what, answer.codes]).toEqual([what, ['NOT_FOUND']]);
        else if (path.length > 1 && isIllFormed) expect([what, answer.codes]).toEqual([what, ['BAD_USER_INPUT']]);
        else expect([what, answer.codes]).toEqual([what, []]);
        const found = {
          'Query.node': { node: null },
          'Query.nodes': { nodes: [null] },
          'Query.conversation': { conversation: null },
          'Query.conversations': { conversations: { edges: [] } },
        }[name];
        if (found && answer.codes.length === 0) expect([what, answer.data]).toEqual([what, found]);
      }
    },
  );

  test('of a megabyte is refused with the request (E9)', async () => {
    const { status } = await cast.ada.raw('query ($id: ID!) { node(id: $id) { id } }', { id: 'x'.repeat(1_000_000) });
    expect(status).toBe(413);
  });
});

describe('a text', () => {
  const places = paths((type) => getNamedType(type) === GraphQLString);
  const illFormed = ['a\0b', '\0', 'half \ud83d', '\udc00', `${'x'.repeat(20)}\ud800`];

  test('has places of every kind', () => {
    expect(places.length).toBeGreaterThan(20);
  });

  test.each(places)(
    'with NUL or half a character is refused in $name($argument), and nothing is written (G11)',
    async (place) => {
      const { name, kind, field, path } = place;
      const before = await stored();
      for (const text of illFormed) {
        const answer = await answerTo(callerOf(name, path), rootCall(kind, field, goodValue(name, path, text)));
        const what = JSON.stringify([text, answer]);
        if (kind === 'Mutation') {
          const isSecret = name === 'Mutation.signIn' || path.at(-1) === 'currentPassword';
          expect(answer.codes, what).toEqual([]);
          expect(answer.refusals, what).toMatchObject([{ code: isSecret ? 'INVALID_CREDENTIALS' : 'INVALID_INPUT' }]);
          if (!isSecret) expect(answer.refusals[0]!.path?.[0], what).toBe(path.at(-1));
        } else {
          expect(answer.codes, what).toEqual(['BAD_USER_INPUT']);
        }
      }
      expect(await stored()).toBe(before);
    },
  );

  const statements = [
    "'; drop table entries; --",
    "' or '1'='1",
    "\\'; select pg_sleep(60); --",
    '") union select * from passwords --',
    '$1 $2 :id ? ?? @id',
    "E'\\x27' || (select hash from passwords limit 1) || '",
    '%27%20or%201=1',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: this is the attack
    '${7*7} {{7*7}} #{7*7} `id` $(id) | id',
    '{"$ne": null}',
  ];

  test.each(places)('that is SQL is a text like any other in $name($argument) (G1)', async (place) => {
    const { name, kind, field, path } = place;
    for (const text of statements) {
      const answer = await answerTo(callerOf(name, path), rootCall(kind, field, goodValue(name, path, text)));
      const what = JSON.stringify([text, answer]);
      expect(
        answer.codes.filter((code) => code !== 'BAD_USER_INPUT'),
        what,
      ).toEqual([]);
      if (name === 'Query.conversations' && answer.codes.length === 0) {
        expect(answer.data, what).toEqual({ conversations: { edges: [] } });
      }
      if (name === 'Mutation.signIn') expect(answer.refusals, what).toMatchObject([{ code: 'INVALID_CREDENTIALS' }]);
    }
    const { rows } = await app.world.database.pool.query('select count(*)::int as count from entries');
    expect(rows[0].count).toBeGreaterThan(0);
  });

  test('over its length in code points is refused, at its length is stored as it is (E10, G4)', async () => {
    const { ada } = cast;
    const say = (text: string) => ada.ask(SendMessageDocument, { input: { conversationId, text } });
    const longest = '👋'.repeat(10_000);
    const before = await stored();
    for (const text of [`${longest}!`, 'x'.repeat(10_001), '', ' \n\t ', ' ']) {
      expect((await say(text)).sendMessage.errors).toMatchObject([{ code: 'INVALID_INPUT', path: ['text'] }]);
    }
    expect(await stored()).toBe(before);
    for (const text of [
      longest,
      '<script>alert(1)</script>',
      '‮ \u202e اختبار ​\u200b',
      'e\u0301'.repeat(5000),
      "'; drop table entries; --",
    ]) {
      expect((await say(text)).sendMessage.message!.text).toBe(text.trim());
    }
  });

  test.each([
    ['startConversation', 'subject', 201],
    ['requestHuman', 'reason', 501],
    ['updateConversation', 'subject', 201],
    ['updateConversation', 'tags', 51],
    ['createTicket', 'title', 201],
    ['updateTicket', 'description', 10_001],
    ['addTicketComment', 'text', 10_001],
    ['createAgent', 'displayName', 101],
    ['createAgent', 'email', 255],
    ['updateAgent', 'displayName', 101],
    ['updateWorkspace', 'name', 101],
    ['requestUpload', 'contentType', 201],
    ['setPassword', 'newPassword', 201],
  ])('of %s.%s of %i characters is refused', async (mutation, input, length) => {
    const { field } = rootFields(schema).find(({ field: { name } }) => name === mutation)!;
    const name = `Mutation.${mutation}`;
    const path = ['input', input];
    const text = input === 'email' ? `${'x'.repeat(length - 7)}@y.test` : 'x'.repeat(length);
    const before = await stored();
    const { refusals } = await answerTo(callerOf(name, path), rootCall('Mutation', field, goodValue(name, path, text)));
    expect(refusals).toMatchObject([{ code: 'INVALID_INPUT' }]);
    expect(refusals[0]!.path![0]).toBe(input);
    expect(await stored()).toBe(before);
  });
});

type Answers = { errors: { extensions: { code: string } }[] };

describe('a cursor', () => {
  const encode = (parts: unknown) => Buffer.from(JSON.stringify(parts)).toString('base64url');
  const timeline = (person: Person, after: string) => person.attempt(TimelineDocument, { id: conversationId, after });
  const inbox = (person: Person, after: string) => person.attempt(InboxDocument, { after });
  const agents = (person: Person, after: string) =>
    person.attempt('query ($after: String) { agents(after: $after) { edges { cursor } } }', { after });
  const codes = ({ errors }: Answers) => errors.map(({ extensions }) => extensions.code);

  async function cursorOf(id: string, person: Person): Promise<string> {
    const { conversation } = await person.ask(TimelineDocument, { id, first: 1 });
    return conversation!.timeline.edges[0]!.cursor;
  }

  test('of another conversation or another list is refused', async () => {
    const { ada, dana } = cast;
    const [inboxEdge] = (await ada.ask(InboxDocument, { first: 1 })).conversations.edges;
    const [agentEdge] = (await ada.ask('{ agents(first: 1) { edges { cursor } } }')).agents.edges;
    for (const person of [ada, dana]) {
      const ofOther = await cursorOf(otherConversationId, person);
      for (const cursor of [ofOther, inboxEdge!.cursor, agentEdge.cursor])
        expect(codes(await timeline(person, cursor))).toEqual(['BAD_USER_INPUT']);
      for (const cursor of [ofOther, agentEdge.cursor])
        expect(codes(await inbox(person, cursor))).toEqual(['BAD_USER_INPUT']);
    }
    for (const cursor of [await cursorOf(conversationId, ada), inboxEdge!.cursor]) {
      expect(codes(await agents(ada, cursor))).toEqual(['BAD_USER_INPUT']);
    }
  });

  test("of the team's is refused to a customer, and of a customer's to the team", async () => {
    const { ada, dana } = cast;
    expect(codes(await timeline(dana, await cursorOf(conversationId, ada)))).toEqual(['BAD_USER_INPUT']);
    expect(codes(await timeline(ada, await cursorOf(conversationId, dana)))).toEqual(['BAD_USER_INPUT']);
  });

  test('that somebody made up is refused, in pages and in streams (F16)', async () => {
    const { ada } = cast;
    const real = await cursorOf(conversationId, ada);
    const made = [
      'x',
      ' ',
      '0',
      'null',
      `${real}A`,
      `${real}=`,
      ` ${real}`,
      real.slice(1),
      '💥',
      '\0',
      'A'.repeat(100_000),
      ...[
        null,
        1,
        {},
        [],
        ['e'],
        ['e', conversationId],
        ['e', conversationId, '1', '0'],
        ['e', conversationId, -1, 0],
        ['e', conversationId, 1.5, 0],
        ['e', conversationId, 1e300, 0],
        ['e', conversationId, 2 ** 53, 0],
        ['e', conversationId, 1, 0, 0, 0],
        ['e', [conversationId], 1, 0],
        ['x', conversationId, 1, 0],
        { 0: 'e', 1: conversationId, 2: 1, 3: 0, length: 4 },
      ].map(encode),
    ];
    for (const cursor of made) {
      expect([cursor.slice(0, 99), codes(await timeline(ada, cursor))]).toEqual([
        cursor.slice(0, 99),
        ['BAD_USER_INPUT'],
      ]);
      const stream = ada.follow(TimelineItemAddedDocument, { conversationId, after: cursor });
      const { errors } = await stream.next();
      expect(errors!.map(({ extensions }) => extensions!.code)).toEqual(['BAD_USER_INPUT']);
    }
  });

  test('of a list that was made up never becomes a failure of ours (G1)', async () => {
    const made = [
      ['c', 0, 'a\0b'],
      ['c', 0, '\ud800'],
      ['c', 8.64e15, 'x'],
      ['c', 8.64e15 + 1, 'x'],
      ['c', -1, 'x'],
      ['c', 1.5, 'x'],
      ['c', 0, 1],
      ['c', 0],
      ['c', '0', 'x'],
      ['a', 'a\0b', 'x'],
      ['a', '\udfff', 'x'],
      ['a', 'x', '\0'],
      ['a', 1, 'x'],
      ['a', 'x'],
      ['a', 'x'.repeat(100_000), 'y'],
      ['c', 0, "' or '1'='1"],
      ['c', '0); drop table entries; --', 'x'],
      ['a', "' or '1'='1", "'; select pg_sleep(60); --"],
      ['a', '\\', '?'],
    ].map(encode);
    for (const cursor of made) {
      for (const answer of [await inbox(cast.ada, cursor), await agents(cast.ada, cursor)]) {
        expect(answer.status).toBeLessThan(500);
        expect(codes(answer).filter((code) => code !== 'BAD_USER_INPUT')).toEqual([]);
      }
    }
  });

  test('that is empty is before the first', async () => {
    const { conversation } = await cast.ada.ask(TimelineDocument, { id: conversationId, first: 1, after: '' });
    expect(conversation!.timeline.edges[0]!.cursor).toBe(await cursorOf(conversationId, cast.ada));
    expect(conversation!.timeline.pageInfo.hasPreviousPage).toBe(false);
  });

  test('beyond the end gives an empty page, and no stream', async () => {
    const beyond = encode(['e', conversationId, 10_000, 0]);
    const { conversation } = await cast.ada.ask(TimelineDocument, { id: conversationId, first: 5, after: beyond });
    expect(conversation!.timeline).toMatchObject({
      edges: [],
      pageInfo: { hasNextPage: false, startCursor: null, endCursor: null },
    });
    const { errors } = await cast.ada.follow(TimelineItemAddedDocument, { conversationId, after: beyond }).next();
    expect(errors!.map(({ extensions }) => extensions!.code)).toEqual(['BAD_USER_INPUT']);
  });
});

describe('other values', () => {
  test.each([
    ['an idempotency key that is no UUID', { conversationId: 'conv', text: 'x', idempotencyKey: 'mine' }],
    ['an idempotency key that is empty', { conversationId: 'conv', text: 'x', idempotencyKey: '' }],
    ['a field that is not there', { conversationId: 'conv', text: 'x', asAdmin: true }],
    ['a field of every object', { conversationId: 'conv', text: 'x', hasOwnProperty: 1, toString: 2 }],
    ['a text that is a number', { conversationId: 'conv', text: 1 }],
    ['a text that is an object', { conversationId: 'conv', text: { $ne: null } }],
    ['an id that is an object', { conversationId: { $ne: null }, text: 'x' }],
    ['an id that is a list', { conversationId: ['conv'], text: 'x' }],
    ['a missing id', { text: 'x' }],
    ['an enum value that is not one', { conversationId: 'conv', text: 'x', onBehalfOfCustomer: 'yes' }],
    ['nothing', null],
    ['a list', [{ conversationId: 'conv', text: 'x' }]],
  ])('an input with %s is BAD_USER_INPUT with 400 (G2)', async (_, input) => {
    const query = 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { errors { code } } }';
    const { status, data, errors } = await cast.ada.attempt(query, { input });
    expect(status).toBe(400);
    expect(data).toBeNull();
    expect(errors.map(({ extensions }) => extensions.code)).toContain('BAD_USER_INPUT');
  });

  test('an empty filter value matches nothing, and does not widen the list', async () => {
    for (const filter of [{ customerId: '' }, { assigneeId: '' }, { tag: '' }, { status: [] }, { priority: [] }]) {
      const { conversations } = await cast.ada.ask(InboxDocument, { filter: filter as object });
      expect([filter, conversations.edges]).toEqual([filter, []]);
    }
  });

  test.each([
    ['autoResolveAfterSeconds', [299, 0, -1]],
    ['autoFinalizeAfterSeconds', [-1, -(2 ** 31)]],
  ])('a timer %s out of its range is refused', async (name, values) => {
    const query =
      'mutation ($input: UpdateWorkspaceInput!) { updateWorkspace(input: $input) { errors { code path } } }';
    const before = await stored();
    for (const value of values) {
      const { updateWorkspace } = await cast.ada.ask(query, { input: { [name]: value } });
      expect(updateWorkspace.errors).toEqual([{ code: 'INVALID_INPUT', path: [name] }]);
    }
    expect(await stored()).toBe(before);
  });
});
