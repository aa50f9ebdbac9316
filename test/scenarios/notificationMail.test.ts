import { createServer, type Socket } from 'node:net';
import sql from 'sql-template-tag';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { type NotificationKind, notificationKinds } from '../../src/entities/Notification.js';
import {
  AcceptTransferDocument,
  CancelTransferDocument,
  CreateTicketDocument,
  DeactivateAgentDocument,
  DeclineTransferDocument,
  NotificationPreferencesDocument,
  RequestHumanDocument,
  TakeOverConversationDocument,
  TransferConversationDocument,
  WhisperDocument,
} from '../operations/generated.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { castOf, newPerson } from '../support/cast.js';
import { eventually } from '../support/eventually.js';
import { runDueJobs } from '../support/jobs.js';
import { MailServer, type ReceivedMail } from '../support/MailServer.js';
import { wants } from '../support/notifications.js';
import type { Person } from '../support/Person.js';
import { asksForHuman, does, joins, newStage, says, whispers } from '../support/stories.js';

const mail = await MailServer.start();
const from = { SMTP_URL: mail.url, MAIL_FROM: '"Acme, Support" <support@acme.test>' };
const stage = newStage({ ...from, LOG_LEVEL: 'silent' });
afterAll(() => mail.stop());

let agents = 0;
/** A new agent of Acme, who is told of these kinds by mail. */
async function mailed(kinds: readonly NotificationKind[], name = `Agent ${++agents}`, role?: 'ADMIN'): Promise<Person> {
  const { app, cast } = stage;
  const email = `agent.${++agents}@acme.test`;
  const agent = await newPerson(app, app.url, cast.acme, name, { kind: 'AGENT', email, ...(role && { role }) });
  await wants(agent, kinds, ['EMAIL']);
  return agent;
}
/** Has Ben mention somebody in Dana's conversation. Returns the conversation. */
async function mentions(agent: Person, text = 'Look here'): Promise<string> {
  const conversationId = await stage.startedBy(stage.cast.dana);
  await does(stage.cast.ben, WhisperDocument, { conversationId, text, mentionIds: [agent.id] });
  return conversationId;
}
const offers = async (by: Person, conversationId: string, to: Person, note: string) =>
  (await does(by, TransferConversationDocument, { conversationId, toAgentId: to.id, note })).transfer!.id;
const addressOf = async (agent: Person) => {
  const [row] = await stage.app.world.database.read<{ email: string }>(
    sql`select email from actors where id = ${agent.id}`,
  );
  return row!.email;
};
const mailsTo = async (agent: Person) => {
  const address = await addressOf(agent);
  return mail.mails.filter(({ recipients }) => recipients.includes(address));
};
const mailTo = async (agent: Person) =>
  (
    await eventually(
      () => mailsTo(agent),
      ({ length }) => length > 0,
    )
  )[0]!;
const unsubscribeUrlOf = ({ headers }: ReceivedMail) =>
  (headers.get('list') as unknown as { unsubscribe: { url: string } }).unsubscribe.url;
/** Jobs of a name that are left, those that will never run again too. */
const jobsLeft = (app: TestApp, name: string) =>
  app.world.database.read<{ hasFailed: boolean; conversationId: string | null }>(sql`
    select j.last_error is not null and j.locked_at is null as "hasFailed",
      j.payload ->> 'conversationId' as "conversationId" from graphile_worker._private_jobs j
    join graphile_worker._private_tasks t on t.id = j.task_id where t.identifier = ${name}`);
const triedAndWaiting = (app: TestApp) =>
  eventually(
    () => jobsLeft(app, 'send-mail'),
    (jobs) => jobs.length > 0 && jobs.every(({ hasFailed }) => hasFailed),
  );
const healthOf = async (app: TestApp) => {
  const { mail } = (await (await fetch(`${app.url}/health/ready`)).json()) as { mail: string };
  return mail;
};

beforeEach(() => {
  mail.mails.length = 0;
  mail.mood = () => null;
});

describe('a mail', () => {
  test('says who, which conversation, why one gets it, and how to end that, as text and as HTML', async () => {
    const fay = await mailed(['MENTIONED'], 'Fay');
    const conversationId = await mentions(fay);
    const got = await mailTo(fay);
    expect(got.recipients).toEqual([await addressOf(fay)]);
    expect(got.from!.value).toEqual([{ name: 'Acme, Support', address: 'support@acme.test' }]);
    expect(got.to).toMatchObject({ value: [{ name: 'Fay', address: await addressOf(fay) }] });
    expect(got.subject).toBe('Ben mentioned you in the conversation with Dana');
    const url = `${stage.app.url}/conversations/${conversationId}`;
    for (const part of [got.text!, got.html as string]) {
      expect(part).toContain('Hello Fay,');
      expect(part).toContain(url);
      expect(part).toContain('an agent of Acme');
      expect(part).toContain(unsubscribeUrlOf(got));
    }
    expect(got.html).not.toMatch(/<img|<script|<link|url\(/);
    expect(got.headers.get('auto-submitted')).toBe('auto-generated');
    expect(got.raw).toMatch(/^List-Unsubscribe-Post: List-Unsubscribe=One-Click\r$/m);
    expect(got.messageId).toMatch(/^<ntf_\w+@acme\.test>$/);
    expect(got.references).toBe(`<${conversationId}@acme.test>`);
    expect(Math.abs(got.date!.getTime() - Date.now())).toBeLessThan(60_000);
  });

  test.each(['Eve\r\nBcc: all@acme.test', 'Eve", <eve@evil.test>, "', 'Eve, Eva; <b>&amp;</b>', 'Ève 日本語 🙂'])(
    'names %j as they are, and nothing else comes of it',
    async (name) => {
      const fay = await mailed(['NEW_MESSAGE', 'MENTIONED'], name);
      await mentions(fay);
      const got = await mailTo(fay);
      expect(got.recipients).toEqual([await addressOf(fay)]);
      expect(got.to).toMatchObject({ value: [{ address: await addressOf(fay) }] });
      expect((got.to as { value: object[] }).value).toEqual([
        { name: expect.any(String), address: await addressOf(fay) },
      ]);
      expect(got.headers.has('bcc')).toBe(false);
      expect((got.to as { value: { name: string }[] }).value[0]!.name.replace(/\s+/g, ' ')).toBe(
        name.replace(/\s+/g, ' '),
      );
      expect(got.html).not.toContain('<b>');
      expect(got.text).toContain(name.split('\r')[0]!);
    },
  );

  test('quotes the message that a customer wrote, up to 300 characters, and escapes it', async () => {
    const { dana } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    const fay = await mailed(['NEW_MESSAGE']);
    await joins(fay, conversationId);
    await says(dana, conversationId, `<script>alert("x")</script>\n${'🙂'.repeat(400)}THE END`);
    const got = await mailTo(fay);
    expect(got.subject).toBe('New message from Dana');
    expect(got.html).toContain('&#60;script&#62;');
    expect(got.html).not.toContain('<script');
    expect(got.text).toContain('> <script>alert("x")</script>');
    for (const part of [got.text!, got.html as string]) {
      expect(part.match(/🙂/gu)).toHaveLength(300 - '<script>alert("x")</script>\n'.length);
      expect(part).not.toContain('THE END');
    }
  });

  test('of every kind comes, and in no byte of any is a whisper, a note or a reason (D18)', async () => {
    const { app, cast } = stage;
    const { dana, bot } = cast;
    const [fay, gil] = [await mailed(notificationKinds), await mailed(notificationKinds)];
    const hal = await mailed(notificationKinds, undefined, 'ADMIN');
    const canary = (what: string) => `canary-${what} kept among us`;
    const [one, two] = [await stage.takenOverBy(fay), await stage.takenOverBy(fay)];
    await whispers(fay, one, canary('whisper'));
    await does(fay, WhisperDocument, { conversationId: one, text: canary('mention'), mentionIds: [gil.id] });
    const declined = await offers(fay, one, gil, canary('note'));
    await does(gil, DeclineTransferDocument, { transferId: declined, reason: canary('reason') });
    await does(fay, CancelTransferDocument, { transferId: await offers(fay, one, gil, canary('note')) });
    await does(gil, AcceptTransferDocument, { transferId: await offers(fay, one, gil, canary('note')) });
    await does(hal, TakeOverConversationDocument, { conversationId: one, force: true });
    await says(dana, one, 'Are you there?');
    await says(hal, one, 'canary-answer of a colleague');
    const three = await stage.startedBy(dana);
    const aiTurnId = await stage.turnOf(three);
    await does(bot, RequestHumanDocument, { conversationId: three, aiTurnId, text: 'Wait', reason: canary('asked') });
    const ticket = { title: canary('title'), description: canary('description'), assigneeId: gil.id };
    await does(fay, CreateTicketDocument, { conversationId: two, ...ticket });
    await offers(fay, two, gil, canary('note'));
    app.clock.advance(301);
    await runDueJobs(app);
    await does(cast.ada, DeactivateAgentDocument, { agentId: fay.id });
    await runDueJobs(app);
    const told = await app.world.database.read<{ id: string; kind: NotificationKind }>(sql`
      select n.id, n.kind from notifications n join actors a on a.id = n.agent_id
      where n.agent_id in (${fay.id}, ${gil.id}, ${hal.id}) and 'EMAIL' = any(channels) and a.active order by n.id`);
    const ids = mail.mails.map(({ messageId }) => messageId!.slice(1).split('@')[0]!);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { id } of told) expect(ids).toContain(id);
    const kindOf = new Map(
      (
        await app.world.database.read<{ id: string; kind: NotificationKind }>(sql`select id, kind from notifications`)
      ).map(({ id, kind }) => [id, kind]),
    );
    expect([...new Set(ids.map((id) => kindOf.get(id)!))].sort()).toEqual([...notificationKinds].sort());
    for (const got of mail.mails) {
      const unfolded = got.raw.replace(/=\r\n/g, '');
      const base64 = [...unfolded.matchAll(/^[\w+/=\r\n]{60,}$/gm)].map(([part]) => Buffer.from(part, 'base64'));
      for (const bytes of [got.raw, unfolded, got.text, got.html, got.subject, ...base64.map(String)]) {
        expect(bytes).not.toContain('canary');
      }
    }
  });

  test('comes only of kinds and by channels that were chosen, and none to who was deactivated since', async () => {
    const { app, cast } = stage;
    const [fay, gil, hal] = [await mailed(['MENTIONED']), await mailed(['TAKEN_OVER']), await mailed(['MENTIONED'])];
    await mail.stop();
    for (const agent of [hal, gil, fay]) await mentions(agent);
    await triedAndWaiting(app);
    await does(cast.ada, DeactivateAgentDocument, { agentId: hal.id });
    await mail.start();
    app.clock.advance(10);
    await mailTo(fay);
    await runDueJobs(app);
    expect(await mailsTo(gil)).toEqual([]);
    expect(await mailsTo(hal)).toEqual([]);
    expect(await jobsLeft(app, 'send-mail')).toEqual([]);
  });
});

describe('the link to unsubscribe', () => {
  const emailed = async (agent: Person) => {
    const { viewer } = await agent.ask(NotificationPreferencesDocument);
    const chosen = viewer.profile!.notificationPreferences.filter(({ channels }) => channels.includes('EMAIL'));
    return chosen.map(({ kind }) => kind);
  };

  test('asks who looks, and does it for a POST, of that kind alone', async () => {
    const fay = await mailed(['MENTIONED', 'TAKEN_OVER']);
    await mentions(fay);
    const url = unsubscribeUrlOf(await mailTo(fay));
    const page = await fetch(url);
    expect(page.status).toBe(200);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(await page.text()).toContain('<form method="post">');
    expect(await emailed(fay)).toEqual(['MENTIONED', 'TAKEN_OVER']);
    const form = { method: 'POST', body: new URLSearchParams({ 'List-Unsubscribe': 'One-Click' }) };
    expect((await fetch(url, form)).status).toBe(200);
    expect(await emailed(fay)).toEqual(['TAKEN_OVER']);
    const multipart = new FormData();
    multipart.set('List-Unsubscribe', 'One-Click');
    expect((await fetch(url, { method: 'POST', body: multipart })).status).toBe(200);
    expect((await fetch(url, { method: 'POST' })).status).toBe(200);
    expect(await emailed(fay)).toEqual(['TAKEN_OVER']);
    await mentions(fay);
    const marker = await mailed(['MENTIONED']);
    await mentions(marker);
    await mailTo(marker);
    expect(await mailsTo(fay)).toHaveLength(1);
  });

  test('is no login, and no login is such a link', async () => {
    const fay = await mailed(['MENTIONED']);
    await mentions(fay);
    const url = new URL(unsubscribeUrlOf(await mailTo(fay)));
    const token = url.searchParams.get('token')!;
    const response = await fetch(`${stage.app.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ query: '{ viewer { actor { id } } }' }),
    });
    expect(response.status).toBe(401);
    const signature = token.split('.')[2]!;
    const forged = token.replace(signature, signature.split('').reverse().join(''));
    const pages = new Set<string>();
    for (const query of [`?token=${fay.token}`, `?token=${forged}`, '?token=', '', '?token=a&token=b']) {
      for (const method of ['GET', 'POST']) {
        const answer = await fetch(`${url.origin}${url.pathname}${query}`, { method });
        expect([query, answer.status]).toEqual([query, 400]);
        pages.add(await answer.text());
      }
    }
    expect(pages.size).toBe(1);
    expect(await emailed(fay)).toEqual(['MENTIONED']);
  });
});

describe('a mail server', () => {
  test('that is down delays, loses nothing, and gets each mail once', async () => {
    const { app } = stage;
    const fay = await mailed(['MENTIONED']);
    await mail.stop();
    await mentions(fay);
    await triedAndWaiting(app);
    expect(await healthOf(app)).toBe('degraded');
    expect((await fetch(`${app.url}/health/ready`)).status).toBe(200);
    await mail.start();
    app.clock.advance(60);
    await mailTo(fay);
    await runDueJobs(app);
    expect(await mailsTo(fay)).toHaveLength(1);
    expect(await healthOf(app)).toBe('ok');
  });

  test('that drops the connection, or says 4xx, is asked again', async () => {
    const { app } = stage;
    for (const mood of ['connect', 'recipient', 'data'] as const) {
      const fay = await mailed(['MENTIONED']);
      let refused = 0;
      mail.mood = (at) => {
        if (at !== mood) return null;
        refused += 1;
        return mood === 'connect' ? 'drop' : { code: 451 };
      };
      if (mood === 'connect') await mail.stop().then(() => mail.start());
      await mentions(fay);
      await triedAndWaiting(app);
      expect(refused).toBeGreaterThan(0);
      expect(await mailsTo(fay)).toEqual([]);
      mail.mood = () => null;
      app.clock.advance(60);
      await mailTo(fay);
      await runDueJobs(app);
      expect(await mailsTo(fay)).toHaveLength(1);
    }
  });

  test('that vanishes after it took a mail gets it again under the same Message-ID', async () => {
    const { app } = stage;
    const fay = await mailed(['MENTIONED']);
    mail.mood = (at) => (at === 'data' ? 'drop' : null);
    await mentions(fay);
    await triedAndWaiting(app);
    mail.mood = () => null;
    app.clock.advance(60);
    const mails = await eventually(
      () => mailsTo(fay),
      ({ length }) => length === 2,
    );
    expect(new Set(mails.map(({ messageId }) => messageId)).size).toBe(1);
    await runDueJobs(app);
  });

  test('that refuses an address for good is not asked again, and serves the others', async () => {
    const { app } = stage;
    const [fay, gil] = [await mailed(['MENTIONED']), await mailed(['MENTIONED'])];
    const gone = await addressOf(fay);
    let asked = 0;
    mail.mood = (at, address) => {
      if (at !== 'recipient' || address !== gone) return null;
      asked += 1;
      return { code: 550 };
    };
    for (const agent of [fay, gil]) await mentions(agent);
    await mailTo(gil);
    await runDueJobs(app);
    expect(await jobsLeft(app, 'send-mail')).toEqual([]);
    expect(asked).toBe(1);
    expect(await healthOf(app)).toBe('ok');
  });

  test('that hangs stops no other job, and not the server from stopping', async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => sockets.push(socket));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as { port: number };
    const app = await startTestApp({ ...from, SMTP_URL: `smtp://127.0.0.1:${port}`, LOG_LEVEL: 'silent' });
    const cast = await castOf(app);
    await wants(cast.ben, ['NEEDS_HUMAN'], ['EMAIL']);
    const rounds = 4;
    const start = async () => {
      const { startConversation } = await cast.dana.ask(
        'mutation { startConversation(input: { text: "Hello" }) { conversation { id } } }',
      );
      return startConversation.conversation.id as string;
    };
    for (const id of await Promise.all(Array.from({ length: rounds }, start))) await asksForHuman(cast.dana, id);
    await eventually(
      () => sockets.length,
      (connected) => connected > 0,
    );
    await eventually(
      () => jobsLeft(app, 'send-mail'),
      ({ length }) => length === rounds,
    );
    for (let round = 0; round < rounds; round++)
      await app.world.database.read(sql`select graphile_worker.add_job('forget-old')`);
    await eventually(
      () => jobsLeft(app, 'forget-old'),
      (jobs) => jobs.length === 0,
    );
    // Nor the followers of logs: the deadline of a turn that opens now is enqueued.
    const opened = await start();
    await eventually(
      () => jobsLeft(app, 'expire-ai-turn'),
      (jobs) => jobs.some(({ conversationId }) => conversationId === opened),
    );
    expect(await jobsLeft(app, 'send-mail')).toHaveLength(rounds);
    // All of that while the server was silent to the first.
    expect(sockets).toHaveLength(1);
    await cast.leave();
    await app.close();
    for (const socket of sockets) socket.destroy();
    silent.close();
  });

  test('gets a mail once also when its job runs several times at once, and later again', async () => {
    const { app } = stage;
    const fay = await mailed(['MENTIONED']);
    await mail.stop();
    await mentions(fay);
    await triedAndWaiting(app);
    const again = () =>
      app.world.database.read(sql`
        select graphile_worker.add_job('send-mail', json_build_object('notificationId', n.id))
        from notifications n, generate_series(1, 4) where n.agent_id = ${fay.id}`);
    await mail.start();
    await again();
    app.clock.advance(60);
    await runDueJobs(app);
    await again();
    await runDueJobs(app);
    expect(await mailsTo(fay)).toHaveLength(1);
  });

  test('that keeps one mail waiting for minutes is degraded, also when it takes others', async () => {
    const { app } = stage;
    const [fay, gil] = [await mailed(['MENTIONED']), await mailed(['MENTIONED'])];
    const slow = await addressOf(fay);
    mail.mood = (at, address) => (at === 'recipient' && address === slow ? { code: 450 } : null);
    for (const agent of [fay, gil]) {
      await mentions(agent);
      if (agent === fay) await triedAndWaiting(app);
    }
    await mailTo(gil);
    await eventually(
      () => healthOf(app),
      (health) => health === 'ok',
    );
    await app.world.database.read(sql`
      update graphile_worker._private_jobs set created_at = now() - interval '6 minutes' where last_error is not null`);
    expect(await healthOf(app)).toBe('degraded');
    mail.mood = () => null;
    app.clock.advance(60);
    await mailTo(fay);
    await runDueJobs(app);
    expect(await healthOf(app)).toBe('ok');
  });

  test('gets each mail once from two nodes on one database', async () => {
    const { app } = stage;
    const second = await startTestApp({ ...from }, { databaseUrl: app.databaseUrl });
    const fay = await mailed(['MENTIONED']);
    await Promise.all(Array.from({ length: 20 }, () => mentions(fay)));
    const mails = await eventually(
      () => mailsTo(fay),
      ({ length }) => length >= 20,
    );
    await runDueJobs(app);
    expect(new Set(mails.map(({ messageId }) => messageId)).size).toBe(20);
    expect(await mailsTo(fay)).toHaveLength(20);
    const [{ sent }] = (await app.world.database.read<{ sent: number }>(sql`
      select count(*)::int as sent from notification_deliveries d join notifications n on n.id = d.notification_id
      where n.agent_id = ${fay.id} and d.channel = 'EMAIL'`)) as [{ sent: number }];
    expect(sent).toBe(20);
    await second.close();
  });

  test('that is not configured is off, and what was written meanwhile stays unsent', async () => {
    const app = await startTestApp();
    const cast = await castOf(app);
    await wants(cast.ben, ['NEEDS_HUMAN'], ['EMAIL']);
    const { startConversation } = await cast.dana.ask<any>(
      'mutation { startConversation(input: { text: "Hello" }) { conversation { id } } }',
    );
    await asksForHuman(cast.dana, startConversation.conversation.id);
    await runDueJobs(app);
    expect(await jobsLeft(app, 'send-mail')).toEqual([]);
    expect(await healthOf(app)).toBe('off');
    await cast.leave();
    await app.close();
  });
});
