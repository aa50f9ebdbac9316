import { readdir, readFile } from 'node:fs/promises';
import {
  buildClientSchema,
  getIntrospectionQuery,
  type IntrospectionQuery,
  parse,
  TypeInfo,
  validate,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import { decodeJwt } from 'jose';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { hasChromium, launchChromium } from './support/chromium.js';
import { type DemoServer, startDemoServer } from './support/demoServer.js';
import { GraphiqlWindow } from './support/GraphiqlWindow.js';

const BEN = 'ben@acme.test';
const DANA = 'dana@example.test';
const soon = { timeout: 15_000, interval: 100 };

let server: DemoServer;
beforeAll(async () => {
  server = await startDemoServer();
}, 60_000);
afterAll(() => server?.stop());

describe.skipIf(!hasChromium)('GraphiQL in a browser', { timeout: 60_000 }, () => {
  let browser: Browser;
  let graphiql: GraphiqlWindow;
  beforeAll(async () => {
    browser = await launchChromium();
  }, 60_000);
  afterAll(() => browser?.close());
  beforeEach(async () => {
    graphiql = await GraphiqlWindow.open(browser, server.url);
  }, 60_000);
  afterEach(() => graphiql?.close());

  test('the page asks no other origin for anything, and its policy would not let it', async () => {
    await graphiql.run();
    await expect.poll(() => graphiql.response(), soon).toContain('"viewer"');

    const { host } = new URL(server.url);
    expect(graphiql.requested.filter((url) => new URL(url).host !== host && !url.startsWith('data:'))).toEqual([]);
    expect(graphiql.complaints).toEqual([]);
    const policy = graphiql.opened.headers()['content-security-policy'];
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("connect-src 'self';");
    expect(policy).toContain("frame-ancestors 'none'");
  });

  test('a query answers as the person picked in the menu, who is remembered', async () => {
    expect(await graphiql.whoAmI()).toBe(`You are ${nameOf(BEN)}, agent at Acme`);
    await graphiql.become(DANA);
    await graphiql.run();
    await expect.poll(() => graphiql.response(), soon).toContain(`"displayName": "${nameOf(DANA)}"`);

    await graphiql.page.reload();
    await expect.poll(() => graphiql.whoAmI(), soon).toBe(`You are ${nameOf(DANA)}, customer at Acme`);
  });

  test('a pasted token says whose it is, and is used', async () => {
    await graphiql.become('pasted');
    await graphiql.page.getByLabel('Bearer token').fill(tokenOf('gus@globex.test'));
    await graphiql.page.getByRole('button', { name: 'Use', exact: true }).click();
    await expect.poll(() => graphiql.whoAmI(), soon).toBe(`You are ${nameOf('gus@globex.test')}, admin at Globex`);
    await graphiql.run();
    await expect.poll(() => graphiql.response(), soon).toContain('"name": "Globex"');
  });

  test('a token that has expired is replaced by a fresh one without a word', async () => {
    await graphiql.page.route('**/graphql', (route) => {
      const expired = handleOf(route.request().headers().authorization) === BEN;
      return expired ? route.fulfill({ status: 401 }) : route.fallback();
    });
    await graphiql.page.route('**/demo/people', async (route) => {
      const response = await route.fetch();
      const { people } = (await response.json()) as Pick<DemoServer, 'people'>;
      const ben = { ...people.find((person) => person.handle === BEN), token: tokenOf('cleo@acme.test') };
      await route.fulfill({ response, json: { people: [ben] } });
    });
    await graphiql.run();
    await expect.poll(() => graphiql.response(), soon).toContain(nameOf('cleo@acme.test'));
  });

  test('a subscription shows a message that another person sends', async () => {
    const { id, customer } = await openConversationOf(BEN);
    await graphiql.openExample('MessageAdded');
    await expect.poll(() => graphiql.variables(), soon).toContain(`"conversationId": "${id}"`);
    await graphiql.run();
    await expect.poll(() => askUntilShown(customer, id, 'Is anybody there?'), patiently).toContain('Is anybody there?');
    expect(graphiql.complaints).toEqual([]);
  });

  test('an open subscription goes on as the person that one becomes', async () => {
    const { id, customer } = await openConversationOf(BEN);
    await graphiql.openExample('MessageAdded');
    await expect.poll(() => graphiql.variables(), soon).toContain(`"conversationId": "${id}"`);
    await graphiql.run();
    await expect.poll(() => signedInOnSocket(), soon).toEqual([BEN]);
    await graphiql.become('cleo@acme.test');
    await expect.poll(() => signedInOnSocket(), soon).toEqual([BEN, 'cleo@acme.test']);
    await expect.poll(() => askUntilShown(customer, id, 'Hello again?'), patiently).toContain('Hello again?');
  });

  test("an example's ids are ones that the person can see", async () => {
    await graphiql.openExample('TimelineItemAdded');
    await expect.poll(() => graphiql.variables(), soon).toMatch(/"conversationId": "\w+"/);
    const before = await graphiql.variables();
    await graphiql.become('hal@globex.test');
    await expect.poll(() => graphiql.variables(), soon).not.toBe(before);
    const { conversationId } = JSON.parse(await graphiql.variables()) as { conversationId: string };
    const data = await server.ask('hal@globex.test', 'query ($id: ID!) { node(id: $id) { id } }', {
      id: conversationId,
    });
    expect(data).toEqual({ node: { id: conversationId } });
  });

  test("a conversation's link opens it, at the first visit and at later ones", async () => {
    const { conversations } = await server.ask<{ conversations: { edges: { node: { id: string; url: string } }[] } }>(
      BEN,
      '{ conversations(last: 1) { edges { node { id url } } } }',
    );
    const { id, url } = conversations.edges[0]!.node;
    const firstVisit = await GraphiqlWindow.open(browser, url);
    await graphiql.page.goto(url);
    for (const visit of [firstVisit, graphiql]) {
      await expect.poll(() => visit.variables(), soon).toContain(id);
      await visit.become(BEN);
      await visit.run();
      await expect.poll(() => visit.response(), soon).toContain(`"id": "${id}"`);
      expect(visit.complaints).toEqual([]);
    }
    await firstVisit.close();
  });

  test('an example whose tab was closed opens again', async () => {
    const tabs = graphiql.page.getByRole('tab');
    const tab = tabs.filter({ has: graphiql.page.getByRole('button', { name: 'Inbox', exact: true }) });
    await tab.hover();
    await tab.getByRole('button', { name: 'Close Tab' }).click();
    await expect.poll(() => tab.count(), soon).toBe(0);
    await graphiql.openExample('Inbox');
    await expect.poll(() => tab.getAttribute('aria-selected'), soon).toBe('true');
    await graphiql.run();
    await expect.poll(() => graphiql.response(), soon).toContain('"conversations"');
  });

  // A stream without a cursor begins when the server has it, so the message is sent again until it shows.
  const patiently = { timeout: 30_000, interval: 1_000 };
  async function askUntilShown(handle: string, conversationId: string, text: string) {
    await server.ask(
      handle,
      'mutation ($id: ID!, $text: String) { sendMessage(input: { conversationId: $id, text: $text }) { errors { code } } }',
      { id: conversationId, text },
    );
    return graphiql.response();
  }

  function signedInOnSocket() {
    return graphiql.framesSent
      .map((frame) => JSON.parse(frame))
      .filter((message) => message.type === 'connection_init')
      .map((message) => handleOf(message.payload.authorization));
  }
});

describe('the page as it is served', () => {
  test('its parts are kept for ever, itself never, and neither is guessed at', async () => {
    const page = await fetch(server.url);
    const script = (await page.text()).match(/src="(.+?\.js)"/)?.[1] ?? 'no script';
    const part = await fetch(new URL(script, server.url));
    expect(part.status).toBe(200);
    expect(part.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(page.headers.get('cache-control')).toBe('no-cache');
    for (const { headers } of [page, part]) {
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
    }
  });
});

describe('the example operations', () => {
  test('each is valid, and each operation of the schema has one', async () => {
    const introspection = await server.ask<IntrospectionQuery>(BEN, getIntrospectionQuery());
    const schema = buildClientSchema(introspection);
    const shown = new Set<string>();
    for (const source of await exampleSources()) {
      const document = parse(source);
      const lookUps = [...source.matchAll(/^# Find \w+: (.+)$/gm)].map(([, selection]) => parse(`{ ${selection} }`));
      expect([document, ...lookUps].flatMap((it) => validate(schema, it))).toEqual([]);
      const types = new TypeInfo(schema);
      visit(
        document,
        visitWithTypeInfo(types, {
          Field: ({ name }) => void shown.add(`${types.getParentType()?.name}.${name.value}`),
        }),
      );
    }
    const operations = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].flatMap((type) =>
      Object.keys(type?.getFields() ?? {}).map((field) => `${type?.name}.${field}`),
    );
    expect(operations.filter((operation) => !shown.has(operation))).toEqual([]);
  });
});

async function exampleSources() {
  const folder = new URL('../../graphiql/examples/', import.meta.url);
  const names = await readdir(folder);
  return Promise.all(names.map((name) => readFile(new URL(name, folder), 'utf8')));
}

/** The first open conversation that this agent sees, and the handle of its customer. */
async function openConversationOf(handle: string) {
  const { conversations } = await server.ask<{
    conversations: { edges: { node: { id: string; customer: { displayName: string } } }[] };
  }>(
    handle,
    '{ conversations(first: 1, filter: { status: [OPEN] }) { edges { node { id customer { displayName } } } } }',
  );
  const node = conversations.edges[0]?.node;
  const customer = server.people.find((person) => person.displayName === node?.customer.displayName);
  if (!node || !customer) throw new Error(`${handle} sees no open conversation of a customer of the demo`);
  return { id: node.id, customer: customer.handle };
}

function nameOf(handle: string) {
  return server.people.find((person) => person.handle === handle)?.displayName ?? handle;
}

function tokenOf(handle: string) {
  return server.people.find((person) => person.handle === handle)?.token ?? '';
}

/** Whose token this is. The page has others than we, of the same people. */
function handleOf(authorization?: string): string | undefined {
  const { sub } = decodeJwt(authorization?.replace('Bearer ', '') ?? '');
  return server.people.find(({ token }) => decodeJwt(token).sub === sub)?.handle;
}
