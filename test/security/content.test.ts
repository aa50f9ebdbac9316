import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.js';
import { newStage } from '../support/stories.js';
import { post, send } from './http.js';
import { exchange, request, statusOf } from './rawHttp.js';

const stage = newStage();

const scripts = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  '<svg/onload=alert(1)>',
  "javascript:alert('1')",
  '[click](javascript:alert(1))',
  '</script><!--',
  '&lt;b&gt; &amp;',
  '{{constructor.constructor("alert(1)")()}}',
];

describe('what would be a script in a page', () => {
  test.each(scripts)(
    'comes back as it was written, as JSON that no browser takes for a page: %s (G4)',
    async (script) => {
      const { dana, ada, ben } = stage.cast;
      const conversationId = await stage.takenOverBy(ben);
      const id = JSON.stringify(conversationId);
      const text = JSON.stringify(script);
      const tell = [
        [dana, `mutation { sendMessage(input: { conversationId: ${id}, text: ${text} }) { errors { code } } }`],
        [ben, `mutation { whisper(input: { conversationId: ${id}, text: ${text} }) { errors { code } } }`],
        [
          ben,
          `mutation { updateConversation(input: { conversationId: ${id}, subject: ${text}, tags: [${text}] }) { errors { code } } }`,
        ],
        [ada, `mutation { updateAgent(input: { agentId: "${ben.id}", displayName: ${text} }) { errors { code } } }`],
      ] as const;
      for (const [person, mutation] of tell) {
        const [payload] = Object.values(await person.ask(mutation)) as { errors: object[] }[];
        expect(payload!.errors).toEqual([]);
      }
      const query = `{ conversation(id: ${id}) { subject tags assignee { displayName }
      lastMessage { text } whispers(last: 1) { edges { node { text } } } } }`;
      const { data, headers } = await post(stage.app.url, ben.token, { query });
      expect(data).toEqual({
        conversation: {
          subject: script,
          tags: [script],
          assignee: { displayName: script },
          lastMessage: { text: script },
          whispers: { edges: [{ node: { text: script } }] },
        },
      });
      expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
    },
  );

  test.each(scripts)('is JSON also in a refusal, and a path that is not there is not told: %s (G4)', async (script) => {
    const encoded = encodeURIComponent(script);
    const answers = await Promise.all([
      send(stage.app.url, { path: `/graphql?query=${encoded}`, headers: { accept: 'text/html, */*' } }),
      send(stage.app.url, {
        path: `/graphql?query=${encoded}`,
        headers: { 'apollo-require-preflight': '1', accept: '*/*' },
      }),
      post(stage.app.url, stage.cast.ben.token, { query: `{ node(id: 1, ${script}) { id } }` }),
      send(stage.app.url, { path: `/${encoded}?${encoded}` }),
    ]);
    for (const { status, headers } of answers) {
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(500);
      expect(headers.get('content-type')).toMatch(/json/);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
    }
    expect(answers[3]!.text).not.toContain(script);
  });
});

describe('a path that leads out of the folder of the page', () => {
  let withPage: TestApp;
  beforeAll(async () => {
    withPage = await startTestApp({ GRAPHIQL: '1', LOG_LEVEL: 'silent' });
  });
  afterAll(() => withPage.close());

  test.each([
    '/../main.js',
    '/../../package.json',
    '/%2e%2e/%2e%2e/package.json',
    '/..%2f..%2fpackage.json',
    '/..%5c..%5cpackage.json',
    '/assets/../../main.js',
    '/assets/%2e%2e/%2e%2e/main.js',
    '/%252e%252e/package.json',
    '//etc/passwd',
    '/./.././../../../../../../etc/passwd',
    '/index.html%00.png',
    '/index.html/../../main.js',
  ])('%s leads nowhere (G9)', async (path) => {
    const answer = await exchange(withPage.url, request(`GET ${path}`, []));
    expect([400, 404]).toContain(statusOf(answer));
    expect(answer).not.toMatch(/root:|"dependencies"|import /);
  });
});
