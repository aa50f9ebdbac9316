import { randomUUID } from 'node:crypto';
import { GraphQLID, getNamedType } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { IdKind } from '../../src/ids.js';
import { buildSchema } from '../../src/resolvers/buildSchema.js';
import {
  AddTicketCommentDocument,
  CreateTicketDocument,
  InboxDocument,
  RequestUploadDocument,
  SendMessageDocument,
  StartConversationDocument,
  TakeOverConversationDocument,
  TicketsDocument,
  TimelineDocument,
  WhisperDocument,
} from '../operations/generated.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { type Cast, castOf, newPerson } from '../support/cast.js';
import type { Person } from '../support/Person.js';
import { pathsOf, type RootCall, rootCall, rootFields } from './documents.js';

let app: TestApp;
let cast: Cast;
/** Globex's integration with all scopes that there are for reading and writing. */
let globexCrm: Person;
/** A conversation of Globex's, and one of Acme's with everything in it. */
let own: string;
let foreign: Record<string, string>;
beforeAll(async () => {
  app = await startTestApp({ SIGN_IN_ATTEMPTS_PER_MINUTE: '100000' });
  cast = await castOf(app);
  globexCrm = await newPerson(app, app.url, cast.globex, 'Globex CRM', {
    kind: 'INTEGRATION',
    scopes: [
      'CONVERSATIONS_READ',
      'MESSAGES_WRITE',
      'WHISPERS_READ',
      'CUSTOMERS_READ',
      'TICKETS_READ',
      'TICKETS_WRITE',
    ],
  });
  own = (await started(cast.ivy)).startConversation.conversation!.id;
  foreign = await everythingOfAcme();
});
afterAll(async () => {
  await globexCrm.leave();
  await cast.leave();
  await app.close();
});

const started = (customer: Person) => customer.ask(StartConversationDocument, { input: { text: 'Hello?' } });

async function everythingOfAcme(): Promise<Record<string, string>> {
  const { acme, dana, ben, bot, crm } = cast;
  const { startConversation } = await started(dana);
  const conversationId = startConversation.conversation!.id;
  const { rows } = await app.world.database.pool.query('select id from ai_turns where conversation_id = $1', [
    conversationId,
  ]);
  await ben.ask(TakeOverConversationDocument, { input: { conversationId } });
  const { sendMessage } = await ben.ask(SendMessageDocument, { input: { conversationId, text: 'Hello.' } });
  const { whisper } = await ben.ask(WhisperDocument, { input: { conversationId, text: 'Hm.' } });
  const { createTicket } = await ben.ask(CreateTicketDocument, { input: { conversationId, title: 'Lost' } });
  const ticketId = createTicket.ticket!.id;
  const { addTicketComment } = await ben.ask(AddTicketCommentDocument, { input: { ticketId, text: 'Where?' } });
  const uploaded = await ben.ask(RequestUploadDocument, {
    input: { fileName: 'a.txt', contentType: 'text/plain', byteSize: 1 },
  });
  const systems = await app.world.database.pool.query(
    "select id from actors where workspace_id = $1 and kind = 'SYSTEM'",
    [acme],
  );
  return {
    conv: conversationId,
    evt: startConversation.timelineEdges[0]!.node.id,
    msg: sendMessage.message!.id,
    whis: whisper.whisper!.id,
    turn: rows[0].id,
    tkt: ticketId,
    tcom: addTicketComment.comment!.id,
    att: uploaded.requestUpload.upload!.attachmentId,
    cust: dana.id,
    agent: ben.id,
    ai: bot.id,
    int: crm.id,
    sys: systems.rows[0].id,
    ws: acme,
  };
}

const schema = buildSchema();
const places = rootFields(schema).flatMap(({ kind, field }) =>
  pathsOf(field, (type) => getNamedType(type) === GraphQLID).map((path) => ({
    name: `${kind}.${field.name}`,
    argument: path.join('.'),
    kind,
    field,
    path,
  })),
);

/** The bytes of an answer, with the id that was asked for taken out of it. */
async function answerTo(person: Person, { kind, query, variables }: RootCall, id: string): Promise<string> {
  const bytes = async () => {
    if (kind !== 'Subscription') return Object.values(await person.raw(query, variables)).join(' ');
    const stream = person.follow(query, variables);
    const first = await stream.next();
    stream.stop();
    return JSON.stringify(first);
  };
  return (await bytes()).replaceAll(id, 'ID');
}

describe('to people of another workspace', () => {
  const outsiders = ['gus', 'ivy', 'globot', 'crm'] as const;

  test.each(places)(
    '$name($argument) answers for an id of Acme as for one of nothing (C1)',
    async ({ kind, field, path }) => {
      for (const outsider of outsiders) {
        const person = outsider === 'crm' ? globexCrm : cast[outsider];
        const ask = (id: string) => {
          const give = (other: string[]): unknown => {
            const name = other.at(-1)!;
            if (other.join('.') === path.join('.')) return id;
            if (name === 'conversationId') return own;
            if (name === 'text') return 'Hello.';
            if (name === 'onBehalfOfCustomer') return outsider === 'crm';
            return name === 'newPassword' ? 'a password that is long enough' : undefined;
          };
          return answerTo(person, rootCall(kind, field, give), id);
        };
        for (const [idKind, id] of Object.entries(foreign)) {
          expect(await ask(id), `${outsider} and ${idKind}`).toBe(await ask(app.world.ids.next(idKind as IdKind)));
        }
      }
    },
  );

  test('everything of Acme is nothing, and nobody at Acme is nobody (C1)', async () => {
    const query = 'query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }';
    const ids = Object.values(foreign);
    for (const person of [cast.gus, cast.ivy, cast.globot, globexCrm]) {
      expect((await person.ask(query, { ids })).nodes).toEqual(ids.map(() => null));
    }
    const seen = (await cast.ben.ask(query, { ids })).nodes;
    expect(seen.filter((node: object | null) => node === null)).toHaveLength(1);
    expect(seen[Object.keys(foreign).indexOf('turn')]).toBeNull();
  });

  test('lists hold nothing of Acme, whatever they are filtered by', async () => {
    const { gus } = cast;
    const all = await gus.ask(InboxDocument, { first: 100 });
    expect(all.conversations.edges.map((edge: { node: { id: string } }) => edge.node.id)).toEqual([own]);
    for (const filter of [{ customerId: cast.dana.id }, { assigneeId: cast.ben.id }]) {
      expect((await gus.ask(InboxDocument, { filter })).conversations.edges).toEqual([]);
    }
    expect((await gus.ask(TicketsDocument)).tickets).toMatchObject({ totalCount: 0, edges: [] });
    const { agents } = await gus.ask('{ agents { edges { node { id } } } }');
    expect(agents.edges).toEqual([{ node: { id: gus.id } }]);
  });

  test('a cursor of a conversation of Acme is that of any other conversation (C1, F16)', async () => {
    const { conversation } = await cast.ben.ask(TimelineDocument, { id: foreign.conv! });
    const made = (parts: unknown[]) => Buffer.from(JSON.stringify(parts)).toString('base64url');
    const cursor = conversation!.timeline.edges[1]!.cursor;
    const [kind, , ...places] = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    const random = made([kind, app.world.ids.next('conv'), ...places]);
    const ask = (after: string) => cast.gus.raw(TimelineDocument, { id: own, after });
    expect(await ask(cursor)).toEqual(await ask(random));
    expect((await ask(cursor)).text).toContain('BAD_USER_INPUT');
  });

  test('a cursor of the inbox of Acme tells no more than one that was made up', async () => {
    const { conversations } = await cast.ben.ask(InboxDocument, { first: 1 });
    const { cursor } = conversations.edges[0]!;
    const [kind, time] = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    const random = Buffer.from(JSON.stringify([kind, time, app.world.ids.next('conv')])).toString('base64url');
    for (const page of ['after', 'before']) {
      const ask = (place: string) => cast.gus.raw(InboxDocument, { [page]: place });
      expect(await ask(cursor)).toEqual(await ask(random));
    }
  });
});

describe('the same things in two workspaces', () => {
  test('the same idempotency key is two keys (C4, F11)', async () => {
    const idempotencyKey = randomUUID();
    const start = (customer: Person, text: string) =>
      customer.ask(StartConversationDocument, { input: { text, idempotencyKey } });
    const [atAcme, atGlobex] = [await start(cast.dana, 'one text'), await start(cast.ivy, 'another text')];
    expect([atAcme, atGlobex].map(({ startConversation }) => startConversation.errors)).toEqual([[], []]);
    expect(atAcme.startConversation.conversation!.id).not.toBe(atGlobex.startConversation.conversation!.id);
  });

  test('the same external id is two messages (C4)', async () => {
    const start = (crm: Person, customer: Person) =>
      crm.ask(StartConversationDocument, { input: { text: 'Hello', customerId: customer.id, externalId: 'mail-1' } });
    const ids = [
      await start(cast.crm, cast.dana),
      await start(globexCrm, cast.ivy),
      await start(cast.crm, cast.dana),
    ].map(({ startConversation }) => startConversation.message!.id);
    expect(ids[0]).not.toBe(ids[1]);
    expect(ids[0]).toBe(ids[2]);
  });

  test('the same e-mail is two people, and signing in asks which (C4)', async () => {
    const email = 'both@agents.test';
    const hire = (admin: Person) =>
      admin.ask(
        'mutation ($input: CreateAgentInput!) { createAgent(input: $input) { agent { id } oneTimePassword errors { code } } }',
        { input: { email, displayName: 'Both' } },
      );
    const [acme, globex] = [await hire(cast.ada), await hire(cast.gus)].map(({ createAgent }) => createAgent);
    const signIn = async (password: string, workspaceId?: string) => {
      const query =
        'mutation ($input: SignInInput!) { signIn(input: $input) { viewer { actor { id } } errors { code path } } }';
      return (await cast.nobody.ask(query, { input: { email, password, workspaceId } })).signIn;
    };
    expect(await signIn(acme.oneTimePassword)).toEqual({
      viewer: null,
      errors: [{ code: 'INVALID_INPUT', path: ['workspaceId'] }],
    });
    expect(await signIn(acme.oneTimePassword, cast.acme)).toEqual({
      viewer: { actor: { id: acme.agent.id } },
      errors: [],
    });
    expect(await signIn(globex.oneTimePassword, cast.globex)).toEqual({
      viewer: { actor: { id: globex.agent.id } },
      errors: [],
    });
    for (const [password, workspaceId] of [
      [acme.oneTimePassword, cast.globex],
      ['wrong password', undefined],
    ] as const) {
      expect((await signIn(password, workspaceId)).errors).toMatchObject([{ code: 'INVALID_CREDENTIALS' }]);
    }
  });

  test('people of both, asking at once on one node, each get their own (C2)', async () => {
    const asked = Array.from({ length: 40 }, (_, nr) => {
      const [person, workspace] = nr % 2 ? [cast.ben, cast.acme] : [cast.gus, cast.globex];
      return person
        .ask(
          '{ viewer { actor { id } workspace { id } } conversations(first: 50) { edges { node { customer { id } } } } }',
        )
        .then((data) => ({ data, person, workspace }));
    });
    const customersOf = { [cast.acme]: [cast.dana.id, cast.eli.id], [cast.globex]: [cast.ivy.id] };
    for (const { data, person, workspace } of await Promise.all(asked)) {
      expect(data.viewer).toEqual({ actor: { id: person.id }, workspace: { id: workspace } });
      for (const { node } of data.conversations.edges) expect(customersOf[workspace]).toContain(node.customer.id);
    }
  });

  test('an entry of one cannot be joined to a conversation of the other, by the database itself', async () => {
    const statement = `update entries set workspace_id = $1 where id = $2`;
    await expect(app.world.database.pool.query(statement, [cast.globex, foreign.msg])).rejects.toThrow('foreign key');
  });
});

describe('other people of the same workspace', () => {
  test('a customer finds nothing of another customer, nor an AI agent of a conversation that is not its own (A10)', async () => {
    const other = await newPerson(app, app.url, cast.acme, 'Other Bot', { kind: 'AI_AGENT' });
    const query = 'query ($id: ID!) { node(id: $id) { id } }';
    for (const person of [cast.eli, other]) {
      for (const [kind, id] of Object.entries(foreign)) {
        const isOpen = ['ws', 'ai'].includes(kind);
        const random = app.world.ids.next(kind as IdKind);
        const [real, nothing] = [await person.raw(query, { id }), await person.raw(query, { id: random })];
        if (isOpen) expect(real.text).toContain(id);
        else expect([kind, real]).toEqual([kind, nothing]);
      }
    }
  });
});
