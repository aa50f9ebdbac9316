import { describe, expect, test } from 'vitest';
import {
  AiTurnOpenedDocument,
  InboxDocument,
  InboxUpdatedDocument,
  NodeDocument,
  StartConversationDocument,
} from '../operations/generated.js';
import { newPerson, setDefaultAiAgent } from '../support/cast.js';
import {
  conversationOf,
  does,
  gists,
  newStage,
  participantsOf,
  says,
  teamConversationOf,
  timelineOf,
} from '../support/stories.js';

const stage = newStage();

describe('a customer who starts a conversation', () => {
  test('gets an open one with their message, which the AI agent handles', async () => {
    const { dana, bot } = stage.cast;
    const { conversation, message, timelineEdge, timelineEdges } = await does(dana, StartConversationDocument, {
      text: '  Where is my parcel?\n',
      subject: ' Parcel ',
    });
    expect(conversation).toMatchObject({
      subject: 'Parcel',
      status: 'OPEN',
      handling: 'AI',
      assignee: null,
      aiAgent: { id: bot.id },
      lastMessage: { id: message!.id, text: 'Where is my parcel?' },
      unreadCount: 0,
    });
    expect(participantsOf(conversation!)).toEqual([dana.id]);
    expect(gists(timelineEdges)).toEqual(['STARTED', 'Where is my parcel?']);
    expect(timelineEdges.map(({ node }) => node.actor.id)).toEqual([dana.id, dana.id]);
    expect(timelineEdge).toEqual({ cursor: timelineEdges[1]!.cursor });
    expect(await timelineOf(dana, conversation!.id)).toEqual(['STARTED', 'Where is my parcel?']);
  });

  test('waits for an answer that the AI agent owes from then on', async () => {
    const { eli, bot } = stage.cast;
    const turns = bot.follow(AiTurnOpenedDocument);
    const conversationId = await stage.startedBy(eli, 'Are you open on Sunday?');
    const { data } = await turns.next((event) => event.data?.aiTurnOpened.conversation.id === conversationId);
    expect(data!.aiTurnOpened.unanswered).toMatchObject([{ text: 'Are you open on Sunday?' }]);
    expect(data!.aiTurnOpened.humanSpoke).toBeNull();
    turns.stop();
  });

  test('is heard in the inbox of their workspace and in no other', async () => {
    const { dana, ivy, ben, gus } = stage.cast;
    const acme = ben.follow(InboxUpdatedDocument);
    const globex = gus.follow(InboxUpdatedDocument);
    for (const inbox of [acme, globex]) expect((await inbox.next()).data!.inboxUpdated.kind).toBe('READY');
    const atAcme = await stage.startedBy(dana);
    const atGlobex = await stage.startedBy(ivy);
    expect((await acme.next()).data!.inboxUpdated).toMatchObject({ kind: 'CHANGED', conversation: { id: atAcme } });
    expect((await globex.next()).data!.inboxUpdated).toMatchObject({ kind: 'CHANGED', conversation: { id: atGlobex } });
    acme.stop();
    globex.stop();
  });

  test('is alone with the team: no other customer finds it', async () => {
    const { dana, eli } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    const { conversations } = await eli.ask(InboxDocument, { first: 100 });
    expect(conversations.edges.map(({ node }: { node: { id: string } }) => node.id)).not.toContain(conversationId);
    expect(await eli.ask(NodeDocument, { id: conversationId })).toEqual({ node: null });
  });

  test('finds nobody when the workspace has no default AI agent', async () => {
    const { app, cast } = stage;
    await setDefaultAiAgent(app, cast.acme, null);
    const { conversation } = await does(cast.dana, StartConversationDocument, { text: 'Anybody there?' });
    await setDefaultAiAgent(app, cast.acme, cast.bot.id);
    expect(conversation).toMatchObject({ handling: 'UNATTENDED', aiAgent: null });
    expect((await teamConversationOf(cast.ben, conversation!.id)).needsHuman).toBeNull();
  });

  test('finds nobody when the default AI agent is disabled', async () => {
    const { app, cast } = stage;
    const sleeper = await newPerson(app, app.url, cast.acme, 'Sleeping Bot', { kind: 'AI_AGENT' });
    await app.world.database.pool.query('update actors set active = false where id = $1', [sleeper.id]);
    await setDefaultAiAgent(app, cast.acme, sleeper.id);
    const { conversation } = await does(cast.dana, StartConversationDocument, { text: 'Anybody there?' });
    await setDefaultAiAgent(app, cast.acme, cast.bot.id);
    expect(conversation).toMatchObject({ handling: 'UNATTENDED', aiAgent: null });
  });

  test('names neither a customer nor a channel nor an external id: those are for integrations', async () => {
    const { dana } = stage.cast;
    const text = 'Hello';
    await stage.isForbidden(dana, StartConversationDocument, { text, customerId: dana.id });
    await stage.isForbidden(dana, StartConversationDocument, { text, channel: 'EMAIL' });
    await stage.isForbidden(dana, StartConversationDocument, { text, externalId: 'mail-1' });
  });
});

describe('an integration that starts a conversation', () => {
  test('does it for a customer, who is the actor', async () => {
    const { dana, crm } = stage.cast;
    const { conversation, timelineEdges } = await does(crm, StartConversationDocument, {
      text: 'By mail',
      customerId: dana.id,
      channel: 'EMAIL',
    });
    expect(timelineEdges.map(({ node }) => node.actor.id)).toEqual([dana.id, dana.id]);
    const asked = `{ conversation(id: "${conversation!.id}") { channel customer { id } } }`;
    const expected = { conversation: { channel: 'EMAIL', customer: { id: dana.id } } };
    expect(await dana.ask(asked)).toEqual(expected);
    expect((await conversationOf(dana, conversation!.id)).unreadCount).toBe(0);
  });

  test('has the channel API unless it names another', async () => {
    const { dana, crm } = stage.cast;
    const { conversation } = await does(crm, StartConversationDocument, { text: 'Beep', customerId: dana.id });
    expect(await dana.ask(`{ conversation(id: "${conversation!.id}") { channel } }`)).toEqual({
      conversation: { channel: 'API' },
    });
  });

  test('gets the first one again when it repeats an external id', async () => {
    const { dana, crm } = stage.cast;
    const input = { text: 'By mail', customerId: dana.id, externalId: 'mail-42' };
    const first = await does(crm, StartConversationDocument, input);
    const before = await stage.everythingWritten();
    const again = await does(crm, StartConversationDocument, { ...input, text: 'By mail, sent twice' });
    expect(again.conversation!.id).toBe(first.conversation!.id);
    expect(again.message).toEqual(first.message);
    expect(again.timelineEdges).toEqual([]);
    expect(await stage.everythingWritten()).toEqual(before);
  });

  test('has its external ids to itself', async () => {
    const { app, cast } = stage;
    const { dana, crm } = cast;
    const other = await newPerson(app, app.url, cast.acme, 'Other CRM', {
      kind: 'INTEGRATION',
      scopes: ['CONVERSATIONS_READ', 'MESSAGES_WRITE'],
    });
    const input = { text: 'By mail', customerId: dana.id, externalId: 'mail-43' };
    const first = await does(crm, StartConversationDocument, input);
    const second = await does(other, StartConversationDocument, input);
    expect(second.conversation!.id).not.toBe(first.conversation!.id);
  });

  test('reads nothing back without the scope to read', async () => {
    const { app, cast } = stage;
    const writer = await newPerson(app, app.url, cast.acme, 'Writer', {
      kind: 'INTEGRATION',
      scopes: ['MESSAGES_WRITE'],
    });
    const started = await does(writer, StartConversationDocument, { text: 'Beep', customerId: cast.eli.id });
    expect(started).toEqual({ conversation: null, message: null, timelineEdge: null, timelineEdges: [], errors: [] });
    const { conversations } = await cast.eli.ask(InboxDocument, { first: 1 });
    expect(await timelineOf(cast.eli, conversations.edges[0]!.node.id)).toEqual(['STARTED', 'Beep']);
  });

  test('needs a customer that is there', async () => {
    const { app, cast } = stage;
    const { crm, ivy, ben } = cast;
    const text = 'By mail';
    for (const customerId of [
      ivy.id,
      ben.id,
      app.world.ids.next('cust'),
      'nobody',
      'cust_\0',
      'cust_'.repeat(20_000),
    ]) {
      const refusal = await stage.refusal(crm, StartConversationDocument, { text, customerId });
      expect(refusal).toMatchObject({ code: 'NOT_FOUND', path: ['customerId'] });
    }
    const refusal = await stage.refusal(crm, StartConversationDocument, { text });
    expect(refusal).toMatchObject({ code: 'INVALID_INPUT', path: ['customerId'] });
  });
});

test('agents, AI agents and integrations that may only read start none', async () => {
  const { ada, ben, bot, reader, dana } = stage.cast;
  for (const person of [ada, ben, bot, reader])
    await stage.isForbidden(person, StartConversationDocument, { text: 'Hello', customerId: dana.id });
});

test('a conversation without a word is none', async () => {
  const { dana } = stage.cast;
  for (const text of [undefined, null, '', ' \n\t ']) {
    const refusal = await stage.refusal(dana, StartConversationDocument, { text });
    expect(refusal).toMatchObject({ code: 'INVALID_INPUT', path: ['text'] });
  }
});

test('a customer may have several', async () => {
  const { eli } = stage.cast;
  const [first, second] = [await stage.startedBy(eli, 'One'), await stage.startedBy(eli, 'Two')];
  await says(eli, first, 'Still about one');
  expect(await timelineOf(eli, first)).toEqual(['STARTED', 'One', 'Still about one']);
  expect(await timelineOf(eli, second)).toEqual(['STARTED', 'Two']);
});
