import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { demoPeople, demoPerson } from '../../src/demo/people.js';
import { MeDocument, SendMessageDocument, SignInDocument, TimelineItemAddedDocument } from '../operations/generated.js';
import { Person } from '../support/Person.js';
import { emptyDatabase } from './support/ownDatabase.js';
import { demoPersonAt, ParleyProcess, run } from './support/ParleyProcess.js';
import { embeddedUrl, newTestFolder, query } from './support/TestFolder.js';

const folder = newTestFolder();

/** What a command prints, which is all that it says. */
async function printed(command: readonly string[], settings: Record<string, string>): Promise<string> {
  const outcome = await run(command, { settings });
  expect(outcome).toMatchObject({ code: 0, printed: [expect.any(String)] });
  return outcome.printed[0]!;
}

const parley = (...args: string[]) => [process.execPath, 'dist/cli.js', ...args];
const npmToken = (handle: string) => ['npm', 'run', '--silent', 'token', '--', handle];
const asOwnerOf = (url: string, token: string) => new Person(url, '', 'the owner of the token', token);

async function passwordSignsIn(url: string, email: string, password: string): Promise<void> {
  const nobody = new Person(url, '', 'nobody', null);
  const { signIn } = await nobody.ask(SignInDocument, { input: { email, password } });
  const me = await asOwnerOf(url, signIn!.token!).ask(MeDocument);
  expect(me.viewer.actor.__typename).toBe('Agent');
}

describe('beside a running server', { timeout: 60_000 }, () => {
  test('token prints a token for each of the people, and disturbs nobody', async () => {
    const DATA_DIR = await folder.usedDataDir();
    const server = new ParleyProcess({ settings: { DATA_DIR } });
    const url = await server.url();
    const ben = await demoPersonAt(url, 'ben@acme.test');
    const { conversations } = await ben.ask(
      '{ conversations(first: 1, filter: { assignedToMe: true, status: [OPEN] }) { edges { node { id } } } }',
    );
    const conversationId = conversations.edges[0].node.id as string;
    const stream = ben.follow(TimelineItemAddedDocument, { conversationId, after: '' });
    await stream.next();

    const tokens = await Promise.all(demoPeople.map(({ handle }) => printed(parley('token', handle), { DATA_DIR })));
    for (const [index, { id }] of demoPeople.entries()) {
      expect((await asOwnerOf(url, tokens[index]!).ask(MeDocument)).viewer.actor.id).toBe(id);
    }
    const token = await printed(npmToken('DANA@example.test'), { DATA_DIR });
    expect((await asOwnerOf(url, token).ask(MeDocument)).viewer.actor.id).toBe(demoPerson('dana@example.test').id);
    expect(await run(parley('token', 'zoe@acme.test'), { settings: { DATA_DIR } })).toEqual({
      code: 1,
      complaint: 'Nobody here is called zoe@acme.test.\n',
      printed: [],
    });

    await ben.ask(SendMessageDocument, { input: { conversationId, text: 'Undisturbed.' } });
    await stream.next(({ data }) => (data!.timelineItemAdded.node as { text?: string }).text === 'Undisturbed.');
    expect(server.lines.filter((line) => /"level":[456]0/.test(line))).toEqual([]);
    await server.stop();
  });

  test('seed adds as much as it is told, and the inbox shows it', async () => {
    const DATA_DIR = await folder.usedDataDir();
    const server = new ParleyProcess({ settings: { DATA_DIR } });
    const ada = await demoPersonAt(await server.url(), 'ada@acme.test');
    const counted = async () => {
      const counts = `select (select count(*)::int from conversations) conversations,
                             (select count(*)::int from entries where type = 'MESSAGE') messages`;
      return (await query<{ conversations: number; messages: number }>(await embeddedUrl(DATA_DIR), counts))[0]!;
    };
    const before = await counted();
    const args = ['npm', 'run', '--silent', 'seed', '--', '--conversations', '200', '--messages', '2000'];
    expect((await run(args, { settings: { DATA_DIR } })).code).toBe(0);
    expect(await counted()).toEqual({ conversations: before.conversations + 200, messages: before.messages + 2000 });
    const { conversations } = await ada.ask('{ conversations(first: 100) { edges { node { id } } } }');
    expect(conversations.edges).toHaveLength(100);
    await server.stop();
  });

  test('workspace, agent and key are made, and work at once', async () => {
    const DATA_DIR = await folder.usedDataDir();
    const server = new ParleyProcess({ settings: { DATA_DIR } });
    const url = await server.url();
    const id = await printed(parley('workspace', 'create', 'Initech'), { DATA_DIR });
    expect(id).toMatch(/^ws_/);
    const agent = ['--email', 'Peter@initech.test', '--role', 'ADMIN'];
    const password = await printed(parley('agent', 'create', '--workspace', 'Initech', ...agent), { DATA_DIR });
    await passwordSignsIn(url, 'peter@initech.test', password);

    const key = await printed(parley('key', 'create', '--workspace', 'Acme', '--handle', 'acme-crm'), { DATA_DIR });
    expect(key).toMatch(/^pk_/);
    expect((await asOwnerOf(url, key).ask(MeDocument)).viewer.actor.id).toBe(demoPerson('acme-crm').id);

    const again = await run(parley('agent', 'create', '--workspace', id, ...agent), { settings: { DATA_DIR } });
    expect(again).toMatchObject({ code: 1, complaint: expect.stringMatching(/^.+\n$/), printed: [] });
    await server.stop();
  });
});

describe('without a running server', { timeout: 60_000 }, () => {
  test('a workspace is made all the same, and no token', async () => {
    const DATA_DIR = await folder.usedDataDir();
    await printed(parley('workspace', 'create', 'Initech'), { DATA_DIR });
    expect(await run(parley('token', 'ben@acme.test'), { settings: { DATA_DIR } })).toEqual({
      code: 1,
      complaint: 'No server is running on this DATA_DIR: start one first.\n',
      printed: [],
    });
    const server = new ParleyProcess({ settings: { DATA_DIR } });
    await server.url();
    expect(await query(await embeddedUrl(DATA_DIR), `select name from workspaces order by name`)).toEqual([
      { name: 'Acme' },
      { name: 'Globex' },
      { name: 'Initech' },
    ]);
    await server.stop();
  });
});

describe('in production', { timeout: 60_000 }, () => {
  let database: Awaited<ReturnType<typeof emptyDatabase>>;
  let settings: Record<string, string>;
  beforeAll(async () => {
    database = await emptyDatabase();
    settings = { NODE_ENV: 'production', DATABASE_URL: database.url, AUTH_SECRET: 'known to every node of this test' };
  });
  afterAll(() => database.drop());

  test('an empty database becomes a workspace with an admin before the first start, and gives out keys', async () => {
    const workspaceId = await printed(parley('workspace', 'create', 'Initech'), settings);
    const agent = ['--workspace', 'Initech', '--email', 'peter@initech.test', '--role', 'ADMIN'];
    const password = await printed(parley('agent', 'create', ...agent), settings);
    const server = new ParleyProcess({ settings });
    const url = await server.url();
    await passwordSignsIn(url, 'peter@initech.test', password);

    await query(
      database.url,
      `insert into actors (id, workspace_id, kind, display_name, handle, active, scopes, created_at)
       values ('int_01ke5q8600fr8aaetsgkpcgggf', $1, 'INTEGRATION', 'Mail', 'mail', true, '{}', now())`,
      [workspaceId],
    );
    const key = await printed(parley('key', 'create', '--workspace', 'Initech', '--handle', 'mail'), settings);
    expect((await asOwnerOf(url, key).ask(MeDocument)).viewer.actor.displayName).toBe('Mail');
    await server.stop();
  });

  test.each(['token peter@initech.test', 'seed'])('%s is refused', async (command) => {
    expect(await run(parley(...command.split(' ')), { settings })).toEqual({
      code: 1,
      complaint: expect.stringMatching(/^Not in production: .+\.\n$/),
      printed: [],
    });
    expect(await query(database.url, `select from actors where email = 'ben@acme.test'`)).toEqual([]);
  });
});
