import { afterAll, describe, expect, test } from 'vitest';
import { ConfigError, readConfig } from '../../src/config.js';
import { startTestApp } from '../support/app.js';
import { castOf } from '../support/cast.js';
import { newStage, whispers } from '../support/stories.js';

const stage = newStage();
const own = {
  CONVERSATION_URL: 'https://desk.example.test/c/{id}?from={id}',
  PUBLIC_URL: 'https://parley.example.test/',
};
const apps: { close(): Promise<void> }[] = [];
afterAll(async () => {
  for (const app of apps) await app.close();
});
async function startApp(settings: Record<string, string>) {
  const app = await startTestApp(settings);
  apps.push(app);
  return app;
}

const urls = `query ($id: ID!) { conversation(id: $id) { url timeline(last: 100) { edges { node { __typename id url } } } } }`;

describe('a link', () => {
  test('of a conversation and of each of its entries leads to a page of Parley’s own', async () => {
    const { app, cast } = stage;
    const id = await stage.takenOverBy(cast.ben);
    await whispers(cast.ben, id, 'Psst');
    const { conversation } = await cast.ben.ask(urls, { id });
    expect(conversation.url).toBe(`${app.url}/conversations/${id}`);
    const entries = conversation.timeline.edges.map(({ node }: any) => node);
    expect(new Set(entries.map(({ __typename }: any) => __typename)).size).toBe(3);
    for (const entry of entries) expect(entry.url).toBe(`${conversation.url}#${entry.id}`);
    expect((await fetch(conversation.url)).status).toBe(200);
    expect((await cast.dana.ask(urls, { id })).conversation.url).toBe(conversation.url);
  });

  test('has the form that the operator chose', async () => {
    const app = await startApp(own);
    const cast = await castOf(app);
    const { startConversation } = await cast.dana.ask(
      'mutation { startConversation(input: { text: "Hello" }) { conversation { id url } } }',
    );
    const { id, url } = startConversation.conversation;
    expect(url).toBe(`https://desk.example.test/c/${id}?from=${id}`);
    await cast.leave();
  });

  test('begins with PUBLIC_URL without a form', async () => {
    const app = await startApp({ PUBLIC_URL: own.PUBLIC_URL });
    const cast = await castOf(app);
    const { startConversation } = await cast.dana.ask(
      'mutation { startConversation(input: { text: "Hello" }) { conversation { id url } } }',
    );
    const { id, url } = startConversation.conversation;
    expect(url).toBe(`https://parley.example.test/conversations/${id}`);
    await cast.leave();
  });
});

describe('the page of a link', () => {
  test('says the same of a conversation that is there and of one that is not, and runs nothing', async () => {
    const { app, cast } = stage;
    const ids = [await stage.startedBy(cast.dana), app.world.ids.next('conv'), 'nothing'];
    const pages = await Promise.all(
      ids.map(async (id) => {
        const response = await fetch(`${app.url}/conversations/${id}`);
        const policy = response.headers.get('content-security-policy')!;
        expect(policy).toContain("default-src 'none'");
        expect(policy).not.toContain('unsafe');
        return [response.status, (await response.text()).replaceAll(id, 'ID')];
      }),
    );
    expect(pages).toEqual([pages[0], pages[0], pages[0]]);
    expect(pages[0]![1]).toContain('CONVERSATION_URL');
  });

  test('shows whatever stands in the link as text', async () => {
    const response = await fetch(`${stage.app.url}/conversations/${encodeURIComponent('<script>"$&\'</script>')}`);
    const page = await response.text();
    expect(page).toContain('&#60;script&#62;&#34;$&#38;&#39;&#60;/script&#62;');
    expect(page).not.toContain('<script');
  });

  test('is GraphiQL where that is served, and no other site', async () => {
    const app = await startApp({ GRAPHIQL: '1' });
    for (const id of ['conv_1', '//evil.test', 'a&b=c#d', '\r\nset-cookie: a=b']) {
      const response = await fetch(`${app.url}/conversations/${encodeURIComponent(id)}`, { redirect: 'manual' });
      expect(response.status).toBe(302);
      const location = new URL(response.headers.get('location')!, app.url);
      expect([location.origin, location.pathname, location.hash]).toEqual([app.url, '/', '']);
      expect([...location.searchParams]).toEqual([['conversation', id]]);
      expect(response.headers.has('set-cookie')).toBe(false);
    }
  });
});

describe('a setting', () => {
  test.each<[string, Record<string, string>]>([
    ['MAIL_FROM', { SMTP_URL: 'smtp://127.0.0.1' }],
    ['MAIL_FROM', { SMTP_URL: 'smtp://127.0.0.1', MAIL_FROM: 'A <a@acme.test>, B <b@acme.test>' }],
    ['MAIL_FROM', { SMTP_URL: 'smtp://127.0.0.1', MAIL_FROM: 'a@acme.test\nBcc: b@acme.test' }],
    ['SMTP_URL', { SMTP_URL: 'http://127.0.0.1', MAIL_FROM: 'a@acme.test' }],
    ['VAPID_PUBLIC_KEY', { VAPID_SUBJECT: 'mailto:ops@acme.test' }],
    ['VAPID_PRIVATE_KEY', { VAPID_PRIVATE_KEY: 'c2hvcnQ' }],
    ['CONVERSATION_URL', { CONVERSATION_URL: 'https://desk.example.test/c' }],
    ['CONVERSATION_URL', { CONVERSATION_URL: 'javascript:alert({id})' }],
  ])('of mail, push or links that is wrong is named in one line: %s', (name, settings) => {
    expect(() => readConfig(settings)).toThrow(ConfigError);
    expect(() => readConfig(settings)).toThrow(new RegExp(`^${name}.*$`));
  });
});
