import { print } from 'graphql';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, type Mock, test, vi } from 'vitest';
import { TimelineItemAddedDocument } from '../operations/generated.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { type Cast, castOf } from '../support/cast.js';
import { eventually } from '../support/eventually.js';
import { type Frame, RawSocket } from '../support/RawSocket.js';

// The protocol of github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md, frame by frame. The close codes that belong to
// limits and to who may come in are with those: test/security/limits.test.ts and test/scenarios/liveEnds.test.ts.

const lines: { msg: string; error?: string }[] = [];
const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(JSON.parse(line)) });

let app: TestApp;
let cast: Cast;
let conversationId: string;
beforeAll(async () => {
  app = await startTestApp({}, { log });
  cast = await castOf(app);
  const start = 'mutation { startConversation(input: { text: "Hello" }) { conversation { id } } }';
  conversationId = (await cast.dana.ask(start)).startConversation.conversation.id;
});
afterAll(async () => {
  await cast.leave();
  await app.close();
});

// Whatever a client does belongs into the log, line by line, and not onto the console.
let onConsole: Mock[];
beforeEach(() => {
  onConsole = [vi.spyOn(console, 'error'), vi.spyOn(console, 'warn')];
});
afterEach(() => {
  for (const said of onConsole) expect(said).not.toHaveBeenCalled();
  vi.restoreAllMocks();
});

const open = () => RawSocket.of(cast.dana, app.url);
const timelineItemAdded = print(TimelineItemAddedDocument);
const follow = (socket: RawSocket, id: string) =>
  socket.subscribe(id, timelineItemAdded, { conversationId, after: '' });
const says = (text: string) =>
  cast.dana.ask('mutation ($input: SendMessageInput!) { sendMessage(input: $input) { errors { code } } }', {
    input: { conversationId, text },
  });

/** Everything that came for an id up to now: a ping is answered after it. */
async function framesOf(socket: RawSocket, id: string): Promise<Frame[]> {
  const marker = crypto.randomUUID();
  socket.send({ type: 'ping', payload: { marker } });
  await socket.frames.next(({ type, payload }) => type === 'pong' && payload.marker === marker);
  return socket.frames.seen.filter((frame) => frame.id === id);
}

const query = 'subscription { aiTurnOpened { id } }';
const subscribe = { type: 'subscribe', id: '1', payload: { query } };

describe('a frame that is none closes the socket with 4400:', () => {
  test.each<[string, unknown]>([
    ['null', null],
    ['a list of messages', [subscribe]],
    ['a type that is a number', { type: 1 }],
    ['a type that every object has', { type: 'constructor' }],
    ['connection_init with a list', { type: 'connection_init', payload: [] }],
    ['ping with a text', { type: 'ping', payload: 'x' }],
    ['pong with a list', { type: 'pong', payload: [] }],
    ['subscribe without an id', { type: 'subscribe', payload: { query } }],
    ['subscribe with null for an id', { ...subscribe, id: null }],
    ['subscribe without a payload', { type: 'subscribe', id: '1' }],
    ['subscribe with a list', { ...subscribe, payload: [query] }],
    ['a query that is a list', { ...subscribe, payload: { query: [query] } }],
    ['variables that are a list', { ...subscribe, payload: { query, variables: [] } }],
    ['variables that are a text', { ...subscribe, payload: { query, variables: '{}' } }],
    ['an operationName that is a number', { ...subscribe, payload: { query, operationName: 1 } }],
    ['extensions that are a list', { ...subscribe, payload: { query, extensions: [] } }],
    ['complete without an id', { type: 'complete' }],
    ['complete with an empty id', { type: 'complete', id: '' }],
    ['complete with a number for an id', { type: 'complete', id: 1 }],
    ["connection_ack, which is the server's to say", { type: 'connection_ack' }],
    ["next, which is the server's to say", { type: 'next', id: '1', payload: { data: {} } }],
    ["error, which is the server's to say", { type: 'error', id: '1', payload: [{ message: 'x' }] }],
  ])('%s', async (_, frame) => {
    const socket = await open();
    socket.send(JSON.stringify(frame));
    expect(await socket.whenClosed()).toMatchObject({ code: 4400 });
  });

  test.each<[string, () => Buffer | string]>([
    ['nothing', () => ''],
    ['a message in a binary frame', () => Buffer.from(JSON.stringify({ type: 'ping' }))],
    ['any bytes', () => Buffer.from([0, 255, 1])],
  ])('%s', async (_, bytes) => {
    const socket = await open();
    socket.socket.send(bytes());
    expect(await socket.whenClosed()).toMatchObject({ code: 4400 });
  });

  test('also from somebody who has not said who they are', async () => {
    const socket = new RawSocket(app.url);
    await socket.opened();
    socket.send({ type: 'conquer' });
    expect(await socket.whenClosed()).toMatchObject({ code: 4400 });
  });
});

describe('a frame of WebSocket that is none is answered with its own code, and goes to the log:', () => {
  test.each([
    [1007, 'invalid UTF-8 sequence', Buffer.from([0xff, 0xfe])],
    [1009, 'Max payload size exceeded', Buffer.alloc(256 * 1024 + 1, ' ')],
  ])('%i, %s', async (code, reason, bytes) => {
    lines.length = 0;
    const socket = await open();
    socket.socket.send(bytes, { binary: false });
    expect(await socket.whenClosed()).toMatchObject({ code });
    await eventually(
      () => lines.filter(({ error }) => error?.includes(reason)),
      (found) => found.length === 1,
    );
  });
});

describe('who says who they are', () => {
  test('is acknowledged once, with nothing else', async () => {
    const socket = await open();
    expect(await framesOf(socket, '1')).toEqual([]);
    expect(socket.texts[0]).toBe('{"type":"connection_ack"}');
    socket.drop();
  });

  test('twice is closed with 4429, whether or not the first was answered', async () => {
    const hasty = new RawSocket(app.url);
    await hasty.init(cast.dana.token);
    await hasty.init(cast.dana.token);
    expect(await hasty.whenClosed()).toMatchObject({ code: 4429 });
    const late = await open();
    await late.init(cast.dana.token);
    expect(await late.whenClosed()).toMatchObject({ code: 4429 });
  });

  test('and subscribes before the answer is closed with 4401', async () => {
    const socket = new RawSocket(app.url);
    await socket.init(cast.dana.token);
    follow(socket, '1');
    expect(await socket.whenClosed()).toMatchObject({ code: 4401 });
    expect(socket.frames.seen.filter(({ id }) => id === '1')).toEqual([]);
  });
});

describe('ping', () => {
  test('is answered with pong and what it carried, at any time', async () => {
    const socket = new RawSocket(app.url);
    await socket.opened();
    socket.send({ type: 'ping' });
    expect(await socket.frames.next()).toEqual({ type: 'pong' });
    await socket.init(cast.dana.token);
    socket.send({ type: 'ping', payload: { at: 1 } });
    expect(await socket.frames.next(({ type }) => type === 'pong')).toEqual({ type: 'pong', payload: { at: 1 } });
    socket.drop();
  });

  test('that was not sent may be answered too', async () => {
    const socket = await open();
    socket.send({ type: 'pong', payload: { unasked: true } });
    socket.send({ type: 'pong' });
    expect(await framesOf(socket, '1')).toEqual([]);
    socket.drop();
  });
});

describe('an operation', () => {
  test('that runs is answered with next, under its id', async () => {
    const socket = await open();
    follow(socket, 'mine');
    const frame = await socket.frames.next();
    expect(frame).toEqual({
      type: 'next',
      id: 'mine',
      payload: { data: { timelineItemAdded: expect.anything() } },
    });
    socket.drop();
  });

  test('that cannot run is answered with one error and nothing after it', async () => {
    const socket = await open();
    socket.subscribe('1', 'subscription { nonsense }');
    const error = await socket.frames.next();
    expect(error).toEqual({
      type: 'error',
      id: '1',
      payload: [expect.objectContaining({ message: expect.any(String) })],
    });
    expect(await framesOf(socket, '1')).toEqual([error]);
    follow(socket, '1');
    expect(await socket.frames.next()).toMatchObject({ type: 'next', id: '1' });
    socket.drop();
  });

  test('that is refused is answered with a next that says so, and complete', async () => {
    const socket = await open();
    socket.subscribe('1', query);
    const complete = await socket.frames.next(({ type }) => type === 'complete');
    expect(await framesOf(socket, '1')).toEqual([
      { type: 'next', id: '1', payload: { errors: [expect.objectContaining({ extensions: { code: 'FORBIDDEN' } })] } },
      complete,
    ]);
    expect(complete).toEqual({ type: 'complete', id: '1' });
    socket.drop();
  });

  test('that its client completes says nothing more, not even complete, and its id is free again', async () => {
    const socket = await open();
    follow(socket, 'given up');
    follow(socket, 'kept');
    await says('before the end');
    // What is being sent at that moment is sent.
    await socket.frames.next((frame) => frame.id === 'given up' && JSON.stringify(frame).includes('before the end'));
    socket.send({ type: 'complete', id: 'given up' });
    const before = await framesOf(socket, 'given up');
    await says('after the end');
    await socket.frames.next(({ id, payload }) => id === 'kept' && JSON.stringify(payload).includes('after the end'));
    expect(await framesOf(socket, 'given up')).toEqual(before);
    follow(socket, 'given up');
    await socket.frames.next(({ id }) => id === 'given up');
    socket.drop();
  });

  test('that nobody asked for may be completed', async () => {
    const socket = await open();
    socket.send({ type: 'complete', id: 'unknown' });
    expect(await framesOf(socket, 'unknown')).toEqual([]);
    socket.drop();
  });

  test('with an id that is in use closes the socket with 4409', async () => {
    const socket = await open();
    follow(socket, '1');
    await socket.frames.next();
    follow(socket, '1');
    expect(await socket.whenClosed()).toMatchObject({ code: 4409 });
  });

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', '0', ' ', '💬', 'x'.repeat(120)])(
    'may be called %j',
    async (name) => {
      const socket = await open();
      follow(socket, name);
      expect(await socket.frames.next()).toMatchObject({ type: 'next', id: name });
      socket.send({ type: 'complete', id: name });
      await framesOf(socket, name);
      follow(socket, name);
      follow(socket, name);
      expect(await socket.whenClosed()).toMatchObject({ code: 4409 });
    },
  );
});

describe('a client that is gone', () => {
  let impatient: TestApp;
  beforeAll(async () => {
    impatient = await startTestApp({}, { log, databaseUrl: app.databaseUrl, keepAliveMs: 200 });
  });
  afterAll(() => impatient.close());

  test('is cut off when it has not answered one ping by the next, and others stay', async () => {
    const lively = new RawSocket(impatient.url);
    const pings = vi.fn<() => void>();
    lively.socket.on('ping', pings);
    await lively.init(cast.dana.token);
    await lively.frames.next();
    follow(lively, '1');
    await lively.frames.next(({ type }) => type === 'next');

    const silent = new RawSocket(impatient.url, undefined, { autoPong: false });
    const unanswered = vi.fn<() => void>();
    silent.socket.on('ping', unanswered);
    await silent.init(cast.dana.token);
    expect(await silent.whenClosed()).toMatchObject({ code: 1006 });
    expect(unanswered).toHaveBeenCalledTimes(1);

    await eventually(
      () => pings.mock.calls.length,
      (count) => count > 3,
    );
    expect(await framesOf(lively, '1')).not.toEqual([]);
    lively.drop();
  });
});
