import { importJWK, jwtVerify } from 'jose';
import sql from 'sql-template-tag';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import webPush from 'web-push';
import {
  DeactivateAgentDocument,
  PushPublicKeyDocument,
  RegisterPushDocument,
  RemovePushDocument,
  TransferConversationDocument,
  WhisperDocument,
} from '../operations/generated.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { castOf, newPerson } from '../support/cast.js';
import { eventually } from '../support/eventually.js';
import { runDueJobs } from '../support/jobs.js';
import { wants } from '../support/notifications.js';
import type { Person } from '../support/Person.js';
import { type Browser, PushVendor } from '../support/PushVendor.js';
import { asksForHuman, does, newStage } from '../support/stories.js';

const vendor = await PushVendor.start();
const keys = webPush.generateVAPIDKeys();
const vapid = {
  VAPID_PUBLIC_KEY: keys.publicKey,
  VAPID_PRIVATE_KEY: keys.privateKey,
  VAPID_SUBJECT: 'mailto:ops@acme.test',
};
const stage = newStage({ ...vapid, ALLOW_PRIVATE_ADDRESSES: '1', LOG_LEVEL: 'silent' });
afterAll(() => vendor.stop());
beforeEach(() => {
  vendor.mood = () => ({ status: 201 });
});

let made = 0;
const registers = (agent: Person, { subscription }: Browser) => does(agent, RegisterPushDocument, subscription);
/** A new agent of Acme who is pushed when mentioned, in so many browsers. */
async function pushed(browsers = 1): Promise<{ agent: Person; browsers: Browser[] }> {
  const { app, cast } = stage;
  const agent = await newPerson(app, app.url, cast.acme, `Agent ${++made}`, { kind: 'AGENT' });
  await wants(agent, ['MENTIONED', 'TRANSFER_REQUESTED'], ['WEB_PUSH']);
  const theirs = Array.from({ length: browsers }, () => vendor.browser(`of-${++made}`));
  for (const browser of theirs) await registers(agent, browser);
  return { agent, browsers: theirs };
}
async function mentions(agent: Person, text = 'Look here'): Promise<string> {
  const conversationId = await stage.startedBy(stage.cast.dana);
  await does(stage.cast.ben, WhisperDocument, { conversationId, text, mentionIds: [agent.id] });
  return conversationId;
}
const arrives = (browser: Browser, count = 1) =>
  eventually(
    () => vendor.at(browser),
    ({ length }) => length >= count,
  );
const failedPushes = (app: TestApp, count = 1) =>
  eventually(
    () =>
      app.world.database.read<{ error: string | null }>(sql`
        select j.last_error as error from graphile_worker._private_jobs j
        join graphile_worker._private_tasks t on t.id = j.task_id where t.identifier = 'send-push'`),
    (jobs) => jobs.length >= count && jobs.every(({ error }) => error !== null),
  );
const endpointsOf = async (agent: Person) => {
  const rows = await stage.app.world.database.read<{ endpoint: string }>(sql`
    select endpoint from push_subscriptions where agent_id = ${agent.id} order by created_at, id`);
  return rows.map(({ endpoint }) => endpoint);
};

describe('a push', () => {
  test('reaches every browser of its agent, says what and where, and only that browser can read it', async () => {
    const { agent, browsers } = await pushed(2);
    const conversationId = await mentions(agent, 'canary');
    for (const browser of browsers) {
      const [push] = await arrives(browser);
      const payload = browser.read(push!);
      expect(payload).toEqual({
        kind: 'MENTIONED',
        title: 'Ben mentioned you in the conversation with Dana',
        url: `${stage.app.url}/conversations/${conversationId}`,
      });
      expect(() => browsers.find((other) => other !== browser)!.read(push!)).toThrow();
      expect(push!.headers).toMatchObject({ 'content-encoding': 'aes128gcm', ttl: '86400' });
      const [, token, key] = /^vapid t=([^,]+), k=(.+)$/.exec(push!.headers.authorization!)!;
      expect(key).toBe(keys.publicKey);
      const point = Buffer.from(keys.publicKey, 'base64url');
      const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((half) => half.toString('base64url'));
      const { payload: claims } = await jwtVerify(
        token!,
        await importJWK({ kty: 'EC', crv: 'P-256', x: x!, y: y! }, 'ES256'),
        {
          audience: vendor.origin,
        },
      );
      expect(claims.sub).toBe(vapid.VAPID_SUBJECT);
    }
    await runDueJobs(stage.app);
    for (const browser of browsers) expect(vendor.at(browser)).toHaveLength(1);
  });

  test('holds no word of an offer’s note', async () => {
    const { agent, browsers } = await pushed();
    const conversationId = await stage.takenOverBy(stage.cast.ben);
    await does(stage.cast.ben, TransferConversationDocument, { conversationId, toAgentId: agent.id, note: 'canary' });
    const [push] = await arrives(browsers[0]!);
    expect(Object.keys(browsers[0]!.read(push!) as object)).toEqual(['kind', 'title', 'url']);
    expect(JSON.stringify(browsers[0]!.read(push!))).not.toContain('canary');
  });

  test.each([404, 410])('to a browser that is gone (%i) is its last', async (status) => {
    const { agent, browsers } = await pushed(2);
    const [gone, here] = browsers as [Browser, Browser];
    vendor.mood = (path) => ({ status: gone.endpoint.endsWith(path) ? status : 201 });
    await mentions(agent);
    await arrives(gone);
    await runDueJobs(stage.app);
    expect(await endpointsOf(agent)).toEqual([here.endpoint]);
    await mentions(agent);
    await arrives(here, 2);
    await runDueJobs(stage.app);
    expect(vendor.at(gone)).toHaveLength(1);
  });

  test.each([429, 500])('that its service answers with %i comes again', async (status) => {
    const { agent, browsers } = await pushed();
    vendor.mood = () => ({ status });
    await mentions(agent);
    await failedPushes(stage.app);
    vendor.mood = () => ({ status: 201 });
    stage.app.clock.advance(60);
    const [first, second] = await arrives(browsers[0]!, 2);
    await runDueJobs(stage.app);
    expect(vendor.at(browsers[0]!)).toHaveLength(2);
    expect(second!.headers.topic).toBe(first!.headers.topic);
    expect(await endpointsOf(agent)).toHaveLength(1);
  });

  test('follows no redirect', async () => {
    const { agent, browsers } = await pushed();
    const elsewhere = vendor.browser('elsewhere');
    vendor.mood = () => ({ status: 307, location: elsewhere.endpoint });
    await mentions(agent);
    const [job] = await failedPushes(stage.app);
    expect(job!.error).toContain('307');
    vendor.mood = () => ({ status: 201 });
    stage.app.clock.advance(60);
    await arrives(browsers[0]!, 2);
    await runDueJobs(stage.app);
    expect(vendor.at(elsewhere)).toEqual([]);
  });

  test('does not come to who was deactivated, or to whose browser another signed in since', async () => {
    const { app, cast } = stage;
    const [fay, gil] = [await pushed(), await pushed()];
    vendor.mood = () => ({ status: 503 });
    await mentions(fay.agent);
    await mentions(gil.agent);
    await failedPushes(app, 2);
    await does(cast.ada, DeactivateAgentDocument, { agentId: fay.agent.id });
    await registers(cast.cleo, gil.browsers[0]!);
    vendor.mood = () => ({ status: 201 });
    vendor.pushes.length = 0;
    app.clock.advance(60);
    await runDueJobs(app);
    expect(vendor.pushes).toEqual([]);
  });
});

describe('a browser', () => {
  test('learns the key that it needs, and null where no push is sent', async () => {
    const { viewer } = await stage.cast.ben.ask(PushPublicKeyDocument);
    expect(viewer.profile!.pushPublicKey).toBe(keys.publicKey);
    const app = await startTestApp();
    const cast = await castOf(app);
    expect((await cast.ben.ask(PushPublicKeyDocument)).viewer.profile!.pushPublicKey).toBeNull();
    await cast.leave();
    await app.close();
  });

  test('that is registered again is registered once, and by another agent is theirs', async () => {
    const [{ agent: fay, browsers }, { agent: gil }] = [await pushed(), await pushed(0)];
    await registers(fay, browsers[0]!);
    expect(await endpointsOf(fay)).toEqual([browsers[0]!.endpoint]);
    await registers(gil, browsers[0]!);
    expect(await endpointsOf(fay)).toEqual([]);
    expect(await endpointsOf(gil)).toEqual([browsers[0]!.endpoint]);
    const endpoint = browsers[0]!.endpoint;
    await does(fay, RemovePushDocument, { endpoint });
    expect(await endpointsOf(gil)).toEqual([endpoint]);
    await does(gil, RemovePushDocument, { endpoint });
    await does(gil, RemovePushDocument, { endpoint });
    expect(await endpointsOf(gil)).toEqual([]);
  });

  test('of more than 20 the oldest goes', async () => {
    const { agent, browsers } = await pushed(21);
    expect(await endpointsOf(agent)).toEqual(browsers.slice(1).map(({ endpoint }) => endpoint));
  });

  const good = vendor.browser('good').subscription;
  const point = Buffer.from(good.p256dh, 'base64url');
  const withFirst = (byte: number) => Buffer.concat([Buffer.of(byte), point.subarray(1)]).toString('base64url');
  test.each<[string, Partial<typeof good>]>([
    ['http', { endpoint: good.endpoint.replace('https', 'http') }],
    ['another protocol', { endpoint: 'ftp://push.example.test/1' }],
    ['a very long endpoint', { endpoint: `https://push.example.test/${'x'.repeat(2000)}` }],
    ['no key', { p256dh: '' }],
    ['a key that is too short', { p256dh: point.subarray(1).toString('base64url') }],
    ['a key of another form', { p256dh: withFirst(3) }],
    ['a key that is no point of the curve', { p256dh: Buffer.alloc(65, 4).toString('base64url') }],
    ['a key and something after it', { p256dh: `${good.p256dh}\n` }],
    ['a key in base64', { p256dh: point.toString('base64') }],
    ['a secret that is too short', { auth: Buffer.alloc(15).toString('base64url') }],
    ['a padded secret', { auth: `${good.auth}==` }],
  ])('with %s is refused, and nothing is registered', async (_, wrong) => {
    const { ben } = stage.cast;
    const refusal = await stage.refusal(ben, RegisterPushDocument, { ...good, ...wrong });
    expect(refusal).toMatchObject({ code: 'INVALID_INPUT', path: Object.keys(wrong) });
    expect(await endpointsOf(ben)).toEqual([]);
  });
});

test('no push goes to a private address unless the operator allows that (G7)', async () => {
  const app = await startTestApp({ ...vapid, LOG_LEVEL: 'silent' });
  const cast = await castOf(app);
  await wants(cast.ben, ['NEEDS_HUMAN'], ['WEB_PUSH']);
  const { port } = new URL(vendor.origin);
  const byName = { ...vendor.browser('by-name').subscription, endpoint: `https://localhost:${port}/by-name` };
  const byNumber = { ...vendor.browser('by-number').subscription, endpoint: `https://2130706433:${port}/by-number` };
  for (const subscription of [vendor.browser('plain').subscription, byName, byNumber]) {
    await does(cast.ben, RegisterPushDocument, subscription);
  }
  vendor.pushes.length = 0;
  const { startConversation } = await cast.dana.ask(
    'mutation { startConversation(input: { text: "Hello" }) { conversation { id } } }',
  );
  await asksForHuman(cast.dana, startConversation.conversation.id);
  const jobs = await failedPushes(app, 3);
  expect(jobs).toHaveLength(3);
  for (const { error } of jobs) expect(error).toContain('is not allowed');
  expect(vendor.pushes).toEqual([]);
  await cast.leave();
  await app.close();
});
