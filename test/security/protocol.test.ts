import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { print } from 'graphql';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { InboxUpdatedDocument, TimelineItemAddedDocument } from '../operations/generated.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { eventually } from '../support/eventually.js';
import { RawSocket } from '../support/RawSocket.js';
import { newStage, says } from '../support/stories.js';
import { send } from './http.js';
import { connectTo, exchange, request, statusOf } from './rawHttp.js';

const stage = newStage({ LOG_LEVEL: 'silent' });
const query = '{ viewer { actor { id } } }';
const body = JSON.stringify({ query });
const json = 'Content-Type: application/json';
const authorization = () => `Authorization: Bearer ${stage.cast.ben.token}`;
const length = (what: string | Buffer) => `Content-Length: ${Buffer.byteLength(what)}`;

describe('a request over the wire', () => {
  test('that is as it should be is answered', async () => {
    const answer = await exchange(stage.app.url, request('POST /graphql', [json, authorization(), length(body)], body));
    expect(statusOf(answer)).toBe(200);
    expect(answer).toContain(stage.cast.ben.id);
  });

  const smuggled = 'GET /health/live HTTP/1.1\r\nHost: smuggled\r\n\r\n';
  test.each([
    ['both lengths', ['Content-Length: 4', 'Transfer-Encoding: chunked'], `0\r\n\r\n${smuggled}`],
    ['both lengths, the other way round', ['Transfer-Encoding: chunked', 'Content-Length: 4'], `0\r\n\r\n${smuggled}`],
    ['two lengths', ['Content-Length: 4', 'Content-Length: 100'], `null${smuggled}`],
    ['a length that is no number', ['Content-Length: +4'], `null${smuggled}`],
    ['an encoding that only looks chunked', ['Transfer-Encoding: xchunked'], `0\r\n\r\n${smuggled}`],
    ['a chunked encoding that is not the last', ['Transfer-Encoding: chunked, identity'], `0\r\n\r\n${smuggled}`],
    ['a blank before the colon', ['Transfer-Encoding : chunked', 'Content-Length: 4'], `0\r\n\r\n${smuggled}`],
    ['a folded header', ['X-A: b', ' Transfer-Encoding: chunked', 'Content-Length: 4'], `null${smuggled}`],
    ['a bare line feed in a chunk', ['Transfer-Encoding: chunked'], `4\nnull\n0\n\n${smuggled}`],
  ])('with %s is refused, and nothing behind it is taken for a request (H21)', async (_, headers, rest) => {
    const answer = await exchange(stage.app.url, request('POST /graphql', [json, ...headers], rest));
    expect(statusOf(answer)).toBe(400);
    expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1);
    expect(answer).not.toContain('"status":"ok"');
  });

  test.each([
    ['of another host', 'GET http://evil.example/demo/people'],
    ['of this one', 'GET http://127.0.0.1/health/live'],
    ['that is a host and no path', 'CONNECT evil.example:443'],
    ['that is no path', 'GET evil.example'],
    ['with a line break', 'GET /health/live\r\nX-Injected: yes'],
  ])('for a target %s reaches nothing else (H21)', async (_, line) => {
    const answer = await exchange(stage.app.url, request(line, []));
    expect([0, 200, 400, 404]).toContain(statusOf(answer));
    expect(answer.toLowerCase()).not.toMatch(/token|evil|injected/);
  });

  test('whose body is no UTF-8 never becomes a failure of ours, nor text that nobody wrote (G11)', async () => {
    const parts = [[0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xff], [0xe2, 0x82]].map(Buffer.from);
    const start = (text: Buffer) =>
      Buffer.concat([
        Buffer.from('{"query":"mutation { startConversation(input: { text: \\"'),
        text,
        Buffer.from('\\" }) { message { text } errors { code } } }"}'),
      ]);
    for (const part of parts) {
      const bytes = start(part);
      const headers = [json, `Authorization: Bearer ${stage.cast.eli.token}`, length(bytes)];
      const answer = await exchange(stage.app.url, request('POST /graphql', headers, bytes));
      expect(statusOf(answer)).toBe(200);
      // What does not stand for a character is one that says so.
      const { text } = JSON.parse(answer.slice(answer.indexOf('{"data"'))).data.startConversation.message;
      expect(text).toMatch(/^\ufffd+$/);
    }
  });
});

describe('what a client says of where it comes from', () => {
  let small: TestApp;
  beforeAll(async () => {
    small = await startTestApp({ RATE_RESTORE: '1', RATE_BURST: '20', LOG_LEVEL: 'silent' });
  });
  afterAll(() => small.close());

  test('buys no second allowance (H21)', async () => {
    const statuses: number[] = [];
    for (let nr = 0; nr < 40; nr++) {
      const address = `203.0.113.${nr}`;
      const headers = {
        'content-type': 'application/json',
        'x-forwarded-for': address,
        'x-real-ip': address,
        forwarded: `for=${address}`,
        'x-forwarded-host': 'localhost',
        'x-forwarded-proto': 'https',
      };
      const { status } = await send(small.url, {
        method: 'POST',
        headers,
        body: JSON.stringify({ query: '{ __typename }' }),
      });
      statuses.push(status);
    }
    expect(statuses.filter((status) => status === 200)).toHaveLength(20);
    expect(statuses.filter((status) => status === 429)).toHaveLength(20);
  });

  test('does not lend a foreign page the name of this machine, nor its people’s tokens (H5, H21)', async () => {
    const demo = await startTestApp({ DEMO: '1', LOG_LEVEL: 'silent' });
    const people = (host: string, more: string[] = []) =>
      exchange(
        demo.url,
        `GET /demo/people HTTP/1.1\r\n${[`Host: ${host}`, ...more, 'Connection: close'].join('\r\n')}\r\n\r\n`,
      );
    expect(await people('localhost')).toContain('"token"');
    for (const answer of [
      await people('evil.example'),
      await people('evil.example', ['X-Forwarded-Host: localhost']),
      await people('localhost.evil.example'),
      await people('localhost@evil.example'),
    ]) {
      expect(statusOf(answer)).toBe(404);
      expect(answer).not.toContain('token');
    }
    expect(await people('localhost', ['Origin: https://evil.example'])).not.toMatch(/access-control-allow-origin/i);
    await demo.close();
  });

  test('is believed of the proxies that are trusted (H21)', async () => {
    const behind = await startTestApp({
      TRUST_PROXY: '127.0.0.1',
      RATE_RESTORE: '1',
      RATE_BURST: '1',
      LOG_LEVEL: 'silent',
    });
    const ask = (address: string) =>
      send(behind.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-forwarded-for': address },
        body: JSON.stringify({ query: '{ __typename }' }),
      });
    const statuses = [await ask('203.0.113.1'), await ask('203.0.113.1'), await ask('203.0.113.2')];
    expect(statuses.map(({ status }) => status)).toEqual([200, 429, 200]);
    await behind.close();
  });
});

describe('what a client accepts', () => {
  test.each([
    ['', 200],
    ['*/*', 200],
    ['application/json', 200],
    ['application/graphql-response+json', 200],
    ['application/*;q=0.1, text/html', 200],
    ['text/html', 406],
    ['application/xml;q=1', 406],
    ['nonsense', 406],
    [';;;q=,,/', 406],
    ['x'.repeat(200), 406],
  ])('%o is answered with %i, in JSON or not at all (H17)', async (accept, expected) => {
    const headers = { 'content-type': 'application/json', accept, authorization: `Bearer ${stage.cast.ben.token}` };
    const { status, headers: given } = await send(stage.app.url, { method: 'POST', headers, body });
    expect(status).toBe(expected);
    if (status === 200) expect(given.get('content-type')).toMatch(/json; charset=utf-8$/);
    else expect(given.get('content-type')).not.toContain('html');
  });
});

describe('a frame', () => {
  const subscription = print(TimelineItemAddedDocument);

  test('with an id that every object has, or a huge one, is a stream like any other (H7)', async () => {
    const { dana } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    const ids = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'x'.repeat(10_000), '\0', '💥'];
    const socket = await RawSocket.of(dana, stage.app.url);
    for (const id of ids) socket.subscribe(id, subscription, { conversationId, after: '' });
    const whoHeard = (text: string, count: number) =>
      eventually(
        () =>
          socket.frames.seen
            .filter(({ type, payload }) => type === 'next' && JSON.stringify(payload).includes(text))
            .map(({ id }) => id),
        (heardBy) => heardBy.length === count,
      );
    await says(dana, conversationId, 'the first');
    expect((await whoHeard('the first', ids.length)).toSorted()).toEqual(ids.toSorted());
    socket.send('{"type":"complete","id":"__proto__"}');
    socket.send('{"type":"subscribe","id":"1","payload":{"query":"subscription { a }","__proto__":{"polluted":1}}}');
    await socket.frames.next(({ type, id }) => type === 'error' && id === '1');
    await says(dana, conversationId, 'the second');
    expect(await whoHeard('the second', ids.length - 1)).not.toContain('__proto__');
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
    socket.drop();
  });

  test('that gives a long id away twice closes the socket with 4409, and without a reason (H7)', async () => {
    const said = vi.spyOn(console, 'error');
    const socket = await RawSocket.of(stage.cast.ben, stage.app.url);
    for (let nr = 0; nr < 2; nr++) socket.subscribe('x'.repeat(200), print(InboxUpdatedDocument));
    expect(await socket.whenClosed()).toEqual({ code: 4409, reason: '' });
    expect(said).not.toHaveBeenCalled();
  });

  test.each([
    ['of bytes', Buffer.from([0, 1, 2, 255])],
    ['of JSON in bytes that is none', Buffer.from('{"type"')],
    ['of JSON nested ten thousand times', `${'['.repeat(10_000)}${']'.repeat(10_000)}`],
    ['that is empty', ''],
  ])('%s closes the socket with 4400 (H7)', async (_, frame) => {
    const socket = await RawSocket.of(stage.cast.ben, stage.app.url);
    socket.socket.send(frame);
    expect(await socket.whenClosed()).toMatchObject({ code: 4400 });
  });

  test('before an upgrade that is none is an HTTP request like any other (H6)', async () => {
    const { token } = stage.cast.ben;
    const bad = [
      ['Upgrade: h2c', 'Connection: Upgrade'],
      ['Upgrade: websocket', 'Connection: Upgrade'],
      ['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Key: short', 'Sec-WebSocket-Version: 13'],
      [
        'Upgrade: websocket',
        'Connection: Upgrade',
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
        'Sec-WebSocket-Version: 99',
      ],
    ];
    for (const headers of bad) {
      const socket = connectTo(stage.app.url);
      socket.write(
        ['GET /graphql HTTP/1.1', 'Host: 127.0.0.1', `Authorization: Bearer ${token}`, ...headers, '', ''].join('\r\n'),
      );
      const answer = text(socket);
      await Promise.race([answer, once(socket, 'data')]);
      socket.end();
      expect(statusOf(await answer)).toBeGreaterThanOrEqual(400);
      expect(statusOf(await answer)).toBeLessThan(500);
    }
  });
});
