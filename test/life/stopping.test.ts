import { once } from 'node:events';
import { connect as connectTo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { InboxDocument, SendMessageDocument, TimelineItemAddedDocument } from '../operations/generated.js';
import { demoPersonAt, npmStart, ParleyProcess, patiently } from './support/ParleyProcess.js';
import { connect, embeddedUrl, newTestFolder, postgresLogOf, processesIn } from './support/TestFolder.js';

const folder = newTestFolder();
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const contractMs = 10_000;

/** A server with somebody who listens on a socket, and a request in flight that ends when `letGo` is called. */
async function busyServer(command?: readonly string[]) {
  const dataDir = await folder.usedDataDir();
  const settings = { DATA_DIR: dataDir, STATEMENT_TIMEOUT_MS: '30000', REQUEST_TIMEOUT_MS: '30000' };
  const server = new ParleyProcess({ command, settings });
  const url = await server.url();
  const dana = await demoPersonAt(url, 'dana@example.test');
  // One that a person answers: no AI agent waits for it, too.
  const { conversations } = await dana.ask(InboxDocument, {
    first: 1,
    filter: { status: ['OPEN'], handling: ['HUMAN'] },
  });
  const conversationId = conversations.edges[0]!.node.id;
  const stream = dana.follow(TimelineItemAddedDocument, { conversationId, after: '' });
  await stream.next();

  const lock = await connect(await embeddedUrl(dataDir));
  await lock.query('begin');
  await lock.query('select from conversations where id = $1 for update', [conversationId]);
  const answer = dana.attempt(SendMessageDocument, { input: { conversationId, text: 'One more thing.' } });
  answer.catch(() => {}); // awaited by the one who asks for it
  const waiting = `select from pg_stat_activity where wait_event_type = 'Lock' and application_name = 'parley'`;
  await expect.poll(async () => (await lock.query(waiting)).rowCount, patiently).toBe(1);
  return { dataDir, server, url, dana, stream, answer, letGo: () => lock.query('commit') };
}

describe('a server that is told to stop', { timeout: 60_000 }, () => {
  test.each<[string, (server: ParleyProcess) => Promise<void> | void]>([
    ['by SIGTERM to npm', (server) => server.signal('SIGTERM')],
    ['by SIGINT to npm', (server) => server.signal('SIGINT')],
    ['by SIGTERM to the process group', (server) => server.signalGroup('SIGTERM')],
    ['by Ctrl-C in a terminal', (server) => server.signalGroup('SIGINT')],
    [
      'by Ctrl-C twice within a second',
      async (server) => {
        server.signalGroup('SIGINT');
        await server.says('stopping');
        server.signalGroup('SIGINT');
      },
    ],
  ])('%s answers what is in flight, sends its sockets elsewhere, and leaves nothing running (F17)', async (_, tell) => {
    const { dataDir, server, stream, answer, letGo } = await busyServer(npmStart);
    const toldAt = Date.now();
    await tell(server);
    await server.says('stopping');
    expect(await stream.whenEnded()).toMatchObject({ code: 1001 });
    await letGo();
    expect(await answer).toMatchObject({
      status: 200,
      data: { sendMessage: { message: { text: 'One more thing.' } } },
    });
    await server.endsWell();
    expect(Date.now() - toldAt).toBeLessThan(contractMs);
    expect(processesIn(dataDir)).toEqual([]);
    expect(postgresLogOf(dataDir).trimEnd()).toMatch(/database system is shut down$/);

    const next = new ParleyProcess({ settings: { DATA_DIR: dataDir } });
    const dana = await demoPersonAt(await next.url(), 'dana@example.test');
    const { conversations } = await dana.ask('{ conversations(first: 1) { edges { node { lastMessage { text } } } } }');
    expect(conversations.edges).toHaveLength(1);
    await next.stop();
  });

  test('answers nobody who comes new', async () => {
    const { server, dana, stream, answer, letGo } = await busyServer();
    server.signal('SIGTERM');
    await stream.whenEnded();
    await expect
      .poll(
        () =>
          dana.raw('{ __typename }').then(
            () => 'answered',
            () => 'refused',
          ),
        patiently,
      )
      .toBe('refused');
    await letGo();
    expect((await answer).status).toBe(200);
    await server.endsWell();
  });

  test('is not held up by clients that sleep: a socket that does not read, a request that does not end', async () => {
    const { server, url, dana, stream, answer, letGo } = await busyServer();
    const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    await once(socket, 'open');
    socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${dana.token}` } }));
    await once(socket, 'message');
    socket.pause();
    const request = connectTo(Number(new URL(url).port), '127.0.0.1').on('error', () => {});
    await once(request, 'connect');
    request.write('POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{');
    await dana.ask('{ __typename }');

    const toldAt = Date.now();
    server.signal('SIGTERM');
    await stream.whenEnded();
    await letGo();
    expect((await answer).status).toBe(200);
    await server.endsWell();
    expect(Date.now() - toldAt).toBeLessThan(contractMs);
    socket.terminate();
    request.destroy();
  });

  test('and told again a second later gives up at once, and the next start works', async () => {
    const { dataDir, server, answer } = await busyServer();
    server.signal('SIGINT');
    await server.says('stopping');
    await pause(1100);
    server.signal('SIGINT');
    expect(await server.ended).toMatchObject({ code: 130 });
    await expect(answer).rejects.toThrow();
    const next = new ParleyProcess({ settings: { DATA_DIR: dataDir } });
    await next.url();
    await next.stop();
  });

  test('while it starts for the first time stops as cleanly, and the next start works', async () => {
    const dataDir = folder.newDataDir();
    const first = new ParleyProcess({ command: npmStart, settings: { DATA_DIR: dataDir } });
    await expect.poll(() => processesIn(dataDir).length, patiently).toBeGreaterThan(0);
    first.signalGroup('SIGINT');
    await first.endsWell();
    expect(processesIn(dataDir)).toEqual([]);
    const next = new ParleyProcess({ settings: { DATA_DIR: dataDir } });
    await demoPersonAt(await next.url(), 'dana@example.test');
    await next.stop();
  });
});
