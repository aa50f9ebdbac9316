import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import {
  SendMessageDocument,
  StartConversationDocument,
  TakeOverConversationDocument,
  TimelineItemAddedDocument,
} from '../operations/generated.js';
import { Person } from '../support/Person.js';
import { gist } from '../support/stories.js';
import { emptyDatabase } from './support/ownDatabase.js';
import { demoPersonAt, ParleyProcess, patiently, run } from './support/ParleyProcess.js';
import { newTestFolder, query } from './support/TestFolder.js';

const folder = newTestFolder();
const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const one of undo.splice(0).reverse()) await one();
});

async function newDatabase(): Promise<string> {
  const { url, drop } = await emptyDatabase();
  undo.push(drop);
  return url;
}

const start = (settings: Record<string, string>) => new ParleyProcess({ settings });
const secret = { AUTH_SECRET: 'known to every node of this test' };

/** A customer asks, the AI agent answers, a person takes over and answers, and the customer hears all of it. */
async function aStory(url: string, otherUrl = url): Promise<void> {
  const dana = await demoPersonAt(url, 'dana@example.test');
  const { startConversation } = await dana.ask(StartConversationDocument, {
    input: { text: 'How long does the delivery of my parcel take?' },
  });
  const conversationId = startConversation!.conversation!.id;
  const stream = dana.follow(TimelineItemAddedDocument, { conversationId, after: '' });
  const hears = (what: string) =>
    stream.next(({ data }) => {
      const { actor, ...node } = data!.timelineItemAdded.node;
      return what === `${actor.displayName}: ${gist(node)}` || (what === actor.displayName && 'text' in node);
    });
  await hears('Acme Assistant');

  const nobody = new Person(otherUrl, '', 'nobody', null);
  const { signIn } = await nobody.ask(
    'mutation { signIn(input: { email: "ben@acme.test", password: "parley-demo" }) { token errors { code } } }',
  );
  const ben = new Person(otherUrl, '', 'Ben', signIn.token);
  await ben.ask(TakeOverConversationDocument, { input: { conversationId } });
  await hears('Ben Lindqvist: TAKEN_OVER');
  await ben.ask(SendMessageDocument, { input: { conversationId, text: 'I am Ben.' } });
  await hears('Ben Lindqvist: I am Ben.');
  await dana.leave();
}

const demoIds = async (url: string) =>
  (await query<{ id: string }>(url, 'select id from conversations order by id')).map(({ id }) => id);

describe('two nodes that start at once on an empty database', { timeout: 60_000 }, () => {
  test('both come up, fill in one demo, and serve one conversation together', async () => {
    const lone = await newDatabase();
    const node = start({ DATABASE_URL: lone });
    await node.url();
    await node.stop();

    const DATABASE_URL = await newDatabase();
    const nodes = [start({ DATABASE_URL }), start({ DATABASE_URL })];
    const [one, other] = await Promise.all(nodes.map((it) => it.url()));
    expect(await demoIds(DATABASE_URL)).toEqual(await demoIds(lone));
    await aStory(one!, other);
    await Promise.all(nodes.map((it) => it.stop()));
  });
});

describe('a database that the demo was filled into', { timeout: 60_000 }, () => {
  test('is served in production without the demo’s conveniences', async () => {
    const DATABASE_URL = await newDatabase();
    const before = start({ DATABASE_URL });
    await before.url();
    await before.stop();

    const settings = { NODE_ENV: 'production', DATABASE_URL, ...secret };
    const server = start(settings);
    const url = await server.url();
    expect(server.lines.join('\n')).not.toMatch(/GraphiQL|HANDLE|acme\.test/);
    const statusOf = async (path: string) => (await fetch(`${url}${path}`)).status;
    expect(await statusOf('/')).toBe(404);
    expect(await statusOf('/demo/people')).toBe(404);
    expect(await statusOf('/health/ready')).toBe(200);
    const nobody = new Person(url, '', 'nobody', null);
    expect((await nobody.attempt('{ __schema { queryType { name } } }')).data).toBe(null);
    expect(await run(['npm', 'run', '--silent', 'token', '--', 'ben@acme.test'], { settings })).toMatchObject({
      code: 1,
      complaint: expect.stringContaining('Not in production: sign in, or use an API key.\n'),
      printed: [],
    });
    await server.stop();
  });

  test('and an empty one stays empty there', async () => {
    const DATABASE_URL = await newDatabase();
    const server = start({ NODE_ENV: 'production', DATABASE_URL, ...secret });
    await server.url();
    expect(await query(DATABASE_URL, 'select from workspaces')).toEqual([]);
    await server.stop();
  });
});

const bin = '/usr/lib/postgresql/15/bin';
const isRoot = process.getuid?.() === 0;
const user = isRoot ? { uid: 65534, gid: 65534 } : {};

/** A PostgreSQL 15 of the machine's own, run by an ordinary user. */
async function postgres15(): Promise<string> {
  const home = folder.newDataDir();
  mkdirSync(home);
  chmodSync(folder.path, 0o755);
  if (isRoot) chownSync(home, 65534, 65534);
  const cluster = join(home, 'cluster');
  const made = spawnSync(join(bin, 'initdb'), ['-D', cluster, '-U', 'parley', '-A', 'trust', '-E', 'UTF8', '-N'], {
    cwd: home,
    ...user,
  });
  expect(made.status, made.stderr?.toString()).toBe(0);
  const port = await freePort();
  const server = spawn(join(bin, 'postgres'), ['-D', cluster, '-p', `${port}`, '-k', '', '-h', '127.0.0.1', '-F'], {
    cwd: home,
    stdio: 'ignore',
    ...user,
  });
  undo.push(() => server.kill('SIGQUIT'));
  await expect.poll(() => readFileSync(join(cluster, 'postmaster.pid'), 'utf8'), patiently).toMatch(/^ready/m);
  return `postgres://parley@127.0.0.1:${port}/postgres`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

describe('PostgreSQL 15', { timeout: 60_000 }, () => {
  test('serves as well as the one that Parley brings along (F21)', async (context) => {
    context.skip(!existsSync(join(bin, 'postgres')), `there is no PostgreSQL 15 in ${bin}`);
    const { url: DATABASE_URL } = await emptyDatabase(await postgres15());
    expect(await query(DATABASE_URL, 'show server_version_num')).toMatchObject([
      { server_version_num: expect.stringMatching(/^15/) },
    ]);
    const server = start({ DATABASE_URL });
    await aStory(await server.url());
    await server.stop();
  });
});
