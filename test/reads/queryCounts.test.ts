import fc from 'fast-check';
import {
  type GraphQLNamedType,
  getNamedType,
  isAbstractType,
  isLeafType,
  isObjectType,
  isRequiredArgument,
} from 'graphql';
import sql from 'sql-template-tag';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildSchema } from '../../src/resolvers/buildSchema.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { type Cast, castOf, newPerson } from '../support/cast.js';
import { text, uploads } from '../support/files.js';
import type { Person } from '../support/Person.js';
import { statementsOf } from './statements.js';

const rows = 50;

let app: TestApp;
let cast: Cast;
/** A conversation that holds as many entries as there are conversations. */
let longId: string;
const viewers = ['ada', 'dana', 'crm', 'reader', 'bot'] as const;
type ViewerName = (typeof viewers)[number];

beforeAll(async () => {
  app = await startTestApp({
    MAX_COST: '2000000000',
    MAX_TOKENS: '100000',
    MAX_ALIASES: '1000',
    MAX_DEPTH: '50',
    RATE_BURST: '2000000000',
  });
  cast = await castOf(app);
  const { ada, ben, cleo, dana } = cast;
  const eve = await newPerson(app, app.url, cast.acme, 'Eve', { kind: 'CUSTOMER' });
  // Every conversation is like every other, so that only their number can make a difference.
  const does = (person: Person, mutation: string, input: object) => {
    const type = `${mutation[0]!.toUpperCase()}${mutation.slice(1)}Input!`;
    return person.ask(`mutation ($input: ${type}) { ${mutation}(input: $input) { errors { code } } }`, { input });
  };
  const offer = (conversationId: string) =>
    does(ben, 'transferConversation', { conversationId, toAgentId: cleo.id, note: 'Please' });
  const story = async (customer: Person, nr: number) => {
    const start = `mutation { startConversation(input: { text: "Hello", subject: "Case ${nr}" }) { conversation { id } } }`;
    const conversationId = (await customer.ask(start)).startConversation.conversation.id;
    await does(ben, 'takeOverConversation', { conversationId });
    await does(cleo, 'whisper', { conversationId, text: 'Careful.', mentionIds: [ada.id, ben.id] });
    await does(ben, 'sendMessage', { conversationId, text: 'Hello.', attachmentIds: [await uploads(ben, text())] });
    await does(customer, 'sendMessage', { conversationId, text: 'And now?' });
    await does(ben, 'updateConversation', { conversationId, tags: ['vip', 'new'], priority: 'HIGH' });
    await does(ada, 'markConversationRead', { conversationId });
    const made = `mutation ($id: ID!) { createTicket(input: { conversationId: $id, title: "Case ${nr}" }) { ticket { id } } }`;
    const ticketId = (await cleo.ask(made, { id: conversationId })).createTicket.ticket.id;
    await does(ben, 'updateTicket', { ticketId, status: 'IN_PROGRESS', assigneeId: ben.id });
    await does(ada, 'addTicketComment', { ticketId, text: 'On it.' });
    return conversationId;
  };
  await does(ada, 'updateWorkspace', { transferTimeoutSeconds: 86_400 });
  // The customer whose eyes are used has all of them; another has one, so that there are two.
  await offer(await story(eve, 0));
  for (let nr = 1; nr <= rows; nr += 5) {
    await Promise.all([0, 1, 2, 3, 4].map(async (offset) => offer(await story(dana, nr + offset))));
  }
  longId = await story(dana, rows + 1);
  for (let nr = 0; nr < rows; nr++) {
    const sender = nr % 2 ? dana : ben;
    const attachmentIds = [await uploads(sender, text()), await uploads(sender, text())];
    await does(sender, 'sendMessage', { conversationId: longId, text: `Message ${nr}`, attachmentIds });
    await does(cleo, 'whisper', { conversationId: longId, text: `Whisper ${nr}`, mentionIds: [ada.id] });
  }
  // Each cancels the one before.
  for (let nr = 0; nr < rows; nr++) {
    await does(nr % 2 ? ben : ada, 'takeOverConversation', { conversationId: longId, force: true });
    await does(ada, 'transferConversation', { conversationId: longId, toAgentId: cleo.id });
  }
}, 120_000);
afterAll(async () => {
  await cast.leave();
  await app.close();
});

async function countOf(person: Person, query: string, variables: object): Promise<number> {
  const statements = await statementsOf(app, async () => {
    const { status, errors } = await person.attempt(query, variables);
    const codes = new Set(errors.map(({ extensions }) => extensions.code));
    codes.delete('FORBIDDEN');
    expect([status, ...codes], query).toEqual([200]);
  });
  return statements.length;
}

/** For one row, two and fifty, which are there, the same number of statements, and at most `atMost`. */
async function isConstant(name: 'ada' | 'cleo', query: string, atMost: number): Promise<void> {
  const counts = [];
  for (const first of [1, 2, rows]) counts.push(await countOf(cast[name], query, { id: longId, first }));
  expect(new Set(counts).size, String(counts)).toBe(1);
  expect(counts[0]).toBeLessThanOrEqual(atMost);
}

const inbox = (person: ViewerName) => `query ($first: Int) { conversations(first: $first) { edges { cursor node {
  id subject status handling channel createdAt updatedAt unreadCount
  customer { id displayName avatarUrl } assignee { id displayName } aiAgent { id displayName }
  lastMessage { id text attachments { id url image { thumbnailUrl } } createdAt actor { __typename id displayName } }
  participants { joinedAt lastReadAt actor { __typename id displayName } }
  viewerCan { ${['sendMessage', 'whisper', 'takeOver', 'handBack', 'requestHuman', 'join', 'leave', 'resolve', 'reopen', 'finalize', 'update'].map((name) => `${name} { allowed refusal }`).join(' ')} }
  ${['ada', 'crm', 'reader'].includes(person) ? 'needsHuman { reason since by { id displayName } } tags priority' : ''}
} } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`;

const timeline = `query ($id: ID!, $first: Int) { conversation(id: $id) { id subject status handling
  timeline(first: $first) { edges { cursor node { __typename id createdAt actor { __typename id displayName avatarUrl }
    ... on Message { text } ... on ConversationEvent { kind agent { id displayName } } } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }`;

describe('a page as a screen asks for it', () => {
  test.each(viewers)('of the inbox takes at most three statements, for one row as for fifty, for %s', async (name) => {
    const counts = [];
    for (const first of [1, 2, rows]) counts.push(await countOf(cast[name], inbox(name), { first }));
    expect(Math.max(...counts)).toBeLessThanOrEqual(3);
    expect(new Set(counts).size).toBe(1);
  });

  test.each(viewers)(
    'of a timeline takes at most three statements, for one entry as for fifty, for %s',
    async (name) => {
      const counts = [];
      for (const first of [1, 2, rows]) counts.push(await countOf(cast[name], timeline, { id: longId, first }));
      expect(Math.max(...counts)).toBeLessThanOrEqual(3);
      expect(new Set(counts).size).toBe(1);
    },
  );

  test.each(['ada', 'crm'] as const)('with the mentions of whispers takes one more, for %s', async (name) => {
    const query = `query ($id: ID!, $first: Int) { conversation(id: $id) { whispers(first: $first) { edges { node {
      id text audience createdAt actor { id displayName } mentions { id displayName } } } } } }`;
    const counts = [];
    for (const first of [1, 2, rows]) counts.push(await countOf(cast[name], query, { id: longId, first }));
    expect(Math.max(...counts)).toBeLessThanOrEqual(3);
    expect(new Set(counts).size).toBe(1);
  });

  test('of agents with their availability takes at most three statements, for one as for all', async () => {
    const agents = await Promise.all(
      Array.from({ length: rows }, () => newPerson(app, app.url, cast.acme, 'Fay', { kind: 'AGENT', role: 'AGENT' })),
    );
    const available = 'mutation { setAvailability(input: { availability: AWAY }) { errors { code } } }';
    for (const agent of agents.slice(1)) await agent.ask(available);
    const query = `query ($first: Int, $is: Availability) { agents(first: $first, availability: $is) {
      edges { node { id displayName availability } } } }`;
    for (const is of [null, 'AWAY', 'OFFLINE']) {
      const counts = [];
      for (const first of [1, 2, rows]) counts.push(await countOf(cast.ada, query, { first, is }));
      expect(Math.max(...counts)).toBeLessThanOrEqual(3);
      expect(new Set(counts).size).toBe(1);
    }
    const { agents: away } = await cast.ada.ask(query, { first: rows, is: 'AWAY' });
    expect(away.edges).toHaveLength(rows - 1);
    await app.world.database.read(sql`update actors set active = false where id = any(${agents.map(({ id }) => id)})`);
  });

  test('of the inbox with who is offered what takes as many statements for fifty rows as for one', async () => {
    const query = `query ($first: Int) { conversations(first: $first) { edges { node {
      id pendingTransfer { id note from { displayName } to { displayName } } } } } }`;
    await isConstant('ada', query, 3);
  });

  test('of the offers of a conversation takes at most three', async () => {
    const query = `query ($id: ID!, $first: Int) { conversation(id: $id) { transfers(first: $first) { edges { node {
      id status note from { displayName } to { displayName } conversation { id subject } } } } } }`;
    await isConstant('ada', query, 4);
  });

  test('of notifications takes one for each kind of thing in it', async () => {
    const query = `query ($first: Int) { notifications(first: $first) { unreadCount edges { node {
      kind conversation { id subject } transfer { id status to { displayName } } actor { displayName } } } } }`;
    await isConstant('cleo', query, 6);
  });

  test('of what is offered to somebody takes as many as nothing does', async () => {
    const query = `{ viewer { profile { pendingTransfers {
      id conversation { id subject customer { displayName } } from { displayName } } } } }`;
    expect(await countOf(cast.cleo, query, {})).toBeLessThanOrEqual(5);
  });

  test.each(['ada', 'crm'] as const)('of tickets takes one for each list that is asked for, for %s', async (name) => {
    const query = `query ($first: Int) { tickets(first: $first) { totalCount edges { cursor node {
      id number title status url createdBy { id displayName } assignee { id displayName } conversation { id subject }
      comments(first: 3) { edges { node { text author { displayName } } } }
      history(first: 3) { edges { node { field from to actor { displayName } } } }
      snapshot { subject sha256 intact participants { displayName } entries(first: 3) { totalCount edges { node { text } } } }
    } } } }`;
    const counts = [];
    for (const first of [1, 2, rows]) counts.push(await countOf(cast[name], query, { first }));
    // The page, the count, people of tickets and of what is below them, conversations, comments, history, snapshots,
    // their entries; two to verify them.
    expect(Math.max(...counts)).toBeLessThanOrEqual(11);
  });

  test.each(viewers)('with the files of messages takes one more, for %s', async (name) => {
    const query = `query ($id: ID!, $first: Int) { conversation(id: $id) { messages(first: $first, after: "") { edges { node {
      id text attachments { id fileName contentType url image { thumbnailUrl } } } } } } }`;
    const counts = [];
    for (const first of [1, 2, rows]) counts.push(await countOf(cast[name], query, { id: longId, first }));
    expect(Math.max(...counts)).toBeLessThanOrEqual(3);
    expect(new Set(counts).size).toBe(1);
  });

  test('things by fifty ids take as many statements as by one of each kind', async () => {
    const { conversation } = await cast.ada.ask(
      'query ($id: ID!) { conversation(id: $id) { timeline(first: 40) { edges { node { id } } } } }',
      { id: longId },
    );
    const entries = conversation.timeline.edges.map(({ node }: { node: { id: string } }) => node.id);
    const query =
      'query ($ids: [ID!]!) { nodes(ids: $ids) { id ... on TimelineEntry { actor { id } conversation { id customer { id } } } } }';
    const few = await countOf(cast.ada, query, { ids: entries.slice(0, 1) });
    expect(await countOf(cast.ada, query, { ids: entries })).toBe(few);
  });
});

const schema = buildSchema();

/** A random selection: nested pages of small sizes, any fields, each under a name of its own. */
function selection(type: GraphQLNamedType, levels: number): fc.Arbitrary<string> {
  if (isAbstractType(type)) {
    const parts = schema
      .getPossibleTypes(type)
      .map((one) => selection(one, levels).map((fields) => `... on ${one.name} ${fields}`));
    return fc.tuple(...parts).map((all) => `{ __typename ${all.join(' ')} }`);
  }
  if (!isObjectType(type)) throw new Error(`${type.name} has no fields`);
  const isStructure = /(Connection|Edge)$/.test(type.name);
  const fields = Object.values(type.getFields()).flatMap(({ name, type: fieldType, args }) => {
    const below = getNamedType(fieldType);
    const alias = `${type.name}_${name}_`;
    // Asked for all agents who are known by then: in how many goes depends on which lists are answered at once.
    if (name === 'availability') return [];
    if (isLeafType(below)) return [fc.constant(`${alias}: ${name}`)];
    if (levels <= 0 && !/(Connection|Edge|PageInfo)$/.test(below.name)) return [];
    const inner = selection(below, isStructure ? levels : levels - 1);
    if (args.length === 0) return [inner.map((text) => `${alias}: ${name} ${text}`)];
    // Twice the same list, in pages of their own; or the same text in two languages.
    const calls = args.some(isRequiredArgument) ? ['to: "es"', 'to: "de"'] : ['first: 3', 'last: 2'];
    return calls.map((page) => inner.map((text) => `${alias}${page.replace(/\W+/g, '_')}: ${name}(${page}) ${text}`));
  });
  const some = [fc.constant('__typename'), ...fields];
  // A page without its edges would ask for nothing of what is in it.
  const chosen = isStructure
    ? fc.tuple(...fields)
    : fc.shuffledSubarray(some, { minLength: 1, maxLength: Math.min(5, some.length) }).chain((few) => fc.tuple(...few));
  return chosen.map((texts) => `{ ${texts.join(' ')} }`);
}

describe('any selection', () => {
  const typeNamed = (name: string) => schema.getType(name)!;
  const pages = {
    'the inbox': selection(typeNamed('ConversationConnection'), 3).map(
      (text) => `query ($first: Int) { conversations(first: $first) ${text} }`,
    ),
    tickets: selection(typeNamed('TicketConnection'), 3).map(
      (text) => `query ($first: Int) { tickets(first: $first) ${text} }`,
    ),
    'a timeline': selection(typeNamed('TimelineConnection'), 3).map(
      (text) => `query ($id: ID!, $first: Int) { conversation(id: $id) { timeline(first: $first) ${text} } }`,
    ),
  };

  test.each(Object.entries(pages))(
    'of %s takes as many statements for fifty rows as for ten',
    async (page, queries) => {
      let runs = 0;
      await fc.assert(
        fc.asyncProperty(queries, fc.constantFrom(...viewers), async (query, name) => {
          const id = page === 'a timeline' ? { id: longId } : {};
          const few = await countOf(cast[name], query, { first: 10, ...id });
          // Lists that end at the same instant share a statement for what is in them. That is chance, and passes.
          let many = await countOf(cast[name], query, { first: rows, ...id });
          for (let again = 0; again < 4 && many > few; again++)
            many = await countOf(cast[name], query, { first: rows, ...id });
          expect(many, query).toBeLessThanOrEqual(few);
          runs += 1;
        }),
        { numRuns: 40 },
      );
      expect(runs).toBe(40);
    },
    60_000,
  );
});
