import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  SendMessageDocument,
  StartConversationDocument,
  TakeOverConversationDocument,
} from '../operations/generated.js';
import type { Person } from '../support/Person.js';
import { demoPersonAt, npmStart, ParleyProcess, patiently } from './support/ParleyProcess.js';
import { embeddedUrl, killProcessesIn, newTestFolder, postmasterOf, query } from './support/TestFolder.js';

const folder = newTestFolder();

/** Somebody who writes one message after the other, each with a key of its own, until the server is gone. */
class Writer {
  readonly acknowledged: string[] = [];
  private unanswered: { text: string; idempotencyKey: string } | null = null;

  constructor(
    readonly conversationId: string,
    private person: Person,
  ) {}

  async writeUntilCut(): Promise<void> {
    for (let count = 1; ; count += 1) {
      const text = `${this.person.name} ${count}`;
      this.unanswered = { text, idempotencyKey: randomUUID() };
      const sent = await this.send().catch(() => false);
      if (!sent) return;
      this.acknowledged.push(text);
    }
  }

  /** What a client does that does not know whether its last message arrived. */
  async tryAgainAt(url: string): Promise<void> {
    this.person = this.person.at(url);
    expect(await this.send()).toBe(true);
    this.acknowledged.push(this.unanswered!.text);
  }

  private async send(): Promise<boolean> {
    const input = { conversationId: this.conversationId, ...this.unanswered! };
    const { data } = await this.person.attempt(SendMessageDocument, { input });
    return data?.sendMessage.message?.text === input.text;
  }
}

async function writersAt(url: string): Promise<Writer[]> {
  const [ben, dana, eli, ivy] = await Promise.all(
    ['ben@acme.test', 'dana@example.test', 'eli@example.test', 'ivy@example.test'].map((one) => demoPersonAt(url, one)),
  );
  const start = async (customer: Person) => {
    const input = { text: 'Is anybody there?' };
    return (await customer.ask(StartConversationDocument, { input })).startConversation!.conversation!.id;
  };
  const shared = await start(dana!);
  await ben!.ask(TakeOverConversationDocument, { input: { conversationId: shared } });
  return [
    new Writer(shared, ben!),
    new Writer(shared, dana!),
    new Writer(await start(eli!), eli!),
    new Writer(await start(ivy!), ivy!),
  ];
}

describe('a server that is killed while people write', { timeout: 60_000 }, () => {
  test.each<[string, (server: ParleyProcess, dataDir: string) => Promise<unknown>]>([
    ['by kill -9 of its process alone', async (server) => process.kill(await server.node(), 'SIGKILL')],
    ['by kill -9 of its process group', async (server) => server.signalGroup('SIGKILL')],
    [
      'together with its PostgreSQL',
      async (server, dataDir) => {
        server.signalGroup('SIGKILL');
        killProcessesIn(dataDir);
      },
    ],
  ])('%s starts again at once, and has each acknowledged message once (F12, F17)', async (_, kill) => {
    const dataDir = await folder.usedDataDir();
    const server = new ParleyProcess({ command: npmStart, settings: { DATA_DIR: dataDir } });
    const writers = await writersAt(await server.url());
    const writing = writers.map((writer) => writer.writeUntilCut());
    await expect.poll(() => Math.min(...writers.map((it) => it.acknowledged.length)), patiently).toBeGreaterThan(10);
    await kill(server, dataDir);
    await server.ended;

    const next = new ParleyProcess({ settings: { DATA_DIR: dataDir } });
    const url = await next.url();
    await Promise.all(writing);
    await Promise.all(writers.map((writer) => writer.tryAgainAt(url)));

    const database = await embeddedUrl(dataDir);
    for (const conversationId of new Set(writers.map((it) => it.conversationId))) {
      const entries = await query<{ text: string; position: number }>(
        database,
        `select text, position::int from entries where conversation_id = $1 and audience = 'EVERYONE' order by position`,
        [conversationId],
      );
      expect(entries.map(({ position }) => position)).toEqual(entries.map((_, index) => index + 1));
      const [conversation] = await query(database, 'select position::int from conversations where id = $1', [
        conversationId,
      ]);
      expect(conversation).toEqual({ position: entries.length });
      for (const writer of writers.filter((it) => it.conversationId === conversationId)) {
        const author = writer.acknowledged[0]!.replace(/\d+$/, '');
        const written = entries.filter(({ text }) => text?.startsWith(author)).map(({ text }) => text);
        expect(written).toEqual(writer.acknowledged);
      }
    }
    await next.stop();
  });
});

/** Everything that the demo wrote, by id. What its AI agent answers once the server runs is of today. */
const demoOf = async (dataDir: string) =>
  query(
    await embeddedUrl(dataDir),
    `select c.id, c.created_at, array_agg(e.id order by e.position, e.team_position, e.note_position) entries
     from conversations c join entries e on e.conversation_id = c.id and e.created_at < date_trunc('day', now(), 'UTC')
     group by c.id order by c.id`,
  );

describe('a first start that is killed', { timeout: 60_000 }, () => {
  let wholeMs: number;
  let wholeDemo: unknown[];
  beforeAll(async () => {
    const dataDir = folder.newDataDir();
    const begun = performance.now();
    const server = new ParleyProcess({ settings: { DATA_DIR: dataDir } });
    await server.url();
    wholeMs = performance.now() - begun;
    wholeDemo = await demoOf(dataDir);
    expect(wholeDemo.length).toBeGreaterThan(20);
    await server.stop();
  }, 60_000);

  // In each quarter of the time that it takes, once: node, initdb, migrations, the demo.
  test.each([1, 2, 3, 4])(
    'in quarter %i of its time is made up for by the next one, with the whole demo',
    async (quarter) => {
      const moment = (wholeMs * (quarter - Math.random())) / 4;
      const dataDir = folder.newDataDir();
      const first = new ParleyProcess({ settings: { DATA_DIR: dataDir } });
      await sleep(moment);
      await first.kill();
      const next = new ParleyProcess({ settings: { DATA_DIR: dataDir } });
      await next.url();
      expect(await demoOf(dataDir), `killed after ${moment} ms`).toEqual(wholeDemo);
      await next.stop();
    },
  );
});

describe('a PostgreSQL that is killed', { timeout: 60_000 }, () => {
  test('ends its server with one line, and the next start works', async () => {
    const dataDir = await folder.usedDataDir();
    const server = new ParleyProcess({ settings: { DATA_DIR: dataDir } });
    const url = await server.url();
    const dana = await demoPersonAt(url, 'dana@example.test');
    await dana.ask('{ conversations(first: 1) { edges { node { id } } } }');
    process.kill(postmasterOf(dataDir), 'SIGKILL');
    const { code, complaint } = await server.ended;
    expect(code).toBe(1);
    expect(complaint.split('\n').filter((line) => line && !line.startsWith('npm '))).toEqual([]);
    const fatal = server.lines.filter((line) => line.includes('"level":60'));
    expect(fatal.map((line) => JSON.parse(line).msg)).toEqual(['PostgreSQL ended by itself (exit code null)']);

    const next = new ParleyProcess({ settings: { DATA_DIR: dataDir } });
    await dana.at(await next.url()).ask('{ conversations(first: 1) { edges { node { id } } } }');
    await next.stop();
  });
});
