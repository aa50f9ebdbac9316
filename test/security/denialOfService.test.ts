import { once } from 'node:events';
import { gzipSync } from 'node:zlib';
import { print } from 'graphql';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { InboxUpdatedDocument } from '../operations/generated.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { type Cast, castOf } from '../support/cast.js';
import { eventually } from '../support/eventually.js';
import { RawSocket } from '../support/RawSocket.js';
import { newStage } from '../support/stories.js';
import { post } from './http.js';
import { connectTo, exchange, request, statusOf } from './rawHttp.js';

const stage = newStage({ LOG_LEVEL: 'silent' });

/** Whatever was done to the server: somebody else is served as ever, over HTTP and the socket. */
async function servesOthers(app: TestApp = stage.app, { cleo }: Cast = stage.cast): Promise<void> {
  const { viewer } = await cleo.ask('{ viewer { actor { id } } }');
  expect(viewer.actor.id).toBe(cleo.id);
  const socket = await RawSocket.of(cleo, app.url);
  socket.subscribe('1', print(InboxUpdatedDocument));
  await socket.frames.next(({ type }) => type === 'next');
  socket.drop();
}

// It takes as long as it takes, so it begins before everything else.
let silent: RawSocket;
beforeAll(async () => {
  silent = new RawSocket(stage.app.url, undefined, { autoPong: false });
  await silent.init(stage.cast.ben.token);
  await silent.frames.next(({ type }) => type === 'connection_ack');
});

describe('a document', () => {
  test.each([
    ['ten thousand unknown fields', `{ ${'unknown '.repeat(10_000)} }`],
    ['fifty thousand directives that are none', `{ __typename ${'@a '.repeat(50_000)} }`],
    ['a field that is given fifty thousand arguments', `{ viewer(${'a:1 '.repeat(50_000)}) { actor { id } } }`],
    ['fifty thousand brackets', `{ nodes(ids: ${'['.repeat(50_000)}) { id } }`],
    ['a string of a hundred thousand characters for a name', `{ ${'x'.repeat(100_000)} }`],
  ])('of %s is refused in a few words (E5)', async (_, query) => {
    const { status, data, errors, text } = await post(stage.app.url, stage.cast.ben.token, { query });
    expect({ status, data }).toEqual({ status: 400, data: null });
    expect(errors.length).toBeLessThanOrEqual(10);
    expect(errors.map(({ extensions }) => extensions.code)[0]).toMatch(/^GRAPHQL_(PARSE|VALIDATION)_FAILED$/);
    expect(text.length).toBeLessThan(101_000);
    await servesOthers();
  });

  test('with ten thousand values for a list is refused (E9)', async () => {
    const query = 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }';
    const variables = { ids: Array.from({ length: 10_000 }, (_, nr) => String(nr)) };
    const { status, errors } = await post(stage.app.url, stage.cast.ben.token, { query, variables });
    expect(status).toBe(400);
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['QUERY_TOO_COMPLEX']);
  });
});

describe('a body', () => {
  test('that is compressed is not unpacked (E18)', async () => {
    const bomb = gzipSync(JSON.stringify({ query: '{ __typename }', variables: { x: 'x'.repeat(50_000_000) } }));
    expect(bomb.length).toBeLessThan(100_000);
    const headers = [
      'Content-Type: application/json',
      'Content-Encoding: gzip',
      `Authorization: Bearer ${stage.cast.ben.token}`,
      `Content-Length: ${bomb.length}`,
    ];
    const answer = await exchange(stage.app.url, request('POST /graphql', headers, bomb));
    expect(statusOf(answer)).toBe(400);
    await servesOthers();
  });

  test('that is announced as larger than allowed is refused before it is sent (E9, E18)', async () => {
    const headers = ['Content-Type: application/json', 'Content-Length: 1000000000000'];
    expect(statusOf(await exchange(stage.app.url, request('POST /graphql', headers, '{')))).toBe(413);
  });

  test('that never ends is refused at its limit (E9, E18)', async () => {
    const socket = connectTo(stage.app.url);
    const headers = ['Content-Type: application/json', 'Transfer-Encoding: chunked'];
    socket.write(request('POST /graphql', headers));
    const answered = once(socket, 'data');
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
    for (let nr = 0; nr < 8; nr++) socket.write(chunk);
    expect(statusOf(String((await answered)[0]))).toBe(413);
    socket.destroy();
  });
});

describe('a client that takes its time', () => {
  let hurried: TestApp;
  let people: Cast;
  beforeAll(async () => {
    hurried = await startTestApp({ REQUEST_TIMEOUT_MS: '1000', LOG_LEVEL: 'silent' });
    people = await castOf(hurried);
  });
  afterAll(async () => {
    await people.leave();
    await hurried.close();
  });

  /** Sends a byte now and then, as long as the server listens; answers all that it said. */
  async function drip(beginning: string): Promise<string> {
    const socket = connectTo(hurried.url);
    let answer = '';
    socket.on('data', (data) => {
      answer += data;
    });
    socket.write(beginning);
    const dripping = setInterval(() => socket.write('x'), 100);
    await once(socket, 'close');
    clearInterval(dripping);
    return answer;
  }

  test.each([
    ['says nothing', ''],
    ['is slow with its headers', 'POST /graphql HTTP/1.1\r\nHost: localhost\r\nX-Slow: '],
    [
      'is slow with its body',
      'POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{',
    ],
  ])('a hundred times and %s is cut off, and nobody waits for it (E19)', async (_, beginning) => {
    const answers = Promise.all(Array.from({ length: 100 }, () => (beginning ? drip(beginning) : sayNothing())));
    await servesOthers(hurried, people);
    for (const answer of await answers) expect(statusOf(answer)).toBe(beginning ? 408 : 0);
  });

  async function sayNothing(): Promise<string> {
    const socket = connectTo(hurried.url).resume();
    await once(socket, 'close');
    return '';
  }
});

describe('a client that leaves while the server works for it', () => {
  test('holds its place for as long as one statement may take, and no longer (E21)', async () => {
    const small = await startTestApp({
      DATABASE_POOL_SIZE: '2',
      STATEMENT_TIMEOUT_MS: '500',
      LOG_LEVEL: 'silent',
    });
    const people = await castOf(small);
    const { startConversation } = await people.dana.ask(
      'mutation { startConversation(input: { text: "Hello?" }) { conversation { id } } }',
    );
    const conversationId = startConversation.conversation.id;
    const lock = new Client({ connectionString: small.databaseUrl });
    await lock.connect();
    await lock.query('begin');
    await lock.query('select from conversations where id = $1 for update', [conversationId]);

    const query = `mutation { sendMessage(input: { conversationId: "${conversationId}", text: "Bye." }) { errors { code } } }`;
    const body = JSON.stringify({ query });
    const headers = [
      'Content-Type: application/json',
      `Authorization: Bearer ${people.dana.token}`,
      `Content-Length: ${body.length}`,
    ];
    const clients = Array.from({ length: 4 }, () => connectTo(small.url));
    for (const client of clients) client.write(request('POST /graphql', headers, body));
    const waiting = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    await eventually(
      async () => (await lock.query(waiting)).rowCount,
      (count) => count === 2,
    );
    for (const client of clients) client.destroy();

    await servesOthers(small, people);
    await eventually(
      async () => (await lock.query(waiting)).rowCount,
      (count) => count === 0,
    );
    await lock.end();
    await people.leave();
    await small.close();
  });
});

describe('signing in', () => {
  test('many times at once, for as many addresses, keeps nobody else waiting (E24)', async () => {
    const attempt = (nr: number) => `a${nr}: signIn(input: { email: "${nr}@x.test", password: "guess" }) { token }`;
    let done = 0;
    const attempts = Array.from({ length: 10 }, async (_, batch) => {
      const fields = Array.from({ length: 20 }, (_, nr) => attempt(batch * 20 + nr));
      const { status } = await post(stage.app.url, null, { query: `mutation { ${fields.join(' ')} }` });
      expect(status).toBe(200);
      done += 1;
    });
    await servesOthers();
    expect(done).toBeLessThan(10);
    await Promise.all(attempts);
  });
});

describe('on a socket', () => {
  test('deflate is not spoken, and a frame that pretends it is closes it (E17)', async () => {
    const socket = new RawSocket(stage.app.url, undefined, { perMessageDeflate: true });
    await socket.opened();
    expect(socket.socket.extensions).toBe('');
    const compressed = Buffer.from([0xc1, 0x80, 0, 0, 0, 0]);
    (socket.socket as unknown as { _socket: NodeJS.WritableStream })._socket.write(compressed);
    expect(await socket.whenClosed()).toMatchObject({ code: 1002 });
    await servesOthers();
  });

  test('a message in tens of thousands of pieces closes it with 1008 (E16)', async () => {
    const socket = await RawSocket.of(stage.cast.ben, stage.app.url);
    for (let nr = 0; nr < 20_000; nr++) socket.socket.send('', { fin: false });
    expect(await socket.whenClosed()).toMatchObject({ code: 1008 });
    await servesOthers();
  });

  test('a message that is too large in pieces closes it with 1009, as one that is too large at once (E16)', async () => {
    const pieces = await RawSocket.of(stage.cast.ben, stage.app.url);
    for (let nr = 0; nr < 300; nr++) pieces.socket.send('x'.repeat(1024), { fin: false });
    expect(await pieces.whenClosed()).toMatchObject({ code: 1009 });
    const announced = await RawSocket.of(stage.cast.ben, stage.app.url);
    const frameOf100MiB = Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0x06, 0x40, 0, 0, 0, 0, 0, 0]);
    (announced.socket as unknown as { _socket: NodeJS.WritableStream })._socket.write(frameOf100MiB);
    expect(await announced.whenClosed()).toMatchObject({ code: 1009 });
    await servesOthers();
  });

  test.each([
    ['reads', (socket: RawSocket) => socket.socket.resume()],
    ['does not read', (socket: RawSocket) => socket.socket.pause()],
  ])('a client that floods it with pings and %s is cut off (E16)', async (_, begin) => {
    const socket = await RawSocket.of(stage.cast.ben, stage.app.url);
    begin(socket);
    for (let nr = 0; nr < 100_000; nr++) socket.socket.ping();
    await servesOthers();
    socket.socket.resume();
    expect(await socket.whenClosed()).toMatchObject({ code: 1006 });
  });

  test('what a client breaks is a line in the log, not a stack on the console (E16)', async () => {
    const said = vi.spyOn(console, 'error').mockImplementation(() => {});
    const socket = await RawSocket.of(stage.cast.ben, stage.app.url);
    socket.send('x'.repeat(300_000));
    expect(await socket.whenClosed()).toMatchObject({ code: 1009 });
    await servesOthers();
    expect(said).not.toHaveBeenCalled();
  });

  test('a client that answers no ping is cut off (H9)', { timeout: 60_000 }, async () => {
    if (silent.socket.readyState !== silent.socket.CLOSED) await once(silent.socket, 'close');
    expect(await silent.whenClosed()).toMatchObject({ code: 1006 });
  });
});
