import { print } from 'graphql';
import { describe, expect, test } from 'vitest';
import {
  AiTurnOpenedDocument,
  ConversationUpdatedDocument,
  InboxUpdatedDocument,
  MessageAddedDocument,
  TimelineItemAddedDocument,
  UpdateConversationDocument,
  WhisperAddedDocument,
  WhisperDocument,
} from '../operations/generated.js';
import type { Person } from '../support/Person.js';
import { RawSocket } from '../support/RawSocket.js';
import { does, gists, newStage, says, takesOver, whispers } from '../support/stories.js';
import { refusalOf, valueIn, valuesIn, wholeTimeline } from '../support/streams.js';

const stage = newStage();

const notes = (person: Person, conversationId: string, text: string) =>
  does(person, WhisperDocument, { conversationId, text, audience: 'SELF' });

/** Dana and two agents, with everything that only some may see. `pause` comes in the middle. */
async function story(pause: (conversationId: string) => Promise<void> | void = () => {}): Promise<string> {
  const { dana, ben, cleo } = stage.cast;
  const conversationId = await stage.startedBy(dana, 'question');
  await notes(cleo, conversationId, 'note of Cleo before');
  await takesOver(ben, conversationId);
  await whispers(cleo, conversationId, 'whisper of Cleo');
  await notes(cleo, conversationId, 'note of Cleo');
  await pause(conversationId);
  await notes(ben, conversationId, 'note of Ben');
  await notes(ben, conversationId, 'second note of Ben');
  await says(ben, conversationId, 'answer');
  await whispers(ben, conversationId, 'whisper of Ben');
  await says(dana, conversationId, 'thanks');
  await notes(ben, conversationId, 'last note of Ben');
  return conversationId;
}

const everyones = ['STARTED', 'question', 'TAKEN_OVER', 'answer', 'thanks'];
const teams = [
  ...['STARTED', 'question', 'TAKEN_OVER', 'JOINED', 'whisper of Cleo'],
  ...['answer', 'whisper of Ben', 'thanks'],
];
const cleos = [
  ...['STARTED', 'question', 'note of Cleo before', 'TAKEN_OVER', 'JOINED', 'whisper of Cleo', 'note of Cleo'],
  ...['answer', 'whisper of Ben', 'thanks'],
];
const bens = [
  ...['STARTED', 'question', 'TAKEN_OVER', 'JOINED', 'whisper of Cleo', 'note of Ben', 'second note of Ben'],
  ...['answer', 'whisper of Ben', 'thanks', 'last note of Ben'],
];

/** Each viewer of the story, and all that they are ever told. */
const views = [
  ['dana', everyones],
  ['bot', everyones],
  ['reader', everyones],
  ['crm', teams],
  ['ada', teams],
  ['cleo', cleos],
  ['ben', bens],
] as const;

describe('a stream of a conversation', () => {
  test.each(views)(
    '%s is told what they may see, from the log and live alike, each once and in order',
    async (name, all) => {
      const viewer = stage.cast[name];
      let stream!: ReturnType<typeof follow>;
      const follow = (conversationId: string) =>
        viewer.follow(TimelineItemAddedDocument, { conversationId, after: '' });
      const conversationId = await story(async (id) => {
        stream = follow(id);
        await stream.take(3);
      });
      const heard = await valuesIn(stream, all.length);
      expect(gists(heard)).toEqual(all);
      expect(heard).toEqual(await wholeTimeline(viewer, conversationId));
      await says(stage.cast.dana, conversationId, 'marker');
      expect(gists([valueIn(await stream.next())])).toEqual(['marker']);
      stream.stop();
    },
  );

  test.each(views)(
    '%s goes on from every cursor that they were ever given, without gap or duplicate (F16)',
    async (name, all) => {
      const viewer = stage.cast[name];
      const conversationId = await story();
      const edges = await wholeTimeline(viewer, conversationId);
      expect(new Set(edges.map(({ cursor }) => cursor)).size).toBe(all.length);
      const streams = edges.map(({ cursor }) =>
        viewer.follow(TimelineItemAddedDocument, { conversationId, after: cursor }),
      );
      await Promise.all(streams.slice(0, -1).map((stream, nr) => stream.take(all.length - nr - 1)));
      await says(stage.cast.dana, conversationId, 'marker');
      for (const [nr, stream] of streams.entries()) {
        expect(gists(await valuesIn(stream, all.length - nr))).toEqual([...all.slice(nr + 1), 'marker']);
        stream.stop();
      }
    },
  );

  test('the cursor of a page, of a mutation and of a stream is the same', async () => {
    const { dana } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    const stream = dana.follow(TimelineItemAddedDocument, { conversationId, after: '' });
    const { timelineEdge, timelineEdges } = await says(dana, conversationId, 'one more thing');
    const heard = await valuesIn(stream, 3);
    expect(timelineEdges).toEqual(heard.slice(2));
    expect(timelineEdge!.cursor).toBe(heard[2]!.cursor);
    stream.stop();
  });

  test('without a cursor it begins now', async () => {
    const { dana, ben } = stage.cast;
    const conversationId = await story();
    const stream = ben.follow(TimelineItemAddedDocument, { conversationId });
    let sent = 0;
    while (stream.seen.length === 0) await says(dana, conversationId, `now ${sent++}`);
    await says(dana, conversationId, 'marker');
    await stream.next((event) => gists([valueIn(event)])[0] === 'marker');
    const heard = gists(stream.seen.map(valueIn));
    expect(heard).toEqual([...Array.from({ length: sent }, (_, nr) => `now ${nr}`), 'marker'].slice(-heard.length));
    expect(heard.length).toBeLessThanOrEqual(sent + 1);
    stream.stop();
  });

  test('messages alone, with the cursors of the timeline', async () => {
    const { dana, ben } = stage.cast;
    for (const viewer of [dana, ben]) {
      const conversationId = await story();
      const timeline = await wholeTimeline(viewer, conversationId);
      const messages = timeline.filter(({ node }) => node.__typename === 'Message');
      const stream = viewer.follow(MessageAddedDocument, { conversationId, after: '' });
      const heard = await valuesIn(stream, 3);
      expect(heard.map(({ cursor, node }) => [cursor, node.text])).toEqual(
        messages.map(({ cursor, node }) => [cursor, (node as { text: string }).text]),
      );
      const fromTakeover = viewer.follow(MessageAddedDocument, {
        conversationId,
        after: timeline.find(({ node }) => 'kind' in node && node.kind === 'TAKEN_OVER')!.cursor,
      });
      expect((await valuesIn(fromTakeover, 2)).map(({ node }) => node.text)).toEqual(['answer', 'thanks']);
      stream.stop();
      fromTakeover.stop();
    }
  });

  test.each([
    ['ada', ['whisper of Cleo', 'whisper of Ben']],
    ['crm', ['whisper of Cleo', 'whisper of Ben']],
    ['cleo', ['note of Cleo before', 'whisper of Cleo', 'note of Cleo', 'whisper of Ben']],
    ['ben', ['whisper of Cleo', 'note of Ben', 'second note of Ben', 'whisper of Ben', 'last note of Ben']],
  ] as const)('whispers alone: %s gets all of the team’s, and of the notes only their own', async (name, whispered) => {
    const viewer = stage.cast[name];
    const conversationId = await story();
    const stream = viewer.follow(WhisperAddedDocument, { conversationId, after: '' });
    const [first] = await valuesIn(stream, whispered.length);
    const resumed = viewer.follow(WhisperAddedDocument, { conversationId, after: first!.cursor });
    await whispers(stage.cast.ada, conversationId, 'marker');
    const texts = (heard: { node: { text: string } }[]) => heard.map(({ node }) => node.text);
    expect(texts(await valuesIn(stream, whispered.length + 1))).toEqual([...whispered, 'marker']);
    expect(texts(await valuesIn(resumed, whispered.length))).toEqual([...whispered.slice(1), 'marker']);
    stream.stop();
    resumed.stop();
  });

  test.each(['dana', 'bot', 'reader'] as const)('%s hears nothing of what is the team’s (D10)', async (name) => {
    const { ada, ben, cleo, dana } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    await takesOver(ben, conversationId);
    const timeline = stage.cast[name].follow(TimelineItemAddedDocument, { conversationId, after: '' });
    const messages = stage.cast[name].follow(MessageAddedDocument, { conversationId, after: '' });
    await Promise.all([timeline.take(3), messages.take(1)]);
    await whispers(cleo, conversationId, 'a secret');
    await notes(cleo, conversationId, 'a note');
    await does(ada, UpdateConversationDocument, { conversationId, tags: ['vip'], priority: 'HIGH' });
    await says(ben, conversationId, 'marker');
    expect(gists(await valuesIn(timeline, 4)).slice(3)).toEqual(['marker']);
    expect((await valuesIn(messages, 2))[1]!.node.text).toBe('marker');
    timeline.stop();
    messages.stop();
  });
});

describe('a cursor that is not one of this list', () => {
  const cursor = (...parts: unknown[]) => Buffer.from(JSON.stringify(parts)).toString('base64url');

  test.each([
    ['malformed', () => 'nonsense'],
    ['not base64url', () => '%%%'],
    ['of a page of conversations', (id: string) => cursor('c', 0, id)],
    ['with a text for a number', (id: string) => cursor('e', id, '1; drop table entries')],
    ['negative', (id: string) => cursor('e', id, -1)],
    ['with a fraction', (id: string) => cursor('e', id, 1.5)],
    ['beyond what numbers hold', (id: string) => cursor('e', id, 1e300)],
    ['with white space in it', (id: string) => Buffer.from(`["e", "${id}", 1]`).toString('base64url')],
    ['with something after it', (id: string) => `${cursor('e', id, 1)}=`],
    ['of the future', (id: string) => cursor('e', id, 3)],
    ['of an agent, with a customer', (id: string) => cursor('e', id, 1, 0)],
  ])('is refused: %s', async (_, make) => {
    const { dana } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    for (const document of [TimelineItemAddedDocument, MessageAddedDocument]) {
      const stream = dana.follow(print(document), { conversationId, after: make(conversationId) });
      expect(await refusalOf(stream)).toBe('BAD_USER_INPUT');
    }
  });

  test('is refused: of another conversation (F16)', async () => {
    const { dana, ben } = stage.cast;
    const [one, other] = [await stage.startedBy(dana), await stage.startedBy(dana)];
    for (const viewer of [dana, ben]) {
      const [edge] = await wholeTimeline(viewer, other);
      const stream = viewer.follow(TimelineItemAddedDocument, { conversationId: one, after: edge!.cursor });
      expect(await refusalOf(stream)).toBe('BAD_USER_INPUT');
    }
  });

  test('is refused: of the team’s future, of a customer with an agent, of a whisper with a customer', async () => {
    const { dana, ben, ada } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    await whispers(ben, conversationId, 'a secret');
    const ofWhisper = (await wholeTimeline(ada, conversationId)).at(-1)!.cursor;
    const ofCustomer = (await wholeTimeline(dana, conversationId)).at(-1)!.cursor;
    const attempts = [
      [ada, cursor('e', conversationId, 2, 3)],
      [ada, ofCustomer],
      [dana, ofWhisper],
    ] as const;
    for (const [viewer, after] of attempts) {
      expect(await refusalOf(viewer.follow(TimelineItemAddedDocument, { conversationId, after }))).toBe(
        'BAD_USER_INPUT',
      );
    }
  });
});

describe('a conversation that is not the viewer’s to see', () => {
  test('is refused at once, in the same bytes as one that does not exist', async () => {
    const { dana, eli, ivy, gus, globot, bot } = stage.cast;
    const ofDana = await stage.startedBy(dana);
    const ofIvy = await stage.startedBy(ivy);
    const unknown = stage.app.world.ids.next('conv');
    const documents = [TimelineItemAddedDocument, MessageAddedDocument, ConversationUpdatedDocument].map((document) =>
      print(document),
    );
    for (const [viewer, hidden] of [
      [eli, ofDana],
      [dana, ofIvy],
      [gus, ofDana],
      [globot, ofDana],
      [bot, ofIvy],
    ] as const) {
      const bytes = [];
      for (const conversationId of [hidden, unknown, 'nonsense', `${hidden}\0`, viewer.id]) {
        const socket = await RawSocket.of(viewer, stage.app.url);
        for (const query of documents) {
          socket.subscribe('1', query, { conversationId });
          await socket.frames.next(({ type }) => type === 'complete' || type === 'error');
        }
        bytes.push(socket.texts.slice(1));
        socket.drop();
      }
      const [first, ...others] = bytes;
      expect(first!.join()).toContain('"NOT_FOUND"');
      expect(first!.join()).not.toContain('"data":{');
      for (const other of others) expect(other).toEqual(first);
    }
  });

  test('whispers of another workspace are NOT_FOUND, too', async () => {
    const conversationId = await stage.startedBy(stage.cast.dana);
    expect(await refusalOf(stage.cast.gus.follow(WhisperAddedDocument, { conversationId, after: '' }))).toBe(
      'NOT_FOUND',
    );
  });
});

describe('a stream that the role may never have', () => {
  const roles = {
    whisperAdded: ['dana', 'bot', 'reader'],
    inboxUpdated: ['dana', 'bot'],
    aiTurnOpened: ['dana', 'ben', 'ada', 'crm'],
  } as const;
  const documents = {
    whisperAdded: WhisperAddedDocument,
    inboxUpdated: InboxUpdatedDocument,
    aiTurnOpened: AiTurnOpenedDocument,
  } as const;

  test.each(Object.entries(roles).flatMap(([name, people]) => people.map((person) => [name, person] as const)))(
    '%s is FORBIDDEN to %s when it is asked for, whatever the data',
    async (name, person) => {
      const visible = await stage.startedBy(stage.cast.dana);
      const document = documents[name as keyof typeof documents];
      for (const conversationId of [visible, stage.app.world.ids.next('conv')]) {
        const variables = name === 'whisperAdded' ? { conversationId } : {};
        const stream = stage.cast[person].follow(print(document), variables);
        expect(await refusalOf(stream)).toBe('FORBIDDEN');
      }
    },
  );
});
