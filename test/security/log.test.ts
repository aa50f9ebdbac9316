import { print } from 'graphql';
import { describe, expect, test } from 'vitest';
import { demoPassword, demoPeople } from '../../src/demo/people.js';
import { demoPersonAt, ParleyProcess, run } from '../life/support/ParleyProcess.js';
import { embeddedUrl, newTestFolder, query } from '../life/support/TestFolder.js';
import { TimelineItemAddedDocument } from '../operations/generated.js';
import { RawSocket } from '../support/RawSocket.js';
import { post, send } from './http.js';

const folder = newTestFolder();
const authSecret = 'the secret that signs, which nobody may read';
/** What would begin a line of its own, clear a terminal or change its title, if it were written as it is. */
const forged = '\r\n{"level":60,"msg":"forged"}\u001b[2J\u001b]0;forged\u0007\u2028forged\u0085';

/** The log of a server that says all it can say, while people do all that can go well or wrong. */
async function logOfALife(): Promise<{ lines: string[]; secrets: string[]; whispers: string[] }> {
  const DATA_DIR = await folder.usedDataDir();
  const server = new ParleyProcess({ settings: { DATA_DIR, LOG_LEVEL: 'trace', AUTH_SECRET: authSecret } });
  const url = await server.url();
  const database = await embeddedUrl(DATA_DIR);
  const secrets = [authSecret, demoPassword, decodeURIComponent(new URL(database).password)];
  const whispers = ['a whisper about her', 'a note to myself'];

  const people = await Promise.all(demoPeople.map(({ handle }) => demoPersonAt(url, handle)));
  secrets.push(...people.map(({ token }) => token!));
  const [ada, ben, dana] = ['ada@acme.test', 'ben@acme.test', 'dana@example.test'].map(
    (handle) => people[demoPeople.findIndex((one) => one.handle === handle)]!,
  );

  const key = await run(
    [process.execPath, 'dist/cli.js', 'key', 'create', '--workspace', 'Acme', '--handle', 'acme-crm'],
    {
      settings: { DATA_DIR, AUTH_SECRET: authSecret },
    },
  );
  expect(key.code).toBe(0);
  secrets.push(key.printed[0]!);

  const signIn = (email: string, password: string) =>
    post(url, null, {
      query: 'mutation ($input: SignInInput!) { signIn(input: $input) { token errors { code } } }',
      variables: { input: { email, password } },
    });
  const guess = 'a guess that is nearly right';
  secrets.push(guess, (await signIn('ben@acme.test', demoPassword)).text.match(/"token":"([^"]+)"/)![1]!);
  await signIn(`ben@acme.test${forged}`, guess);

  const hire = 'mutation ($input: CreateAgentInput!) { createAgent(input: $input) { agent { id } oneTimePassword } }';
  const { createAgent } = await ada!.ask(hire, { input: { email: 'new@acme.test', displayName: 'New' } });
  const chosen = 'a password that was chosen';
  secrets.push(createAgent.oneTimePassword, chosen);
  const choose = 'mutation ($input: SetPasswordInput!) { setPassword(input: $input) { errors { code } } }';
  await ada!.ask(choose, { input: { agentId: createAgent.agent.id, newPassword: chosen } });

  const { startConversation } = await dana!.ask(
    'mutation ($input: StartConversationInput!) { startConversation(input: $input) { conversation { id } } }',
    { input: { text: `Hello?${forged}`, subject: forged.replace(/\p{Cc}/gu, ' ') } },
  );
  const conversationId = startConversation.conversation.id;
  const whisper = 'mutation ($input: WhisperInput!) { whisper(input: $input) { errors { code } } }';
  await ben!.ask(whisper, { input: { conversationId, text: whispers[0] } });
  await ben!.ask(whisper, { input: { conversationId, text: whispers[1], audience: 'SELF' } });

  const socket = await RawSocket.of(ben!, url);
  socket.subscribe(forged, print(TimelineItemAddedDocument), { conversationId, after: '' });
  await socket.frames.next(({ type }) => type === 'next');
  socket.send(`{"type":"${forged}","payload":{"authorization":"Bearer ${ada!.token}"}}`);
  await socket.whenClosed();
  const wrong = new RawSocket(url);
  await wrong.init(`${ada!.token}x`);
  await wrong.whenClosed();

  const odd: Record<string, string>[] = [
    { authorization: `Basic ${key.printed[0]}` },
    { authorization: `Bearer ${ada!.token} ${forged.replace(/\p{C}|\p{Z}/gu, '')}` },
    { 'content-type': 'application/json', cookie: `session=${ada!.token}` },
  ];
  for (const headers of odd) {
    await send(url, {
      method: 'POST',
      path: `/graphql?token=${ada!.token}`,
      headers,
      body: `{"token":"${ada!.token}"`,
    });
  }
  await send(url, { path: `/${encodeURIComponent(forged)}?access_token=${ada!.token}` });
  await post(url, ada!.token, { query: `{ nonsense(token: "${ada!.token}") ${JSON.stringify(forged)} }` });

  // Whatever fails now fails for us, and is told in the log.
  const failures = ['passwords', 'api_keys', 'entries', 'actors'].flatMap((table) => [
    [`alter table ${table} rename to missing_${table}`, `alter table missing_${table} rename to ${table}`],
    [
      `alter table ${table} add constraint refuses check (false) not valid`,
      `alter table ${table} drop constraint refuses`,
    ],
  ]);
  for (const [takeAway, giveBack] of failures) {
    await query(database, takeAway!);
    await signIn('ada@acme.test', demoPassword);
    await post(url, key.printed[0]!, { query: '{ viewer { actor { id } } }' });
    await ada!.attempt(choose, { input: { agentId: createAgent.agent.id, newPassword: `${chosen}, and another` } });
    await ben!.attempt(whisper, { input: { conversationId, text: `${whispers[0]}${forged}` } });
    await query(database, giveBack!);
  }
  await server.stop();
  expect((await server.ended).complaint).toBe('');
  return { lines: server.lines, secrets, whispers };
}

describe('the log, at its most talkative', { timeout: 60_000 }, () => {
  test('holds no token, password, key or whisper, and no line that somebody else wrote (D26, G10)', async () => {
    const { lines, secrets, whispers } = await logOfALife();
    const written = lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
    expect(written.filter(({ level }) => level <= 20).length).toBeGreaterThan(20);
    expect(written.filter(({ msg }) => msg === 'an operation failed').length).toBeGreaterThan(3);
    // Besides the log there is only the banner, which stood there before anybody came.
    const log = lines.slice(lines.findLastIndex((line) => !line.startsWith('{')) + 1);
    expect(log.length).toBeGreaterThan(20);
    for (const hidden of [...secrets, ...whispers]) {
      expect(hidden.length).toBeGreaterThan(8);
      expect(log.find((line) => line.includes(hidden))).toBeUndefined();
    }
    expect(written.filter(({ msg, level }) => msg === 'forged' || level === 60)).toEqual([]);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a terminal would obey
    for (const line of log) expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028]/);
  });
});
