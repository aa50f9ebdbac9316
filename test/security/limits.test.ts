import sql from 'sql-template-tag';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { readConfig } from '../../src/config.js';
import { StartConversationDocument } from '../operations/generated.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { type Cast, castOf } from '../support/cast.js';
import { post, type Reply, send } from './http.js';

let app: TestApp;
let cast: Cast;
let conversationId: string;
beforeAll(async () => {
  app = await startTestApp({ LOG_LEVEL: 'silent' });
  cast = await castOf(app);
  const { startConversation } = await cast.dana.ask(StartConversationDocument, { input: { text: 'Hello?' } });
  conversationId = startConversation.conversation!.id;
});
afterAll(async () => {
  await cast.leave();
  await app.close();
});
afterEach(() => void vi.restoreAllMocks());

const ask = (query: string, variables?: object) => post(app.url, cast.ben.token, { query, variables });
const times = (count: number, part: (nr: number) => string) =>
  Array.from({ length: count }, (_, nr) => part(nr)).join(' ');

/** The codes with which the server refuses; every refusal of a limit is a 4xx and comes without data. */
function codesOf({ status, data, errors }: Reply): string[] {
  expect(status, JSON.stringify(errors).slice(0, 300)).toBeGreaterThanOrEqual(400);
  expect(status, JSON.stringify(errors).slice(0, 300)).toBeLessThan(500);
  expect(data).toBeNull();
  return errors.map(({ extensions }) => extensions.code);
}

const expectServed = ({ status, errors }: Reply) => expect({ status, errors }).toEqual({ status: 200, errors: [] });

/** The codes with which the socket refuses a subscription that selects `selection` of the conversation. */
async function socketCodes(document: string, variables: object = {}): Promise<unknown[]> {
  const stream = cast.ben.follow(document, variables);
  try {
    const { errors = [] } = await stream.next();
    return errors.map(({ extensions }) => extensions?.code);
  } catch {
    const errors = (await stream.whenEnded()) as { extensions: { code: string } }[];
    return errors.map(({ extensions }) => extensions.code);
  } finally {
    stream.stop();
  }
}
const subscription = (selection: string) =>
  `subscription { conversationUpdated(conversationId: "${conversationId}") { ${selection} } }`;

describe('the defaults', () => {
  test('are those that the guide for operators promises', () => {
    expect(readConfig({})).toMatchObject({
      MAX_REQUEST_BYTES: 262_144,
      MAX_DEPTH: 12,
      MAX_ALIASES: 30,
      MAX_TOKENS: 2000,
      MAX_DIRECTIVES: 50,
      MAX_ERRORS: 10,
      MAX_LIST: 100,
      MAX_COST: 5000,
      RATE_RESTORE: 1000,
      RATE_BURST: 20_000,
      MAX_SUBSCRIPTIONS_PER_SOCKET: 50,
      MAX_SOCKETS_PER_CALLER: 20,
      MAX_SOCKETS: 10_000,
      CONNECTION_INIT_TIMEOUT_MS: 5000,
      REQUEST_TIMEOUT_MS: 10_000,
      STATEMENT_TIMEOUT_MS: 5000,
      SIGN_IN_ATTEMPTS_PER_MINUTE: 10,
    });
  });
});

describe('MAX_REQUEST_BYTES', () => {
  const query = '{ __typename }';
  const padded = (bytes: number) => {
    const body = JSON.stringify({ query, variables: { padding: '' } });
    return JSON.stringify({ query, variables: { padding: 'x'.repeat(bytes - body.length) } });
  };

  test('a body of 256 KiB is read, and one byte more is refused (E9)', async () => {
    expectServed(await post(app.url, cast.ben.token, padded(262_144)));
    const refused = await post(app.url, cast.ben.token, padded(262_145));
    expect(refused.status).toBe(413);
    expect(codesOf(refused)).toEqual(['BAD_REQUEST']);
  });

  test('a frame that is larger closes the socket with 1009 (E16)', async () => {
    const socket = new WebSocket(`${app.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    await new Promise((resolve) => socket.once('open', resolve));
    const closed = new Promise<number>((resolve) => socket.once('close', resolve));
    socket.send(JSON.stringify({ type: 'connection_init', payload: { padding: 'x'.repeat(262_144) } }));
    expect(await closed).toBe(1009);
  });
});

describe('MAX_DEPTH', () => {
  const deep = (levels: number) =>
    `${'lastMessage { conversation { '.repeat((levels - 2) / 2)}id${' } }'.repeat((levels - 2) / 2)}`;
  const query = (levels: number) => `{ conversation(id: "${conversationId}") { ${deep(levels)} } }`;

  test('twelve levels are served and more are refused, also inside fragments (E1)', async () => {
    expectServed(await ask(query(12)));
    expect(codesOf(await ask(query(14)))).toEqual(['QUERY_TOO_COMPLEX']);
    const hidden = `{ conversation(id: "${conversationId}") { ...A } } fragment A on Conversation { ... { ...B } }
      fragment B on Conversation { ${deep(14)} }`;
    expect(codesOf(await ask(hidden))).toEqual(['QUERY_TOO_COMPLEX']);
    expect(codesOf(await ask(query(200)))).toEqual(['QUERY_TOO_COMPLEX']);
  });

  test('holds on the socket', async () => {
    expect(await socketCodes(subscription(deep(12)))).toEqual([]);
    expect(await socketCodes(subscription(deep(14)))).toEqual(['QUERY_TOO_COMPLEX']);
  });
});

describe('MAX_ALIASES', () => {
  test.each(['__typename', 'viewer { actor { id } }'])(
    'thirty aliases of %s are served, one more is refused (E3)',
    async (field) => {
      expectServed(await ask(`{ ${times(30, (nr) => `a${nr}: ${field}`)} }`));
      expect(codesOf(await ask(`{ ${times(31, (nr) => `a${nr}: ${field}`)} }`))).toEqual(['QUERY_TOO_COMPLEX']);
    },
  );

  test('a fragment that is spread twice counts twice', async () => {
    const fragment = `fragment F on Query { ${times(16, (nr) => `a${nr}: __typename`)} }`;
    expect(codesOf(await ask(`{ ...F ...F } ${fragment}`))).toEqual(['QUERY_TOO_COMPLEX']);
  });

  test('holds on the socket', async () => {
    expect(await socketCodes(subscription(times(31, (nr) => `a${nr}: id`)))).toEqual(['QUERY_TOO_COMPLEX']);
  });
});

describe('MAX_TOKENS', () => {
  test('two thousand tokens are read and more are refused before anything else is done with them', async () => {
    const list = (value: string) => `[${`${value} `.repeat(99)}]`;
    const filter = `{ status: ${list('OPEN')} handling: ${list('AI')} channel: ${list('WEB')} priority: ${list('LOW')} }`;
    const query = (lists: number) =>
      `{ ${times(lists, (nr) => `a${nr}: conversations(filter: ${filter}) { edges { cursor } }`)} }`;
    expectServed(await ask(query(4)));
    expect(codesOf(await ask(query(5)))).toEqual(['GRAPHQL_PARSE_FAILED']);
  });

  test('the same field six thousand times is refused (E4)', async () => {
    expect(codesOf(await ask(`{ ${'viewer { actor { id } } '.repeat(6000)} }`))).toEqual(['GRAPHQL_PARSE_FAILED']);
  });

  test('holds on the socket, which stays open', async () => {
    expect(await socketCodes(subscription('id '.repeat(2001)))).toEqual(['GRAPHQL_PARSE_FAILED']);
    expect(await socketCodes(subscription('id'))).toEqual([]);
  });
});

describe('MAX_DIRECTIVES', () => {
  test('fifty directives are served, one more is refused (E5)', async () => {
    const query = (count: number) => `{ ${'__typename @skip(if: false) '.repeat(count)} }`;
    expectServed(await ask(query(50)));
    expect(codesOf(await ask(query(51)))).toEqual(['QUERY_TOO_COMPLEX']);
  });

  test('holds on the socket', async () => {
    const selection = 'id @skip(if: false) '.repeat(51);
    expect(await socketCodes(subscription(selection))).toEqual(['QUERY_TOO_COMPLEX']);
  });
});

describe('MAX_ERRORS', () => {
  test('of a thousand mistakes ten are told (E5)', async () => {
    const refused = await ask(`{ ${times(600, (nr) => `unknown${nr}`)} }`);
    expect(refused.status).toBe(400);
    expect(refused.errors.length).toBeLessThanOrEqual(10);
    expect(refused.text.length).toBeLessThan(4000);
  });

  test('of a hundred bad variables ten are told', async () => {
    const variables = { ids: Array.from({ length: 100 }, () => ({ no: 'id' })) };
    const refused = await ask('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', variables);
    expect(new Set(codesOf(refused))).toEqual(new Set(['BAD_USER_INPUT']));
    expect(refused.errors.length).toBeLessThanOrEqual(10);
  });

  test('of a hundred failing fields ten are told', async () => {
    const ids = Array.from({ length: 30 }, () => conversationId);
    const query = 'query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Conversation { tags priority } } }';
    const { status, errors } = await post(app.url, cast.dana.token, { query, variables: { ids } });
    expect({ status, count: errors.length }).toEqual({ status: 200, count: 10 });
  });
});

describe('MAX_LIST', () => {
  const ids = (count: number) => Array.from({ length: count }, () => conversationId);

  test('a hundred values are taken and one more is refused, literal and by variable (E9)', async () => {
    const query = 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }';
    const literal = (count: number) => `{ nodes(ids: ${JSON.stringify(ids(count))}) { id } }`;
    expectServed(await ask(query, { ids: ids(100) }));
    expectServed(await ask(literal(100)));
    expect(codesOf(await ask(query, { ids: ids(101) }))).toEqual(['QUERY_TOO_COMPLEX']);
    expect(codesOf(await ask(literal(101)))).toEqual(['QUERY_TOO_COMPLEX']);
  });

  test('holds inside an input object and for variables that nothing uses', async () => {
    const query = 'query ($filter: ConversationFilter) { conversations(filter: $filter) { edges { cursor } } }';
    const filter = { status: Array.from({ length: 101 }, () => 'OPEN') };
    expect(codesOf(await ask(query, { filter }))).toEqual(['QUERY_TOO_COMPLEX']);
    expect(codesOf(await ask('{ __typename }', { unused: { deep: [ids(101)] } }))).toEqual(['QUERY_TOO_COMPLEX']);
  });

  test('variables may be nested as deep as a request is long', async () => {
    const body = `{"query":"{ __typename }","variables":{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}}`;
    expectServed(await post(app.url, cast.ben.token, body));
  });

  test('holds on the socket', async () => {
    const document = 'subscription ($filter: ConversationFilter) { inboxUpdated(filter: $filter) { kind } }';
    expect(await socketCodes(document, { filter: { status: Array.from({ length: 101 }, () => 'OPEN') } })).toEqual([
      'QUERY_TOO_COMPLEX',
    ]);
  });
});

describe('first and last', () => {
  const lists: [string, (args: string) => string][] = [
    ['conversations', (args) => `{ conversations(${args}) { edges { cursor } } }`],
    ['agents', (args) => `{ agents(${args}) { edges { cursor } } }`],
    ['messages', (args) => `{ conversation(id: "${conversationId}") { messages(${args}) { edges { cursor } } } }`],
    ['timeline', (args) => `{ conversation(id: "${conversationId}") { timeline(${args}) { edges { cursor } } } }`],
    ['whispers', (args) => `{ conversation(id: "${conversationId}") { whispers(${args}) { edges { cursor } } } }`],
    [
      'a customer’s conversations',
      (args) => `{ node(id: "${cast.dana.id}") { ... on Customer { conversations(${args}) { edges { cursor } } } } }`,
    ],
  ];
  const bad = ['first: 0', 'first: -1', 'first: 101', 'last: 0', 'last: -1', 'last: 101', 'first: 1, last: 1'];

  test.each(lists)('of %s take 1 to 100, and not both (E8)', async (_, query) => {
    for (const args of ['first: 1', 'first: 100', 'last: 1', 'last: 100', 'first: null, last: null']) {
      expectServed(await ask(query(args)));
    }
    for (const args of bad) {
      const { status, errors } = await ask(query(args));
      expect([args, status]).toEqual([args, 200]);
      expect([args, ...errors.map(({ extensions }) => extensions.code)]).toEqual([args, 'BAD_USER_INPUT']);
    }
  });

  test('by variable are judged the same (E8)', async () => {
    const query =
      'query ($first: Int, $last: Int = 3) { conversations(first: $first, last: $last) { edges { cursor } } }';
    expectServed(await ask(query, {}));
    for (const variables of [
      { first: 0, last: null },
      { first: -1, last: null },
      { first: 101, last: null },
      { first: 1 },
    ]) {
      const { errors } = await ask(query, variables);
      expect(errors.map(({ extensions }) => extensions.code)).toEqual(['BAD_USER_INPUT']);
    }
    for (const first of [1.5, '1', 2 ** 31, true]) {
      expect(codesOf(await ask(query, { first, last: null }))).toEqual(['BAD_USER_INPUT']);
    }
  });
});

describe('MAX_COST', () => {
  const nested = (outer: string, inner: string) =>
    `{ conversations(${outer}) { edges { node { timeline(${inner}) { edges { node { actor { id } } } } } } } }`;

  test('what would bring more than five thousand objects is refused, written out or by variable', async () => {
    expectServed(await ask(nested('first: 20', 'first: 50')));
    expect(codesOf(await ask(nested('first: 100', 'first: 100')))).toEqual(['QUERY_TOO_COMPLEX']);
    const query = `query ($n: Int) ${nested('first: $n', 'last: $n')}`;
    expectServed(await ask(query, { n: 20 }));
    expect(codesOf(await ask(query, { n: 100 }))).toEqual(['QUERY_TOO_COMPLEX']);
    const byDefault = `query ($n: Int = 100) ${nested('first: $n', 'last: $n')}`;
    expect(codesOf(await ask(byDefault))).toEqual(['QUERY_TOO_COMPLEX']);
  });

  test('a huge or negative page size buys nothing (E8)', async () => {
    expect(codesOf(await ask(nested('first: 1000000', 'first: 1')))).toEqual(['QUERY_TOO_COMPLEX']);
    const { errors } = await ask(nested('first: -1000000', 'first: 100'));
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['BAD_USER_INPUT']);
  });

  test('fragments that double one another are refused without unfolding them (E2)', async () => {
    for (const levels of [16, 24]) {
      const fragments = times(levels, (nr) => `fragment F${nr} on Query { ...F${nr + 1} ...F${nr + 1} }`);
      const query = `{ ...F0 } ${fragments} fragment F${levels} on Query { viewer { actor { id } } }`;
      expect(new Set(codesOf(await ask(query)))).toEqual(new Set(['QUERY_TOO_COMPLEX']));
    }
  });

  test('so are fragments that double through a field', async () => {
    const fragments = times(
      10,
      (nr) =>
        `fragment F${nr} on Conversation { ${nr % 2 ? '... {' : ''} ...F${nr + 1} ... { ...F${nr + 1} } ...F${nr + 1} ${nr % 2 ? '}' : ''} }`,
    );
    const query = `{ conversation(id: "${conversationId}") { ...F0 } } ${fragments} fragment F10 on Conversation { id }`;
    expect(new Set(codesOf(await ask(query)))).toEqual(new Set(['QUERY_TOO_COMPLEX']));
  });

  test('selections that bring nothing are counted too', async () => {
    const chain = times(6, (nr) => `fragment C${nr} on Query { ... { ... { ...C${nr + 1} } } }`);
    const doubling = times(10, (nr) => `fragment D${nr} on Query { ...D${nr + 1} ...D${nr + 1} }`);
    const query = `{ ...D0 } ${doubling} fragment D10 on Query { ...C0 } ${chain} fragment C6 on Query { __typename }`;
    expect(new Set(codesOf(await ask(query)))).toEqual(new Set(['QUERY_TOO_COMPLEX']));
  });

  test('fragments in a circle are refused (E2)', async () => {
    const query = '{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }';
    expect(codesOf(await ask(query))).toEqual(['GRAPHQL_VALIDATION_FAILED']);
    const through = `{ conversation(id: "${conversationId}") { ...A } } fragment A on Conversation { lastMessage { conversation { ...A } } }`;
    expect(codesOf(await ask(through))).toEqual(['GRAPHQL_VALIDATION_FAILED']);
  });

  test('an operation whose cost cannot be told does not run for nothing', async () => {
    const query = `query ($id: ID = "x") { conversation(id: $id) { id } ${nested('first: 100', 'first: 100').slice(1)}`;
    expect(codesOf(await ask(query, { id: null }))).toEqual(['BAD_USER_INPUT']);
  });

  test('holds on the socket, also by variables', async () => {
    const selection =
      'timeline(first: $n) { edges { node { conversation { messages(first: $n) { edges { node { id } } } } } } }';
    const document = `subscription ($n: Int, $id: ID!) { conversationUpdated(conversationId: $id) { ${selection} } }`;
    expect(await socketCodes(document, { id: conversationId, n: 10 })).toEqual([]);
    expect(await socketCodes(document, { id: conversationId, n: 100 })).toEqual(['QUERY_TOO_COMPLEX']);
  });
});

describe('RATE_RESTORE and RATE_BURST', () => {
  let small: TestApp;
  let people: Cast;
  beforeAll(async () => {
    small = await startTestApp({ RATE_RESTORE: '10', RATE_BURST: '100' });
    people = await castOf(small);
  });
  afterAll(async () => {
    await people.leave();
    await small.close();
  });
  const query = '{ conversations(first: 40) { edges { node { id } } } }';

  test('whoever has spent the burst is refused and told for how long, until it is restored', async () => {
    const spend = () => post(small.url, people.dana.token, { query });
    expectServed(await spend());
    expectServed(await spend());
    const refused = await spend();
    expect(refused.status).toBe(429);
    expect(codesOf(refused)).toEqual(['RATE_LIMITED']);
    const { retryAfter } = refused.errors[0]!.extensions as unknown as { retryAfter: number };
    expect(retryAfter).toBeGreaterThan(0);
    expect(retryAfter).toBeLessThanOrEqual(10);
    small.clock.advance(retryAfter);
    expectServed(await spend());
  });

  test('what others spend does not count, though they share an address and a workspace (C7)', async () => {
    const refused = await Promise.all(Array.from({ length: 4 }, () => post(small.url, people.ben.token, { query })));
    expect(refused.map(({ status }) => status).sort()).toEqual([200, 200, 429, 429]);
    expectServed(await post(small.url, people.eli.token, { query }));
  });

  test('the socket spends from the same allowance', async () => {
    const { cleo } = people;
    expectServed(await post(small.url, cleo.token, { query }));
    expectServed(await post(small.url, cleo.token, { query }));
    const { errors } = await cleo
      .follow('subscription { inboxUpdated { kind conversation { messages(first: 100) { edges { node { id } } } } } }')
      .whenEnded()
      .then((ended: { extensions: { code: string } }[]) => ({ errors: ended }));
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['RATE_LIMITED']);
  });

  test('whoever has no token is counted by address', async () => {
    const introspection = '{ __schema { types { name fields { name } } } }';
    const statuses: number[] = [];
    for (let nr = 0; nr < 150; nr++) statuses.push((await post(small.url, null, { query: introspection })).status);
    expect(new Set(statuses)).toEqual(new Set([200, 429]));
  });
});

describe('sockets', () => {
  let small: TestApp;
  let people: Cast;
  beforeAll(async () => {
    small = await startTestApp({
      MAX_SUBSCRIPTIONS_PER_SOCKET: '3',
      MAX_SOCKETS_PER_CALLER: '2',
      MAX_SOCKETS: '4',
      CONNECTION_INIT_TIMEOUT_MS: '200',
    });
    people = await castOf(small);
  });
  afterAll(async () => {
    await people.leave();
    await small.close();
  });
  const inbox = 'subscription { inboxUpdated { kind } }';

  test('MAX_SUBSCRIPTIONS_PER_SOCKET: one more is refused, and the others go on (E11)', async () => {
    const { ben } = people;
    const streams = [1, 2, 3].map(() => ben.follow(inbox));
    for (const stream of streams) await stream.take(1);
    const errors = (await ben.follow(inbox).whenEnded()) as { extensions: { code: string } }[];
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['RATE_LIMITED']);
    streams[0]!.stop();
    await expect.poll(async () => (await ben.follow(inbox).take(1)).length).toBe(1);
    await ben.leave();
  });

  test('MAX_SOCKETS_PER_CALLER: one more is closed, and those of others are not (E11)', async () => {
    const { ada, cleo } = people;
    const twice = [ada.at(small.url), ada.at(small.url), ada.at(small.url)];
    const first = [twice[0]!.follow(inbox), twice[1]!.follow(inbox)];
    for (const stream of first) await stream.take(1);
    expect(await twice[2]!.follow(inbox).whenEnded()).toMatchObject({ code: 4429 });
    await cleo.follow(inbox).take(1);
    await Promise.all([...twice, cleo].map((one) => one.leave()));
  });

  test('MAX_SOCKETS: one more is not opened', async () => {
    const url = `${small.url.replace('http', 'ws')}/graphql`;
    const open: WebSocket[] = [];
    const tryOne = () =>
      new Promise<string>((resolve) => {
        const socket = new WebSocket(url, 'graphql-transport-ws');
        open.push(socket);
        socket.once('open', () => resolve('opened'));
        socket.once('error', ({ message }) => resolve(message));
      });
    const answers: string[] = [];
    for (let nr = 0; nr < 5; nr++) answers.push(await tryOne());
    expect(answers.at(-1)).toContain('503');
    for (const socket of open) socket.terminate();
  });

  test('CONNECTION_INIT_TIMEOUT_MS: a socket that does not say who it is is closed with 4408', async () => {
    const url = `${small.url.replace('http', 'ws')}/graphql`;
    const closed = async () => {
      const socket = new WebSocket(url, 'graphql-transport-ws');
      return new Promise<number>((resolve) => socket.once('close', resolve).once('error', () => resolve(0)));
    };
    await expect.poll(closed).toBe(4408);
  });

  test('neither queries nor mutations nor introspection run over a socket (H10, H11)', async () => {
    const refused = [
      '{ viewer { actor { id } } }',
      '{ __schema { types { name } } }',
      'mutation { createAgent(input: { email: "a@b.test", displayName: "A" }) { errors { code } } }',
    ];
    for (const document of refused) {
      const errors = (await people.ada.follow(document).whenEnded()) as { extensions: { code: string } }[];
      expect(errors.map(({ extensions }) => extensions.code)).toEqual(['BAD_REQUEST']);
    }
    await people.ada.leave();
  });
});

describe('mistakes in a subscription', () => {
  test.each([
    ['a syntax error', 'subscription { conversationUpdated(', {}, 'GRAPHQL_PARSE_FAILED'],
    ['an unknown field', 'subscription { nothing }', {}, 'GRAPHQL_VALIDATION_FAILED'],
    [
      'a variable that is missing',
      'subscription ($id: ID!) { conversationUpdated(conversationId: $id) { id } }',
      {},
      'BAD_USER_INPUT',
    ],
    [
      'a variable of another type',
      'subscription ($id: ID!) { conversationUpdated(conversationId: $id) { id } }',
      { id: {} },
      'BAD_USER_INPUT',
    ],
    [
      'an argument that turns out null',
      'subscription ($id: ID = "x") { conversationUpdated(conversationId: $id) { id } }',
      { id: null },
      'BAD_USER_INPUT',
    ],
    [
      'a cursor that is none',
      'subscription ($id: ID!) { messageAdded(conversationId: $id, after: "x") { cursor } }',
      null,
      'BAD_USER_INPUT',
    ],
    [
      'two fields at once',
      'subscription { inboxUpdated { kind } aiTurnOpened { id } }',
      {},
      'GRAPHQL_VALIDATION_FAILED',
    ],
  ])('%s is answered as such, and the socket stays open', async (_, document, variables, code) => {
    expect(await socketCodes(document, variables ?? { id: conversationId })).toEqual([code]);
    expect(await socketCodes(subscription('id'))).toEqual([]);
  });
});

describe('over HTTP', () => {
  const query = '{ viewer { actor { id } } }';
  const authorization = () => `Bearer ${cast.ben.token}`;
  const get = (document: string, headers: Record<string, string> = {}) =>
    send(app.url, {
      path: `/graphql?query=${encodeURIComponent(document)}`,
      headers: { authorization: authorization(), ...headers },
    });

  test('a query by GET works with the header that makes browsers ask first, and not without (H2, H3)', async () => {
    const served = await get(query, { 'apollo-require-preflight': '1' });
    expectServed(served);
    expect(served.data).toEqual({ viewer: { actor: { id: cast.ben.id } } });
    expect(codesOf(await get(query))).toEqual(['BAD_REQUEST']);
    expect(codesOf(await get(query, { 'content-type': 'text/plain' }))).toEqual(['BAD_REQUEST']);
  });

  test('a mutation by GET is a 405 and changes nothing (H2)', async () => {
    const mutation = `mutation { finalizeConversation(input: { conversationId: "${conversationId}" }) { errors { code } } }`;
    const refused = await get(mutation, { 'apollo-require-preflight': '1' });
    expect(refused.status).toBe(405);
    expect(codesOf(refused)).toEqual(['BAD_REQUEST']);
    const { data } = await ask(`{ conversation(id: "${conversationId}") { status } }`);
    expect(data).toEqual({ conversation: { status: 'OPEN' } });
  });

  test('a subscription is a 405 by POST and by GET (H10)', async () => {
    const byPost = await ask(subscription('id'));
    const byGet = await get(subscription('id'), { 'apollo-require-preflight': '1' });
    expect([byPost.status, ...codesOf(byPost)]).toEqual([405, 'METHOD_NOT_ALLOWED']);
    expect([byGet.status, ...codesOf(byGet)]).toEqual([405, 'BAD_REQUEST']);
  });

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])(
    'a body of %s is refused and not executed (H1, H4)',
    async (type) => {
      const mutation = `mutation { finalizeConversation(input: { conversationId: "${conversationId}" }) { errors { code } } }`;
      const bodies = [JSON.stringify({ query: mutation }), `query=${encodeURIComponent(mutation)}`];
      for (const body of bodies) {
        const refused = await send(app.url, {
          method: 'POST',
          headers: { 'content-type': type, authorization: `Bearer ${cast.dana.token}` },
          body,
        });
        expect([400, 415]).toContain(refused.status);
        expect(codesOf(refused)).toEqual(['BAD_REQUEST']);
      }
      const { data } = await ask(`{ conversation(id: "${conversationId}") { status } }`);
      expect(data).toEqual({ conversation: { status: 'OPEN' } });
    },
  );

  test.each([10, 1000])('an array of %i operations is refused (E6, H10)', async (count) => {
    const batch = Array.from({ length: count }, () => ({ query: '{ __typename }' }));
    const refused = await post(app.url, cast.ben.token, batch);
    expect(refused.status).toBe(400);
    expect(codesOf(refused)).toEqual(['BAD_REQUEST']);
  });

  test.each([
    ['nothing', ''],
    ['no JSON', '{'],
    ['a string', '"{ __typename }"'],
    ['null', 'null'],
    ['no query', '{}'],
    ['a query that is a number', '{"query": 1}'],
    ['a query that is a list', '{"query": ["{ __typename }"]}'],
    ['variables that are text', '{"query": "{ __typename }", "variables": "{}"}'],
    ['variables that are a list', '{"query": "{ __typename }", "variables": [1]}'],
    ['extensions that are text', '{"query": "{ __typename }", "extensions": "x"}'],
    ['a huge operationName', JSON.stringify({ query: '{ __typename }', operationName: 'x'.repeat(200_000) })],
    ['an operationName that is a list', '{"query": "{ __typename }", "operationName": ["a"]}'],
    ['a prototype', '{"query": "{ __typename }", "__proto__": {"x": 1}}'],
    ['a directive that defers', '{"query": "{ ... @defer { __typename } }"}'],
  ])('a body with %s is a clear refusal (H18, H19)', async (_, body) => {
    const refused = await post(app.url, cast.ben.token, body);
    expect(codesOf(refused)).toHaveLength(1);
    expect(refused.headers.get('content-type')).toContain('json');
  });

  test('persisted queries are neither stored nor served (E23)', async () => {
    const sha256Hash = 'ecf4edb46db40b5132295c0291d62fb65d6759a9eedfa4d5d612dd5ec54a6b38';
    const extensions = { persistedQuery: { version: 1, sha256Hash } };
    for (const body of [{ query: '{__typename}', extensions }, { extensions }]) {
      const { status, data } = await post(app.url, cast.ben.token, body);
      expect(status).toBeLessThan(500);
      expect(data).toBeNull();
    }
  });

  test('a page of a foreign origin may not read, one of this machine may (H5)', async () => {
    const preflight = (origin: string) =>
      send(app.url, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
      });
    const foreign = [
      'https://evil.example',
      'null',
      'http://localhost.evil.example',
      'http://127.0.0.1.evil.example:80',
    ];
    for (const origin of foreign) {
      expect((await preflight(origin)).headers.get('access-control-allow-origin')).toBeNull();
      const read = await send(app.url, {
        method: 'POST',
        headers: { origin, 'content-type': 'application/json', authorization: authorization() },
        body: JSON.stringify({ query }),
      });
      expect(read.headers.get('access-control-allow-origin')).toBeNull();
    }
    const allowed = await preflight('http://localhost:5173');
    expect(allowed.headers.get('access-control-allow-origin')).toBe('http://localhost:5173');
    expect(allowed.headers.get('access-control-allow-credentials')).toBeNull();
  });

  test('a page of a foreign origin may not open a socket (H6)', async () => {
    const url = `${app.url.replace('http', 'ws')}/graphql`;
    const open = (origin: string) =>
      new Promise<string>((resolve) => {
        const socket = new WebSocket(url, 'graphql-transport-ws', { origin });
        socket.once('open', () => resolve('opened'));
        socket.once('error', ({ message }) => resolve(message));
        socket.once('open', () => socket.terminate());
      });
    expect(await open('https://evil.example')).toContain('403');
    expect(await open('http://localhost:5173')).toBe('opened');
  });

  test('every answer forbids guessing its type and has a request id of its own', async () => {
    const paths = ['/graphql', '/health/live', '/health/ready', '/nothing', '/'];
    const answers = await Promise.all(paths.map((path) => send(app.url, { path })));
    for (const { headers, text } of answers) {
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('content-type')).toContain('application/json');
      expect(text).not.toMatch(/fastify|node_modules|stack/i);
    }
    expect(new Set(answers.map(({ headers }) => headers.get('x-request-id'))).size).toBe(paths.length);
  });

  test('a request id that a client makes up is not taken', async () => {
    const { headers } = await send(app.url, { path: '/health/live', headers: { 'x-request-id': 'mine' } });
    expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('the health pages say only how it is (H20)', async () => {
    expect(await send(app.url, { path: '/health/live' })).toMatchObject({ status: 200, text: '{"status":"ok"}' });
    const ready = await send(app.url, { path: '/health/ready' });
    expect([ready.status, JSON.parse(ready.text)]).toEqual([
      200,
      {
        status: 'ok',
        database: 'ok',
        bells: 'ok',
        mail: 'off',
      },
    ]);
    vi.spyOn(app.world.database, 'read').mockRejectedValue(new Error('connect ECONNREFUSED 10.0.0.1:5432'));
    const unready = await send(app.url, { path: '/health/ready' });
    expect(unready.status).toBe(503);
    expect(unready.text).not.toContain('10.0.0.1');
    expect((await send(app.url, { path: '/health/live' })).status).toBe(200);
  });
});

/** Every failure that a database can have, as a client could meet it. */
const failure = () =>
  Object.assign(new Error('relation "secret_table" does not exist'), {
    code: '42P01',
    query: 'select * from secret_table',
  });
const telling = /secret_table|select|stack|\.ts|\.js|node_modules|relation|42P01/i;

describe.each(['development', 'production'] as const)('a failure of ours in %s', (mode) => {
  let ours: TestApp;
  let people: Cast;
  beforeAll(async () => {
    ours = await startTestApp({ ...(mode === 'production' && production), LOG_LEVEL: 'silent' });
    people = await castOf(ours);
  });
  afterAll(async () => {
    await people.leave();
    await ours.close();
  });
  const failWhere = (part: string) => {
    const { database } = ours.world;
    const real = database.read.bind(database);
    vi.spyOn(database, 'read').mockImplementation((statement) =>
      statement.text.includes(part) ? Promise.reject(failure()) : real(statement),
    );
  };

  test('is told with a request id and nothing else (H13)', async () => {
    failWhere('from conversations c');
    const query = '{ conversations { edges { cursor } } }';
    const { text, data, errors, headers } = await post(ours.url, people.ben.token, { query });
    expect(data).toBeNull();
    expect(errors).toEqual([
      {
        message: 'Something went wrong on our side.',
        path: ['conversations'],
        locations: expect.anything(),
        extensions: { code: 'INTERNAL_SERVER_ERROR', requestId: headers.get('x-request-id') },
      },
    ]);
    expect(text).not.toMatch(telling);
  });

  test('while finding out who is calling lets nobody in, and tells nothing (B10, H13)', async () => {
    failWhere('from actors a where a.id');
    const { token } = await ours.tokens.issue(people.cleo.id, 60);
    const fresh = await post(ours.url, token, { query: '{ viewer { actor { id } } }' });
    expect(fresh.status).toBe(500);
    expect(fresh.data).toBeNull();
    expect(fresh.errors).toEqual([
      {
        message: 'Something went wrong on our side.',
        extensions: { code: 'INTERNAL_SERVER_ERROR', requestId: fresh.headers.get('x-request-id') },
      },
    ]);
    expect(fresh.text).not.toMatch(telling);
    vi.restoreAllMocks();
    expectServed(await post(ours.url, token, { query: '{ viewer { actor { id } } }' }));
  });

  test('in a mutation is told the same way, and nothing was written', async () => {
    const real = ours.world.ids.next.bind(ours.world.ids);
    vi.spyOn(ours.world.ids, 'next').mockImplementation((kind) => {
      if (kind === 'msg') throw failure();
      return real(kind);
    });
    const query = 'mutation { startConversation(input: { text: "Hello" }) { errors { code } } }';
    const { text, errors } = await post(ours.url, people.eli.token, { query });
    vi.restoreAllMocks();
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['INTERNAL_SERVER_ERROR']);
    expect(text).not.toMatch(telling);
    const { rows } = await ours.world.database.pool.query('select 1 from conversations');
    expect(rows).toEqual([]);
  });

  test('over the socket is told the same way (H13)', async () => {
    failWhere('as version from conversations c');
    const document = 'subscription ($id: ID!) { conversationUpdated(conversationId: $id) { id } }';
    const { errors } = await people.ben.follow(document, { id: ours.world.ids.next('conv') }).next();
    expect(errors!.map(({ extensions }) => extensions!.code)).toEqual(['INTERNAL_SERVER_ERROR']);
    expect(JSON.stringify(errors)).not.toMatch(telling);
  });
});

const production = {
  NODE_ENV: 'production',
  DATABASE_URL: 'postgres://unused@127.0.0.1/unused',
  AUTH_SECRET: 'a secret for the tests of production mode',
};

describe('in production', () => {
  let live: TestApp;
  let people: Cast;
  beforeAll(async () => {
    live = await startTestApp(production);
    people = await castOf(live);
  });
  afterAll(async () => {
    await people.leave();
    await live.close();
  });
  const inProduction = (token: string | null, query: string, variables?: object) =>
    post(live.url, token, { query, variables });

  test('the schema does not describe itself, to nobody (H11)', async () => {
    for (const query of ['{ __schema { types { name } } }', '{ __type(name: "Query") { name } }']) {
      expect((await inProduction(people.ada.token, query)).errors[0]!.extensions.code).toBe(
        'GRAPHQL_VALIDATION_FAILED',
      );
      expect((await inProduction(null, query)).status).toBeGreaterThanOrEqual(400);
    }
    expectServed(await inProduction(people.ada.token, '{ __typename }'));
  });

  test('nothing is suggested to whoever guesses names (H12)', async () => {
    const guesses: [string, object?][] = [
      ['{ conversatio { id } }'],
      ['{ viewer { acto { id } } }'],
      ['{ conversation(idd: "x") { id } }'],
      ['{ node(id: "x") { ... on Conversatio { id } } }'],
      ['query ($s: ConversationStatu) { conversations { edges { cursor } } }'],
      ['{ conversations(filter: { statu: OPEN }) { edges { cursor } } }'],
      ['{ conversations(filter: { status: OPE }) { edges { cursor } } }'],
      ['query ($f: ConversationFilter) { conversations(filter: $f) { edges { cursor } } }', { f: { statu: 'OPEN' } }],
      ['query ($f: ConversationFilter) { conversations(filter: $f) { edges { cursor } } }', { f: { status: 'OPE' } }],
      ['{ viewer @skipp(if: true) { actor { id } } }'],
    ];
    for (const [query, variables] of guesses) {
      const { status, text } = await inProduction(people.dana.token, query, variables);
      expect([query, status]).toEqual([query, 400]);
      expect(text).not.toContain('Did you mean');
    }
    for (const document of ['subscription { inboxUpdate { kind } }', 'subscription { inboxUpdated { kin } }']) {
      const errors = await people.ben.follow(document).whenEnded();
      expect(JSON.stringify(errors)).not.toContain('Did you mean');
    }
  });

  test('GraphiQL, the demo and foreign pages are shut out (G6)', async () => {
    for (const path of ['/', '/graphiql', '/demo/people']) expect((await send(live.url, { path })).status).toBe(404);
    const { headers } = await send(live.url, { path: '/health/live', headers: { origin: 'http://localhost:5173' } });
    expect(headers.get('access-control-allow-origin')).toBeNull();
  });

  test('a page for people is not served in place of an answer (G6)', async () => {
    const { headers } = await send(live.url, { path: '/graphql', headers: { accept: 'text/html' } });
    expect(headers.get('content-type')).not.toContain('html');
  });
});

describe('STATEMENT_TIMEOUT_MS', () => {
  test('a statement that takes longer is given up, and told as a failure of ours', async () => {
    const impatient = await startTestApp({ STATEMENT_TIMEOUT_MS: '100', LOG_LEVEL: 'silent' });
    try {
      await expect(impatient.world.database.read(sql`select pg_sleep(30)`)).rejects.toThrow('statement timeout');
    } finally {
      await impatient.close();
    }
  });
});
