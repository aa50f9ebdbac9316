import { print } from 'graphql';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sendMessage } from '../../src/actions/sendMessage.js';
import {
  ConversationDocument,
  ConversationUpdatedDocument,
  InboxUpdatedDocument,
  type InboxUpdatedSubscription,
  LeaveConversationDocument,
  MarkConversationReadDocument,
  ReopenConversationDocument,
  RequestHumanDocument,
  StatesOfInboxDocument,
  StatesOfPageDocument,
  type StatesOfPageQuery,
  TeamConversationDocument,
  TeamConversationUpdatedDocument,
  type TeamStateFragment,
  UpdateConversationDocument,
  WhisperDocument,
} from '../operations/generated.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { withoutBells } from '../support/bells.js';
import type { EventQueue } from '../support/EventQueue.js';
import { eventually } from '../support/eventually.js';
import type { Person } from '../support/Person.js';
import {
  does,
  handsBack,
  joins,
  newStage,
  participantsOf,
  resolves,
  says,
  takesOver,
  whispers,
} from '../support/stories.js';
import { valueIn, viewerOf } from '../support/streams.js';

const stage = newStage();

const update = (person: Person, conversationId: string, change: object) =>
  does(person, UpdateConversationDocument, { conversationId, ...change });
const reads = (person: Person, conversationId: string) =>
  does(person, MarkConversationReadDocument, { conversationId });
const notes = (person: Person, conversationId: string, text: string) =>
  does(person, WhisperDocument, { conversationId, text, audience: 'SELF' });

describe('conversationUpdated', () => {
  test('begins with the present state, and fires for what the viewer may read', async () => {
    const { dana, ben } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    await update(ben, conversationId, { subject: 'Parcel' });
    const stream = dana.follow(ConversationUpdatedDocument, { conversationId });
    expect(valueIn(await stream.next())).toMatchObject({ id: conversationId, subject: 'Parcel', handling: 'AI' });
    await takesOver(ben, conversationId);
    await stream.next((event) => valueIn(event).assignee?.id === ben.id);
    await says(ben, conversationId, 'Hello');
    await stream.next((event) => valueIn(event).lastMessage?.text === 'Hello' && valueIn(event).unreadCount === 1);
    await reads(dana, conversationId);
    await stream.next((event) => valueIn(event).unreadCount === 0);
    await update(ben, conversationId, { subject: 'Lost parcel' });
    await stream.next((event) => valueIn(event).subject === 'Lost parcel');
    await resolves(ben, conversationId);
    expect(valueIn(await stream.next()).status).toBe('RESOLVED');
    stream.stop();
  });

  test.each(['dana', 'bot'] as const)('%s hears nothing of what is the team’s (D7, D10)', async (name) => {
    const { ada, ben, cleo, dana } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    await takesOver(ben, conversationId);
    const stream = stage.cast[name].follow(ConversationUpdatedDocument, { conversationId });
    await stream.take(1);
    await whispers(cleo, conversationId, 'a secret');
    await notes(ben, conversationId, 'a note');
    await joins(ada, conversationId);
    await does(ada, LeaveConversationDocument, { conversationId });
    await update(ada, conversationId, { tags: ['vip'], priority: 'URGENT' });
    await reads(ben, conversationId);
    await update(ada, conversationId, { subject: 'marker' });
    expect(valueIn(await stream.next()).subject).toBe('marker');
    expect(stream.seen).toHaveLength(2);
    stream.stop();
  });

  test('the team hears of each of these', async () => {
    const { ada, ben, cleo, dana } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    await takesOver(ben, conversationId);
    const stream = ben.follow(TeamConversationUpdatedDocument, { conversationId });
    await stream.take(1);
    await whispers(cleo, conversationId, 'a secret');
    await stream.next((event) => valueIn(event).unreadCount === 2);
    await joins(ada, conversationId);
    await stream.next((event) => participantsOf(valueIn(event)).includes(ada.id));
    await does(ada, LeaveConversationDocument, { conversationId });
    await stream.next((event) => !participantsOf(valueIn(event)).includes(ada.id));
    await update(ada, conversationId, { tags: ['vip'] });
    await stream.next((event) => valueIn(event).tags!.includes('vip'));
    await update(ada, conversationId, { priority: 'URGENT' });
    await stream.next((event) => valueIn(event).priority === 'URGENT');
    await reads(ben, conversationId);
    await stream.next((event) => valueIn(event).unreadCount === 0);
    stream.stop();
  });

  test('an integration without WHISPERS_READ hears of tags, and not of whispers', async () => {
    const { ben, cleo, dana, reader } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    const stream = reader.follow(TeamConversationUpdatedDocument, { conversationId });
    await stream.take(1);
    await whispers(cleo, conversationId, 'a secret');
    await joins(ben, conversationId);
    await notes(ben, conversationId, 'a note');
    await update(ben, conversationId, { tags: ['vip'] });
    expect(valueIn(await stream.next())).toMatchObject({ tags: ['vip'] });
    expect(stream.seen).toHaveLength(2);
    stream.stop();
  });

  test('brings states of one moment each, however fast they change', async () => {
    const { ben, dana, crm } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    const streams = [ben, crm].map((viewer) => viewer.follow(TeamConversationUpdatedDocument, { conversationId }));
    const inbox = ben.follow(StatesOfInboxDocument, { filter: { customerId: dana.id } });
    await Promise.all([...streams, inbox].map((stream) => stream.take(1)));
    for (let round = 0; round < 30; round++) {
      await does(dana, RequestHumanDocument, { conversationId });
      await takesOver(ben, conversationId);
      await handsBack(ben, conversationId);
    }
    await update(ben, conversationId, { subject: 'marker' });
    for (const stream of streams) await stream.next((event) => valueIn(event).subject === 'marker');
    await inbox.next((event) => valueIn(event).conversation?.subject === 'marker');
    const states = [
      ...streams.flatMap((stream) => stream.seen.map(valueIn)),
      ...inbox.seen.slice(1).map((event) => valueIn(event).conversation!),
    ];
    for (const { handling, assignee, needsHuman, participants } of states) {
      expect([handling, assignee !== null, needsHuman !== null]).toBeOneOf([
        ['AI', false, false],
        ['UNATTENDED', false, true],
        ['HUMAN', true, false],
      ]);
      if (handling === 'HUMAN') expect(participants.map(({ actor }) => actor.id)).toContain(ben.id);
    }
    for (const stream of [...streams, inbox]) stream.stop();
  });

  test('one’s own note, or somebody else’s, changes no state', async () => {
    const { ben, cleo, dana } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    const stream = cleo.follow(TeamConversationUpdatedDocument, { conversationId });
    await stream.take(1);
    await notes(ben, conversationId, 'a note');
    await update(ben, conversationId, { tags: ['marker'] });
    expect(valueIn(await stream.next()).tags).toEqual(['marker']);
    expect(stream.seen).toHaveLength(2);
    stream.stop();
  });
});

describe('inboxUpdated', () => {
  const steps = (stream: EventQueue<{ data?: InboxUpdatedSubscription | null }>) =>
    stream.seen.map(valueIn).map(({ kind, conversation }) => [kind, conversation?.id]);

  test('says READY, then CHANGED for what matches the filter now and REMOVED for what does not', async () => {
    const { dana, ben } = stage.cast;
    const stream = ben.follow(InboxUpdatedDocument, { filter: { handling: ['UNATTENDED'] } });
    expect(valueIn(await stream.next())).toEqual({ kind: 'READY', conversation: null });
    const one = await stage.startedBy(dana);
    const step = async (kind: string, conversationId: string) =>
      stream.next((event) => valueIn(event).kind === kind && valueIn(event).conversation?.id === conversationId);
    await step('REMOVED', one);
    await does(dana, RequestHumanDocument, { conversationId: one });
    await step('CHANGED', one);
    const other = await stage.startedBy(dana);
    await step('REMOVED', other);
    await says(dana, one, 'Anybody?');
    await step('CHANGED', one);
    await takesOver(ben, one);
    expect(valueIn(await step('REMOVED', one)).conversation).toMatchObject({ handling: 'HUMAN' });
    stream.stop();
  });

  test('is about the viewer’s workspace alone', async () => {
    const { dana, gus, ivy } = stage.cast;
    const stream = gus.follow(InboxUpdatedDocument);
    await stream.take(1);
    const ofDana = await stage.startedBy(dana);
    await says(dana, ofDana, 'more');
    const ofIvy = await stage.startedBy(ivy);
    await stream.take(2);
    expect(steps(stream)).toEqual([
      ['READY', undefined],
      ['CHANGED', ofIvy],
    ]);
    stream.stop();
  });

  test('an integration hears of a whisper only with WHISPERS_READ, and nobody of a note (D10)', async () => {
    const { crm, reader, ben, dana } = stage.cast;
    const [whispered, marker] = [await stage.startedBy(dana), await stage.startedBy(dana)];
    const streams = [reader, crm].map((viewer) => viewer.follow(InboxUpdatedDocument));
    for (const stream of streams) await stream.take(1);
    await notes(ben, whispered, 'a note');
    await whispers(ben, whispered, 'a secret');
    await streams[1]!.take(2);
    await update(ben, marker, { tags: ['marker'] });
    for (const stream of streams) await stream.next((event) => valueIn(event).conversation?.id === marker);
    expect(steps(streams[0]!)).toEqual([
      ['READY', undefined],
      ['CHANGED', marker],
    ]);
    expect(steps(streams[1]!)).toEqual([
      ['READY', undefined],
      ['CHANGED', whispered],
      ['CHANGED', marker],
    ]);
    for (const stream of streams) stream.stop();
  });

  test('a filter over what the viewer may not see is FORBIDDEN when it is asked for', async () => {
    const { dana } = stage.cast;
    const stream = dana.follow(InboxUpdatedDocument, { filter: { tag: 'vip' } });
    expect((await stream.next()).errors![0]!.extensions!.code).toBe('FORBIDDEN');
  });

  test('a conversation whose transaction commits late, and whose bell is lost, is not passed over (F14)', async () => {
    const { dana, ben } = stage.cast;
    const [late, marker] = [await stage.startedBy(dana), await stage.startedBy(dana)];
    const stream = ben.follow(InboxUpdatedDocument);
    await stream.take(1);
    const touch = 'update conversations set team_version = team_version + 1 where id = $1';
    const slow = new Client({ connectionString: stage.app.databaseUrl });
    await slow.connect();
    await slow.query('begin');
    await slow.query(touch, [late]);
    // Nobody rings for this either: that it arrives shows that the sweep has passed.
    await stage.app.world.database.pool.query(touch, [marker]);
    await stream.next((event) => valueIn(event).conversation?.id === marker);
    await slow.query('commit');
    await slow.end();
    await stream.next((event) => valueIn(event).conversation?.id === late);
    stream.stop();
  });
});

describe('what was fetched, and the updates since, are what a fresh fetch would bring', () => {
  let other: TestApp;
  beforeAll(async () => {
    other = await startTestApp({}, { databaseUrl: stage.app.databaseUrl });
  });
  afterAll(() => other.close());

  test('for the customer, an agent and integrations, of the conversation and of the inbox, on both nodes (F8)', async () => {
    const { ada, ben, cleo, eli, reader, crm } = stage.cast;
    const ids = [await stage.startedBy(eli), await stage.startedBy(eli), await stage.startedBy(eli)];
    const filter = { customerId: eli.id, handling: ['HUMAN' as const, 'UNATTENDED' as const] };

    const atOther = [eli, ben, reader, crm].map((viewer) => viewer.at(other.url));
    const viewers = [eli, ben, reader, crm, ...atOther];
    const states = viewers.flatMap((viewer) =>
      ids.map((conversationId) => ({
        viewer,
        conversationId,
        stream: viewer.follow(
          print(viewer.id === eli.id ? ConversationUpdatedDocument : TeamConversationUpdatedDocument),
          { conversationId },
        ),
      })),
    );
    await Promise.all(states.map(({ stream }) => stream.take(1)));
    const inboxes = await Promise.all(
      viewers
        .filter(({ id }) => id !== eli.id)
        .map(async (viewer) => {
          const stream = viewer.follow(StatesOfInboxDocument, { filter });
          await stream.take(1);
          const page: StatesOfPageQuery = await viewer.ask(StatesOfPageDocument, { filter });
          return { viewer, stream, page: new Map(page.conversations.edges.map(({ node }) => [node.id, node])) };
        }),
    );

    const deeds: ((id: string) => Promise<unknown>)[] = [
      (id) => takesOver(ben, id),
      (id) => says(eli, id, 'Hello?'),
      (id) => whispers(cleo, id, 'psst'),
      (id) => says(ben, id, 'Hello!'),
      (id) => update(ada, id, { tags: ['vip'], priority: 'HIGH', subject: 'Parcel' }),
      (id) => reads(ben, id),
      (id) => handsBack(ben, id),
      (id) => does(eli, RequestHumanDocument, { conversationId: id }),
      (id) => joins(ada, id),
      (id) => resolves(ada, id),
      (id) => does(cleo, ReopenConversationDocument, { conversationId: id }),
      (id) => takesOver(cleo, id),
      (id) => reads(eli, id),
      (id) => says(cleo, id, 'I am here now'),
      (id) => notes(cleo, id, 'call back'),
      (id) => does(ada, LeaveConversationDocument, { conversationId: id }),
    ];
    // Three histories at once, two of them cut short: one ends handled by people, one by the AI agent, one resolved.
    const ends = [deeds.length, 7, 10];
    await Promise.all(
      ids.map(async (id, nr) => {
        for (const deed of deeds.slice(0, ends[nr])) await deed(id);
      }),
    );

    for (const { viewer, conversationId, stream } of states) {
      const document = viewer.id === eli.id ? ConversationDocument : TeamConversationDocument;
      const { conversation } = await viewer.ask(print(document), { id: conversationId });
      const isSame = (state: unknown) => JSON.stringify(state) === JSON.stringify(conversation);
      await eventually(() => valueIn(stream.seen.at(-1)!), isSame);
      stream.stop();
    }
    for (const { viewer, stream, page } of inboxes) {
      const fresh: StatesOfPageQuery = await viewer.ask(StatesOfPageDocument, { filter });
      const folded = () => {
        const rows = new Map<string, TeamStateFragment>(page);
        for (const event of stream.seen.slice(1)) {
          const { kind, conversation } = valueIn(event);
          if (kind === 'CHANGED') rows.set(conversation!.id, conversation!);
          else rows.delete(conversation!.id);
        }
        return byId([...rows.values()]);
      };
      const byId = (rows: TeamStateFragment[]) => JSON.stringify(rows.sort((a, b) => (a.id < b.id ? -1 : 1)));
      expect(fresh.conversations.edges).toHaveLength(2);
      await eventually(folded, (rows) => rows === byId(fresh.conversations.edges.map(({ node }) => node)));
      stream.stop();
    }
    for (const viewer of atOther) await viewer.leave();
  });

  test('also when the bell is lost', async () => {
    const { dana, ben } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    const stream = ben.follow(TeamConversationUpdatedDocument, { conversationId });
    const inbox = ben.follow(InboxUpdatedDocument);
    await Promise.all([stream.take(1), inbox.take(1)]);
    const viewer = await viewerOf(stage.app, dana);
    // The second comes when the sweep has seen the streams already.
    for (const text of ['unheard', 'unheard again']) {
      await sendMessage(withoutBells(stage.app.world), viewer, { conversationId, text });
      await stream.next((event) => valueIn(event).lastMessage?.text === text);
      await inbox.next((event) => valueIn(event).conversation?.id === conversationId);
    }
    stream.stop();
    inbox.stop();
  });
});
