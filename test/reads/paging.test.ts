import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.js';
import { type Cast, castOf, newPerson } from '../support/cast.js';
import type { Person } from '../support/Person.js';

interface Page {
  edges: { cursor: string; node: { id: string } }[];
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string | null; endCursor: string | null };
}
interface PageArgs {
  first?: number;
  last?: number;
  after?: string | null;
  before?: string | null;
}

let app: TestApp;
let cast: Cast;
let conversationId: string;
const viewers = ['ada', 'ben', 'dana', 'bot', 'crm', 'reader'] as const;

beforeAll(async () => {
  app = await startTestApp();
  cast = await castOf(app);
  const { ada, ben, cleo, dana } = cast;
  const input = (fields: object) => ({ input: { conversationId, ...fields } });
  const start = 'mutation { startConversation(input: { text: "Hello?" }) { conversation { id } } }';
  for (let nr = 0; nr < 7; nr++) conversationId = (await dana.ask(start)).startConversation.conversation.id;
  // Neighbours of all kinds: whispers and notes of several people at one place, events of the team, messages between.
  const whisper = 'mutation ($input: WhisperInput!) { whisper(input: $input) { errors { code } } }';
  const send = 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { errors { code } } }';
  await ben.ask(whisper, input({ text: 'a note before', audience: 'SELF' }));
  await ben.ask(
    'mutation ($input: TakeOverConversationInput!) { takeOverConversation(input: $input) { errors { code } } }',
    input({}),
  );
  for (let nr = 0; nr < 3; nr++) {
    await cleo.ask(whisper, input({ text: `whisper ${nr}` }));
    await ben.ask(whisper, input({ text: `Ben's note ${nr}`, audience: 'SELF' }));
    await ben.ask(whisper, input({ text: `Ben's other note ${nr}`, audience: 'SELF' }));
    await ada.ask(whisper, input({ text: `Ada's note ${nr}`, audience: 'SELF' }));
    await dana.ask(send, input({ text: `message ${nr}` }));
    await ben.ask(send, input({ text: `answer ${nr}` }));
  }
  await cleo.ask(
    'mutation ($input: LeaveConversationInput!) { leaveConversation(input: $input) { errors { code } } }',
    input({}),
  );
  for (const name of ['Zoe', 'Same', 'Same', 'Same', 'Ünal', 'zoe', 'Åse', ' x']) {
    await newPerson(app, app.url, cast.acme, name, { kind: 'AGENT' });
  }
});
afterAll(async () => {
  await cast.leave();
  await app.close();
});

const selection = '{ edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }';
const declared = '$first: Int, $after: String, $last: Int, $before: String';
const passed = 'first: $first, after: $after, last: $last, before: $before';

/** The lists that there are, each with who may read it. */
const lists: [string, readonly (typeof viewers)[number][], (args: PageArgs, person: Person) => Promise<Page>][] = [
  ...(['timeline', 'messages', 'whispers'] as const).map((list): (typeof lists)[number] => [
    list,
    list === 'whispers' ? ['ada', 'ben', 'crm'] : viewers,
    async (args, person) => {
      const query = `query ($id: ID!, ${declared}) { conversation(id: $id) { ${list}(${passed}) ${selection} } }`;
      return (await person.ask(query, { id: conversationId, ...args })).conversation[list];
    },
  ]),
  [
    'conversations',
    viewers,
    async (args, person) =>
      (await person.ask(`query (${declared}) { conversations(${passed}) ${selection} }`, args)).conversations,
  ],
  [
    "a customer's conversations",
    viewers,
    async (args, person) => {
      const query = `query ($id: ID!, ${declared}) { node(id: $id) { ... on Customer { conversations(${passed}) ${selection} } } }`;
      return (await person.ask(query, { id: cast.dana.id, ...args })).node.conversations;
    },
  ],
  [
    'agents',
    ['ada', 'ben', 'crm', 'reader'],
    async (args, person) => (await person.ask(`query (${declared}) { agents(${passed}) ${selection} }`, args)).agents,
  ],
];

describe.each(lists)('%s', (_, readers, page) => {
  test.each(readers)('in pages of every size, both ways, are the whole list as %s sees it (D3)', async (name) => {
    const person = cast[name];
    const whole = await page({ first: 100 }, person);
    expect(whole.edges.length).toBeGreaterThan(2);
    expect(whole.pageInfo).toEqual({
      hasNextPage: false,
      hasPreviousPage: false,
      startCursor: whole.edges[0]!.cursor,
      endCursor: whole.edges.at(-1)!.cursor,
    });
    expect(new Set(whole.edges.map(({ cursor }) => cursor)).size).toBe(whole.edges.length);
    expect(new Set(whole.edges.map(({ node }) => node.id)).size).toBe(whole.edges.length);
    expect(await page({ last: 100 }, person)).toEqual(whole);
    expect(await page({}, person)).toEqual(await page({ first: 20 }, person));
    for (let size = 1; size <= whole.edges.length + 1; size++) {
      expect(await forward(size, (args) => page(args, person))).toEqual(whole.edges);
      expect(await backward(size, (args) => page(args, person))).toEqual(whole.edges);
    }
  });

  test.each(readers)('between two cursors are what stands between them, as %s sees it', async (name) => {
    const person = cast[name];
    const { edges } = await page({ first: 100 }, person);
    const [after, before] = [edges[1]!.cursor, edges.at(-1)!.cursor];
    const between = edges.slice(2, -1);
    expect((await page({ first: 100, after, before }, person)).edges).toEqual(between);
    expect((await page({ last: 100, after, before }, person)).edges).toEqual(between);
    expect((await page({ first: 1, after, before }, person)).edges).toEqual(between.slice(0, 1));
    expect((await page({ last: 1, after, before }, person)).edges).toEqual(between.slice(-1));
    const nothing = await page({ first: 5, after: before }, person);
    expect(nothing).toEqual({
      edges: [],
      pageInfo: { hasNextPage: false, hasPreviousPage: true, startCursor: null, endCursor: null },
    });
  });
});

/** Follows `endCursor` from the start. Every page but the last is full, and none is empty. */
async function forward(size: number, page: (args: PageArgs) => Promise<Page>): Promise<Page['edges']> {
  const edges: Page['edges'] = [];
  for (let after: string | null = null; ; ) {
    const { edges: here, pageInfo } = await page({ first: size, after });
    expect(here.length).toBeGreaterThan(0);
    expect(pageInfo).toMatchObject({
      hasPreviousPage: after !== null,
      startCursor: here[0]!.cursor,
      endCursor: here.at(-1)!.cursor,
    });
    edges.push(...here);
    if (!pageInfo.hasNextPage) return edges;
    expect(here).toHaveLength(size);
    after = pageInfo.endCursor;
  }
}

/** Follows `startCursor` from the end. */
async function backward(size: number, page: (args: PageArgs) => Promise<Page>): Promise<Page['edges']> {
  const edges: Page['edges'] = [];
  for (let before: string | null = null; ; ) {
    const { edges: here, pageInfo } = await page({ last: size, before });
    expect(here.length).toBeGreaterThan(0);
    expect(pageInfo).toMatchObject({
      hasNextPage: before !== null,
      startCursor: here[0]!.cursor,
      endCursor: here.at(-1)!.cursor,
    });
    edges.unshift(...here);
    if (!pageInfo.hasPreviousPage) return edges;
    expect(here).toHaveLength(size);
    before = pageInfo.startCursor;
  }
}

describe('a cursor', () => {
  const cursorsOf = async (person: Person) => {
    const query = `query ($id: ID!) { conversation(id: $id) {
      timeline(first: 100) { edges { cursor node { id } } } messages(first: 100) { edges { cursor node { id } } } } }`;
    return (await person.ask(query, { id: conversationId })).conversation;
  };

  test.each(viewers)('of a message is the same in the timeline and among the messages, for %s', async (name) => {
    const { timeline, messages } = await cursorsOf(cast[name]);
    for (const edge of messages.edges) expect(timeline.edges).toContainEqual(edge);
  });

  test('of a customer says nothing of what the team wrote (D4)', async () => {
    const { timeline } = await cursorsOf(cast.dana);
    const places = timeline.edges.map(({ cursor }: { cursor: string }) =>
      JSON.parse(Buffer.from(cursor, 'base64url').toString()),
    );
    expect(places).toEqual(places.map((_: unknown, nr: number) => ['e', conversationId, nr + 1]));
  });

  test("of the team says nothing of anybody's notes, but for their author's own", async () => {
    const notesIn = async (person: Person) => {
      const { timeline } = await cursorsOf(person);
      const lengths = timeline.edges.map(
        ({ cursor }: { cursor: string }) => JSON.parse(Buffer.from(cursor, 'base64url').toString()).length,
      );
      return lengths.filter((length: number) => length > 4).length;
    };
    expect([await notesIn(cast.cleo), await notesIn(cast.crm)]).toEqual([0, 0]);
    expect([await notesIn(cast.ada), await notesIn(cast.ben)]).toEqual([3, 7]);
  });

  test('stays what it was when more is written, before it and after it', async () => {
    const { ben, cleo } = cast;
    const before = await cursorsOf(ben);
    await cleo.ask(
      `mutation { whisper(input: { conversationId: "${conversationId}", text: "later" }) { errors { code } } }`,
    );
    const after = await cursorsOf(ben);
    expect(after.timeline.edges.slice(0, before.timeline.edges.length)).toEqual(before.timeline.edges);
    expect(after.messages).toEqual(before.messages);
  });

  test('goes on in another list of the same conversation', async () => {
    const { timeline, messages } = await cursorsOf(cast.ben);
    const query = `query ($id: ID!, $after: String) { conversation(id: $id) { messages(first: 100, after: $after) { edges { node { id } } } } }`;
    for (const [nr, { cursor }] of timeline.edges.entries()) {
      const rest = timeline.edges.slice(nr + 1).map(({ node }: Page['edges'][0]) => node.id);
      const expected = messages.edges
        .map(({ node }: Page['edges'][0]) => node.id)
        .filter((id: string) => rest.includes(id));
      const { conversation } = await cast.ben.ask(query, { id: conversationId, after: cursor });
      expect(conversation.messages.edges.map(({ node }: Page['edges'][0]) => node.id)).toEqual(expected);
    }
  });
});

describe('a page inside a page', () => {
  test('is what it is by itself, for every conversation of the list', async () => {
    for (const name of viewers) {
      const person = cast[name];
      const args = ['first: 2', 'last: 2', 'first: 100', 'last: 3'];
      for (const one of args) {
        const entries = `timeline(${one}) ${selection} messages(${one}) ${selection}`;
        const { conversations } = await person.ask(`{ conversations(first: 20) { edges { node { id ${entries} } } } }`);
        for (const { node } of conversations.edges) {
          const { conversation } = await person.ask(`query ($id: ID!) { conversation(id: $id) { id ${entries} } }`, {
            id: node.id,
          });
          expect(node).toEqual(conversation);
        }
      }
    }
  });

  test('with a cursor of one conversation is refused in every other', async () => {
    const { conversation } = await cast.ben.ask(
      `query ($id: ID!) { conversation(id: $id) { timeline(first: 1) ${selection} } }`,
      { id: conversationId },
    );
    const query = `query ($after: String) { conversations(first: 20) { edges { node { id timeline(first: 1, after: $after) ${selection} } } } }`;
    const { data, errors } = await cast.ben.attempt(query, { after: conversation.timeline.pageInfo.endCursor });
    expect(data).toBeNull();
    expect(new Set(errors.map(({ extensions }) => extensions.code))).toEqual(new Set(['BAD_USER_INPUT']));
  });
});
