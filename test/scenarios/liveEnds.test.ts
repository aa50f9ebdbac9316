import { connect } from 'node:net';
import { print } from 'graphql';
import sql from 'sql-template-tag';
import { describe, expect, test } from 'vitest';
import {
  AiTurnOpenedDocument,
  ConversationUpdatedDocument,
  InboxUpdatedDocument,
  TimelineItemAddedDocument,
  type TimelineItemAddedSubscription,
  UpdateAgentDocument,
  WhisperAddedDocument,
} from '../operations/generated.js';
import { startTestApp } from '../support/app.js';
import { type ActorOptions, castOf, newPerson } from '../support/cast.js';
import { eventually } from '../support/eventually.js';
import type { Person } from '../support/Person.js';
import { RawSocket } from '../support/RawSocket.js';
import { does, gists, newStage, says, takesOver } from '../support/stories.js';
import { spiedWatches, valueIn, valuesIn } from '../support/streams.js';

const watches = spiedWatches();
const stage = newStage({ LOG_LEVEL: 'silent' });

const noWatches = () =>
  eventually(
    () => watches.count,
    (count) => count === 0,
  );

const timelineItemAdded = print(TimelineItemAddedDocument);

const someone = (name: string, options: ActorOptions) =>
  newPerson(stage.app, stage.app.url, stage.cast.acme, name, options);
const newAgent = (role: 'AGENT' | 'ADMIN' = 'AGENT') => someone('Somebody', { kind: 'AGENT', role });

const changeActor = (id: string, change: { active?: boolean; role?: string; scopes?: string[] }) =>
  stage.app.world.database.read(sql`
    update actors set active = coalesce(${change.active ?? null}, active), role = coalesce(${change.role ?? null}, role),
      scopes = coalesce(${change.scopes ?? null}, scopes)
    where id = ${id}`);
const ringStandingOf = (actorId: string) => stage.app.world.bells.ring([{ about: 'standing', actorId }]);

describe('a socket', () => {
  test('is closed with 4403 without a token, with one that is not valid, and with that of somebody inactive (A1)', async () => {
    const gone = await newAgent();
    await changeActor(gone.id, { active: false });
    const { ben } = stage.cast;
    for (const token of [null, '', 'nonsense', `${ben.token!.slice(0, -3)}abc`, 'pk_nonsense', gone.token]) {
      const socket = new RawSocket(stage.app.url);
      await socket.init(token);
      expect(await socket.whenClosed()).toMatchObject({ code: 4403 });
    }
  });

  test('is closed with 4401 when it subscribes before it has said who it is', async () => {
    const socket = new RawSocket(stage.app.url);
    await socket.opened();
    socket.subscribe('1', timelineItemAdded, { conversationId: 'conv_1' });
    expect(await socket.whenClosed()).toMatchObject({ code: 4401 });
  });

  test('is closed with 4403 when its token ends, whether or not anything happens (A4)', async () => {
    const { app, cast } = stage;
    const conversationId = await stage.startedBy(cast.dana);
    const { token } = await app.tokens.issue(cast.dana.id, 60);
    const socket = new RawSocket(app.url);
    await socket.init(token);
    await socket.frames.next(({ type }) => type === 'connection_ack');
    socket.subscribe('1', timelineItemAdded, { conversationId, after: '' });
    await socket.frames.next(({ type }) => type === 'next');
    const early = app.clock.now();
    app.clock.advance(61);
    const late = new RawSocket(app.url);
    await late.init((await app.tokens.issue(cast.dana.id, 600)).token);
    await late.frames.next(({ type }) => type === 'connection_ack');
    expect(await socket.whenClosed()).toMatchObject({ code: 4403 });
    late.subscribe('1', timelineItemAdded, { conversationId, after: '' });
    expect(await late.frames.next()).toMatchObject({ type: 'next' });
    app.clock.advance((early.getTime() - app.clock.now().getTime()) / 1000);
    late.drop();
    // Not as if the stream were over: its client must come back.
    expect(socket.frames.seen.map(({ type }) => type)).not.toContain('complete');
  });

  test('is closed with 4406 when it does not speak graphql-transport-ws (H6)', async () => {
    const none = new RawSocket(stage.app.url, []);
    expect(await none.whenClosed()).toMatchObject({ code: 4406 });
    for (const protocol of ['graphql-ws', 'chat']) expect(await closeCodeOfUpgrade(protocol)).toBe(4406);
  });

  test('is refused with 403 to a page of another origin, and with 404 elsewhere (H6)', async () => {
    const foreign = new RawSocket(stage.app.url, undefined, { origin: 'https://evil.example' });
    expect(await foreign.whenClosed()).toEqual({ status: 403 });
    const elsewhere = new RawSocket(`${stage.app.url}/else`);
    expect(await elsewhere.whenClosed()).toEqual({ status: 404 });
    const own = new RawSocket(stage.app.url, undefined, { origin: stage.app.url });
    await own.init(stage.cast.ben.token);
    expect(await own.frames.next()).toEqual({ type: 'connection_ack' });
    own.drop();
  });

  test('that hangs up before it is refused disturbs nobody', async () => {
    const { hostname, port } = new URL(stage.app.url);
    const knocks = Array.from({ length: 20 }, () => {
      const socket = connect(Number(port), hostname);
      return new Promise((resolve) => {
        socket.once('close', resolve);
        socket.write('GET /else HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n', () =>
          socket.resetAndDestroy(),
        );
      });
    });
    await Promise.all(knocks);
    const next = await RawSocket.of(stage.cast.ben, stage.app.url);
    expect(next.texts).toHaveLength(1);
    next.drop();
  });

  test.each([
    ['bad JSON', '{"type":'],
    ['no object', '"subscribe"'],
    ['an unknown type', '{"type":"conquer"}'],
    ['no type', '{"id":"1"}'],
    ['a number for an id', '{"type":"subscribe","id":1,"payload":{"query":"subscription { aiTurnOpened { id } }"}}'],
    ['an empty id', '{"type":"subscribe","id":"","payload":{"query":"subscription { aiTurnOpened { id } }"}}'],
    ['no query', '{"type":"subscribe","id":"1","payload":{}}'],
  ])('is closed with 4400 after %s (H7)', async (_, text) => {
    const socket = await RawSocket.of(stage.cast.ben, stage.app.url);
    socket.send(text);
    expect(await socket.whenClosed()).toMatchObject({ code: 4400 });
  });

  test('of which there are too many of one caller is closed with 4429, and does nothing', async () => {
    const agent = await newAgent();
    const sockets = [];
    for (let nr = 0; nr < 20; nr++) sockets.push(await RawSocket.of(agent, stage.app.url));
    const tooMany = new RawSocket(stage.app.url);
    await tooMany.init(agent.token);
    expect(await tooMany.whenClosed()).toMatchObject({ code: 4429 });
    expect(tooMany.texts).toEqual([]);
    sockets.pop()!.drop();
    await eventually(
      async () => {
        const again = new RawSocket(stage.app.url);
        await again.init(agent.token);
        const answer = await again.frames.next().catch(() => null);
        again.drop();
        return answer?.type;
      },
      (type) => type === 'connection_ack',
    );
    for (const socket of sockets) socket.drop();
  });

  test('is refused with 503 when the node has as many as it takes', async () => {
    const app = await startTestApp({ MAX_SOCKETS: '1' });
    const cast = await castOf(app);
    const first = await RawSocket.of(cast.ben, app.url);
    expect(await new RawSocket(app.url).whenClosed()).toEqual({ status: 503 });
    first.drop();
    await cast.leave();
    await app.close();
  });
});

/** A client that insists on another subprotocol fails before it sees the close frame; so this reads the bytes. */
async function closeCodeOfUpgrade(protocol: string): Promise<number> {
  const { hostname, port } = new URL(stage.app.url);
  const socket = connect(Number(port), hostname);
  socket.write(
    `GET /graphql HTTP/1.1\r\nHost: ${hostname}:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${'A'.repeat(22)}==\r\nSec-WebSocket-Protocol: ${protocol}\r\n\r\n`,
  );
  const chunks: Buffer[] = [];
  for await (const chunk of socket) {
    chunks.push(chunk);
    const bytes = Buffer.concat(chunks);
    const body = bytes.indexOf('\r\n\r\n') + 4;
    if (body > 3 && bytes.length >= body + 4) {
      socket.destroy();
      return bytes.readUInt16BE(body + 2);
    }
  }
  throw new Error(`It ended with ${Buffer.concat(chunks)}`);
}

describe('on a socket', () => {
  /** What an operation is answered with, before its stream or instead of one. */
  async function answerTo(socket: RawSocket, id: string, query: string, variables = {}) {
    socket.subscribe(id, query, variables);
    const frame = await socket.frames.next((frame) => frame.id === id);
    const errors = frame.type === 'error' ? frame.payload : frame.payload.errors;
    return errors?.[0];
  }

  test('what cannot be run answers that operation, and the socket and its streams stay', async () => {
    const { dana } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    const socket = await RawSocket.of(dana, stage.app.url);
    socket.subscribe('stream', timelineItemAdded, { conversationId, after: '' });
    await socket.frames.next(({ type }) => type === 'next');
    const answers = {
      GRAPHQL_PARSE_FAILED: ['subscription {', {}],
      GRAPHQL_VALIDATION_FAILED: ['subscription { nonsense }', {}],
      BAD_USER_INPUT: ['subscription ($id: ID!) { messageAdded(conversationId: $id) { cursor } }', {}],
      BAD_REQUEST: ['subscription A { aiTurnOpened { id } } subscription B { aiTurnOpened { id } }', {}],
      QUERY_TOO_COMPLEX: [
        `subscription { conversationUpdated(conversationId: "${conversationId}") {
          messages(first: 100) { edges { node { conversation { messages(first: 100) { edges { node { id } } } } } } } } }`,
        {},
      ],
    } as const;
    for (const [code, [query, variables]] of Object.entries(answers)) {
      const error = await answerTo(socket, code, query, variables);
      expect(error.extensions.code, JSON.stringify(error)).toBe(code);
    }
    await says(dana, conversationId, 'marker');
    await socket.frames.next(({ id, payload }) => id === 'stream' && gists([valueIn(payload)])[0] === 'marker');
    socket.drop();
  });

  test('queries and mutations are refused, and change nothing (H10)', async () => {
    const { dana } = stage.cast;
    const socket = await RawSocket.of(dana, stage.app.url);
    const start = 'mutation { startConversation(input: { text: "over the socket" }) { errors { code } } }';
    for (const query of ['{ viewer { actor { id } } }', start, '{ __schema { types { name } } }']) {
      expect(await answerTo(socket, query, query)).toMatchObject({ extensions: { code: 'BAD_REQUEST' } });
    }
    const [written] = await stage.app.world.database.read(sql`select from entries where text = 'over the socket'`);
    expect(written).toBeUndefined();
    socket.drop();
  });

  test('the 51st subscription is refused, the fifty go on, and a place that is given up is free again (E11)', async () => {
    const { dana } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    const socket = await RawSocket.of(dana, stage.app.url);
    for (let nr = 1; nr <= 51; nr++) socket.subscribe(String(nr), timelineItemAdded, { conversationId, after: '' });
    const refused = await socket.frames.next(({ type }) => type === 'error');
    expect(refused).toMatchObject({ id: '51', payload: [{ extensions: { code: 'RATE_LIMITED' } }] });
    await says(dana, conversationId, 'marker');
    await socket.frames.take(1 + 1 + 50 * 3);
    socket.send({ type: 'complete', id: '1' });
    socket.subscribe('52', timelineItemAdded, { conversationId, after: '' });
    await socket.frames.next(({ type, id }) => type === 'next' && id === '52');
    socket.drop();
  });

  test('an id that is given away again while it is in use closes it with 4409, and no stream is left behind', async () => {
    const { dana } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    const unknown = stage.app.world.ids.next('conv');
    const closed = [];
    for (let round = 0; round < 30; round++) {
      const socket = await RawSocket.of(dana, stage.app.url);
      // Left to graphql-ws, the second would take the first one's place, and end without it.
      socket.subscribe('1', timelineItemAdded, { conversationId });
      socket.send({ type: 'complete', id: '1' });
      socket.subscribe('1', timelineItemAdded, { conversationId: unknown });
      closed.push(await socket.whenClosed());
    }
    expect(closed).toEqual(closed.map(() => ({ code: 4409, reason: 'Subscriber already exists' })));
    await noWatches();
  });

  test('streams end with their sockets, however these are left', async () => {
    const { ben, bot, dana } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    const ways: ((socket: RawSocket) => void)[] = [
      (socket) => socket.drop(),
      (socket) => socket.socket.close(1000),
      (socket) => socket.send('{'),
    ];
    for (const [viewer, query] of [
      [dana, timelineItemAdded],
      [ben, print(ConversationUpdatedDocument)],
      [ben, print(WhisperAddedDocument)],
      [ben, print(InboxUpdatedDocument)],
      [bot, print(AiTurnOpenedDocument)],
    ] as const) {
      for (const leave of ways) {
        const socket = await RawSocket.of(viewer, stage.app.url);
        for (const id of ['1', '2', '3']) {
          socket.subscribe(id, query, query.includes('$conversationId') ? { conversationId } : {});
        }
        await eventually(
          () => watches.count,
          (count) => count === 3,
        );
        leave(socket);
        await noWatches();
      }
    }
  });
});

describe('while the database fails', () => {
  /** Takes the table of people away for a moment. */
  async function withoutActors(work: () => Promise<void>): Promise<void> {
    const { database } = stage.app.world;
    await database.read(sql`alter table actors rename to missing_actors`);
    try {
      await work();
    } finally {
      await database.read(sql`alter table missing_actors rename to actors`);
    }
  }

  test('a new socket is told to come again with 1013, and one that is open answers and stays (B10, H13)', async () => {
    const agent = await newAgent();
    const stranger = await newAgent();
    const conversationId = await stage.startedBy(stage.cast.dana);
    const socket = await RawSocket.of(agent, stage.app.url);
    await withoutActors(async () => {
      const late = new RawSocket(stage.app.url);
      await late.init(stranger.token);
      expect(await late.whenClosed()).toMatchObject({ code: 1013 });
      ringStandingOf(agent.id);
      socket.subscribe('1', timelineItemAdded, { conversationId, after: '' });
      const answer = await socket.frames.next();
      expect(answer).toMatchObject({ type: 'error', payload: [{ extensions: { code: 'INTERNAL_SERVER_ERROR' } }] });
      expect(JSON.stringify(answer)).not.toContain('actors');
    });
    socket.subscribe('1', timelineItemAdded, { conversationId, after: '' });
    await socket.frames.next(({ type }) => type === 'next');
    socket.drop();
  });
});

describe('whoever loses their standing loses their streams', () => {
  let programs = 1;

  async function following(person: Person) {
    const conversationId = await stage.startedBy(stage.cast.dana);
    const socket = await RawSocket.of(person, stage.app.url);
    socket.subscribe('1', timelineItemAdded, { conversationId, after: '' });
    await socket.frames.next(({ type }) => type === 'next');
    return { socket, conversationId };
  }

  test('deactivated, at once with a bell: the socket is closed with 4403 (A5)', async () => {
    const agent = await newAgent();
    const { socket, conversationId } = await following(agent);
    await changeActor(agent.id, { active: false });
    ringStandingOf(agent.id);
    expect(await socket.whenClosed()).toMatchObject({ code: 4403 });
    await says(stage.cast.dana, conversationId, 'a secret');
    expect(socket.frames.seen.map(({ type }) => type)).not.toContain('complete');
    expect(socket.texts.join()).not.toContain('a secret');
  });

  test('deactivated, and nobody rings: soon all the same (A5)', async () => {
    const agent = await newAgent();
    const { socket } = await following(agent);
    await changeActor(agent.id, { active: false });
    expect(await socket.whenClosed()).toMatchObject({ code: 4403 });
    expect(socket.frames.seen.map(({ type }) => type)).not.toContain('complete');
  });

  test('no longer admin: streams that were read as an admin end (B11)', async () => {
    const admin = await newAgent('ADMIN');
    const { socket } = await following(admin);
    await does(stage.cast.ada, UpdateAgentDocument, { agentId: admin.id, role: 'AGENT' });
    await socket.frames.next(({ type, id }) => type === 'complete' && id === '1');
    socket.drop();
  });

  test('a new admin’s streams go on', async () => {
    const agent = await newAgent();
    const { socket, conversationId } = await following(agent);
    await does(stage.cast.ada, UpdateAgentDocument, { agentId: agent.id, role: 'ADMIN' });
    await says(stage.cast.dana, conversationId, 'marker');
    const frame = await socket.frames.next(({ payload }) => gists([valueIn(payload)])[0] === 'marker');
    expect(frame.type).toBe('next');
    socket.drop();
  });

  test.each([
    ['CONVERSATIONS_READ', timelineItemAdded],
    ['WHISPERS_READ', timelineItemAdded],
    ['CUSTOMERS_READ', timelineItemAdded],
    ['WHISPERS_READ', print(WhisperAddedDocument)],
    ['CONVERSATIONS_READ', print(InboxUpdatedDocument)],
  ] as const)('without %s an integration’s stream ends, with nothing sent after it (B9, B11)', async (scope, query) => {
    const scopes = ['CONVERSATIONS_READ', 'WHISPERS_READ', 'CUSTOMERS_READ'] as const;
    const integration = await someone(`Program ${programs++}`, { kind: 'INTEGRATION', scopes: [...scopes] });
    const conversationId = await stage.startedBy(stage.cast.dana);
    const socket = await RawSocket.of(integration, stage.app.url);
    socket.subscribe('1', query, query.includes('$conversationId') ? { conversationId, after: '' } : {});
    await eventually(
      () => watches.count,
      (count) => count > 0,
    );
    await changeActor(integration.id, { scopes: scopes.filter((one) => one !== scope) });
    ringStandingOf(integration.id);
    await says(stage.cast.dana, conversationId, 'too late');
    await socket.frames.next(({ type, id }) => type === 'complete' && id === '1');
    expect(socket.texts.join()).not.toContain('too late');
    socket.drop();
  });

  test('two changes of standing at once do not make a busy socket a slow one', async () => {
    const agent = await newAgent();
    const { socket, conversationId } = await following(agent);
    await eventually(
      () => {
        for (let nr = 0; nr < 5; nr++) ringStandingOf(agent.id);
        return socket.frames.seen.length;
      },
      (count) => count >= 2,
    );
    await says(stage.cast.dana, conversationId, 'marker');
    const frame = await socket.frames.next(({ payload }) => gists([valueIn(payload)])[0] === 'marker');
    expect(frame.type).toBe('next');
    socket.drop();
  });
});

describe('a client that does not read', () => {
  /** Entries of this many characters each, written in one transaction, rung for once. */
  async function burst(conversationId: string, count: number, characters: number): Promise<void> {
    const { clock, database, bells, ids } = stage.app.world;
    const messageIds = Array.from({ length: count }, () => ids.next('msg'));
    await database.read(sql`
      with grown as (
        update conversations set position = position + ${count} where id = ${conversationId}
        returning id as conversation_id, workspace_id, customer_id, position - ${count} as position)
      insert into entries
        (id, workspace_id, conversation_id, position, team_position, note_position, type, audience, actor_id, created_at,
         text, mention_ids)
      select message.id, workspace_id, conversation_id, position + nr, 0, 0, 'MESSAGE', 'EVERYONE', customer_id,
        ${clock.now()}, rpad(nr::text, ${characters}, ' .'), '{}'
      from grown, unnest(${messageIds}::text[]) with ordinality message (id, nr)`);
    bells.ring([{ about: 'conversation', workspaceId: stage.cast.acme, conversationId, part: 'EVERYONE' }]);
  }

  test('is cut off, nobody else waits for it, and it comes back with its cursor (E13)', {
    timeout: 60_000,
  }, async () => {
    const { cleo, dana } = stage.cast;
    const agent = await newAgent();
    const conversationId = await stage.startedBy(dana);
    await takesOver(cleo, conversationId);
    const slow = await RawSocket.of(agent, stage.app.url);
    slow.subscribe('1', timelineItemAdded, { conversationId, after: '' });
    await slow.frames.next(({ type }) => type === 'next');
    slow.socket.pause();
    const healthy = dana.follow(TimelineItemAddedDocument, { conversationId, after: '' });
    await healthy.take(3);

    await burst(conversationId, 3000, 9000);
    await healthy.take(3003);

    // It is gone for the server before it reads again.
    await eventually(
      () => watches.count,
      (count) => count === 1,
    );
    slow.socket.resume();
    expect([1006, 4490]).toContain((await slow.whenClosed()).code);
    await says(dana, conversationId, 'marker');
    expect(gists([valueIn(await healthy.next())])).toEqual(['marker']);

    // It comes back with its cursor, and nothing is lost.
    const last = slow.frames.seen.filter(({ type }) => type === 'next').at(-1)!.payload;
    const again = agent.follow(TimelineItemAddedDocument, {
      conversationId,
      after: valueIn<TimelineItemAddedSubscription>(last).cursor,
    });
    const missed = healthy.seen.length - slow.frames.seen.filter(({ type }) => type === 'next').length;
    expect(missed).toBeGreaterThan(1);
    await again.take(missed);
    expect(gists([valueIn(again.seen.at(-1)!)])).toEqual(['marker']);
    healthy.stop();
    await agent.leave();
  });

  test('is no model for a healthy one, which gets a burst of 5000 whole and in order (E14)', async () => {
    const { dana, ben } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    const streams = [dana, ben].map((viewer) =>
      viewer.follow(TimelineItemAddedDocument, { conversationId, after: '' }),
    );
    for (const stream of streams) await stream.take(2);
    await burst(conversationId, 5000, 10);
    for (const stream of streams) {
      const heard = gists(await valuesIn(stream, 5002)).slice(2);
      expect(heard).toEqual(Array.from({ length: 5000 }, (_, nr) => String(nr + 1).padEnd(10, ' .')));
      stream.stop();
    }
  });
});

describe('a server that stops', () => {
  test('tells every client to come back, with 1001, and its streams end (F17)', async () => {
    const app = await startTestApp();
    const cast = await castOf(app);
    const sockets = await Promise.all([cast.ben, cast.dana, cast.bot].map((person) => RawSocket.of(person, app.url)));
    sockets[0]!.subscribe('1', print(InboxUpdatedDocument));
    await sockets[0]!.frames.next(({ type }) => type === 'next');
    sockets[2]!.subscribe('1', print(AiTurnOpenedDocument));
    await app.close();
    for (const socket of sockets) expect(await socket.whenClosed()).toMatchObject({ code: 1001 });
    for (const socket of sockets) expect(socket.frames.seen.map(({ type }) => type)).not.toContain('complete');
    await noWatches();
  });
});
