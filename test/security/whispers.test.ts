import { GraphQLID, getNamedType, print } from 'graphql';
import { beforeAll, describe, expect, test } from 'vitest';
import { randomIds } from '../../src/ids.js';
import { buildSchema } from '../../src/resolvers/buildSchema.js';
import {
  ConversationUpdatedDocument,
  InboxUpdatedDocument,
  TimelineItemAddedDocument,
  WhisperDocument,
} from '../operations/generated.js';
import { newPerson } from '../support/cast.js';
import { eventually } from '../support/eventually.js';
import type { Person } from '../support/Person.js';
import { RawSocket } from '../support/RawSocket.js';
import { does, joins, newStage, says, whispers } from '../support/stories.js';
import { pathsOf, rootCall, rootFields } from './documents.js';

const stage = newStage({ SIGN_IN_ATTEMPTS_PER_MINUTE: '100000' });

/** Ben's conversation with Dana, in which the team has whispered, and one more in which nothing happened. */
let conversationId: string;
let whisperId: string;
let noteId: string;
let joinedId: string;
beforeAll(async () => {
  const { ben, cleo, dana } = stage.cast;
  conversationId = await stage.takenOverBy(ben);
  const joined = await joins(cleo, conversationId);
  joinedId = joined.timelineEdges[0]!.node.id;
  whisperId = (await whispers(cleo, conversationId, 'She is a canary.')).whisper!.id;
  noteId = (await does(cleo, WhisperDocument, { conversationId, text: 'My canary.', audience: 'SELF' })).whisper!.id;
  await says(dana, conversationId, 'Hello?');
  await whispers(ben, conversationId, 'The last canary.');
});

/** Those who may not know of a whisper. */
const outsiders = () => [stage.cast.dana, stage.cast.bot, stage.cast.reader];

describe('who may not know of whispers', () => {
  test.each([
    ['an inline fragment', 'timeline(first: 100) { edges { node { ... on Whisper { text mentions { id } } } } }'],
    ['a named fragment', 'timeline(first: 100) { edges { node { ...W } } }'],
    ['an alias', 'a: timeline(last: 100) { b: edges { c: node { id d: __typename ... on Whisper { e: text } } } }'],
    ['the messages', 'messages(first: 100) { edges { node { id text } } }'],
    ['the last message', 'lastMessage { id text }'],
    ['a way around by a message', 'lastMessage { conversation { timeline(last: 5) { edges { node { id ...W } } } } }'],
    ['who takes part', 'participants { actor { id displayName } }'],
  ])('find none by %s (D1, D6, D8)', async (_, selection) => {
    const fragment = selection.includes('...W') ? ' fragment W on Whisper { text }' : '';
    const query = `query ($id: ID!) { conversation(id: $id) { ${selection} } }${fragment}`;
    for (const person of outsiders()) {
      const { status, text } = await person.raw(query, { id: conversationId });
      expect(status).toBe(200);
      expect(text).not.toMatch(/canary|"Whisper"/);
      for (const id of [whisperId, noteId, joinedId, stage.cast.cleo.id]) expect(text).not.toContain(id);
    }
  });

  test('find none by asking for them by name, and the rest of the answer stays (D1)', async () => {
    const query = 'query ($id: ID!) { conversation(id: $id) { id whispers { edges { node { text } } } } }';
    for (const person of outsiders()) {
      const { data, errors } = await person.attempt(query, { id: conversationId });
      expect(data).toEqual({ conversation: { id: conversationId, whispers: null } });
      expect(errors.map(({ path, extensions }) => [path, extensions.code])).toEqual([
        [['conversation', 'whispers'], 'FORBIDDEN'],
      ]);
    }
  });

  test('count none: unread is what they can see (D5)', async () => {
    const query = 'query ($id: ID!) { conversation(id: $id) { unreadCount } }';
    const unread = async (person: Person) => (await person.ask(query, { id: conversationId })).conversation.unreadCount;
    const [dana, ada] = [await unread(stage.cast.dana), await unread(stage.cast.ada)];
    await whispers(stage.cast.cleo, conversationId, 'One more canary.');
    expect([await unread(stage.cast.dana), await unread(stage.cast.ada)]).toEqual([dana, ada + 1]);
  });

  test('cannot count them by ids: those of one moment stand in no order (D24)', () => {
    const now = stage.app.clock.now();
    const { next } = randomIds({ now: () => now });
    const made = Array.from({ length: 1000 }, () => next('msg'));
    const inOrder = made.filter((id, nr) => nr > 0 && made[nr - 1]! < id).length;
    expect(new Set(made).size).toBe(1000);
    expect(inOrder).toBeGreaterThan(300);
    expect(inOrder).toBeLessThan(700);
  });

  const places = rootFields(buildSchema()).flatMap(({ kind, field }) =>
    pathsOf(field, (type) => getNamedType(type) === GraphQLID).map((path) => ({
      name: `${kind}.${field.name}`,
      argument: path.join('.'),
      kind,
      field,
      path,
    })),
  );

  test.each(places)(
    'get from $name($argument) for one what they get for nothing (D2, D17)',
    async ({ kind, field, path }) => {
      const hidden = { whis: [whisperId, noteId], evt: [joinedId] } as const;
      for (const person of outsiders()) {
        const answerFor = async (id: string) => {
          const give = (other: string[]) => {
            if (other.join('.') === path.join('.')) return id;
            if (other.at(-1) === 'conversationId') return conversationId;
            if (other.at(-1) === 'onBehalfOfCustomer') return person === stage.cast.reader;
            return other.at(-1) === 'text' ? 'Hello.' : undefined;
          };
          const { query, variables } = rootCall(kind, field, give);
          if (kind !== 'Subscription') return JSON.stringify(await person.raw(query, variables)).replaceAll(id, 'ID');
          const stream = person.follow(query, variables);
          const first = await stream.next();
          stream.stop();
          return JSON.stringify(first).replaceAll(id, 'ID');
        };
        for (const [idKind, ids] of Object.entries(hidden)) {
          const nothing = await answerFor(stage.app.world.ids.next(idKind as keyof typeof hidden));
          for (const id of ids) expect(await answerFor(id), person.name).toBe(nothing);
        }
      }
    },
  );
});

describe('streams of many at once on one node', () => {
  test('bring to each what is theirs, and not a byte of anybody else’s (C8, D10)', async () => {
    const { app, cast } = stage;
    const { ada, ben, bot, cleo, crm, dana, eli, gus, ivy, reader } = cast;
    const globexReader = await newPerson(app, app.url, cast.globex, 'Globex reader', {
      kind: 'INTEGRATION',
      scopes: ['CONVERSATIONS_READ', 'WHISPERS_READ'],
    });
    const ofDana = await stage.takenOverBy(ben);
    const ofEli = await stage.startedBy(eli);
    const ofIvy = await stage.startedBy(ivy);
    const acme = [ofDana, ofEli];
    const follows: [Person, string[], RegExp][] = [
      [dana, [ofDana], /canary of (public dana)/g],
      [eli, [ofEli], /canary of (public eli)/g],
      [bot, acme, /canary of (public dana|public eli)/g],
      [reader, acme, /canary of (public dana|public eli)/g],
      [crm, acme, /canary of (public dana|public eli|team dana|team eli)/g],
      [ada, acme, /canary of (public dana|public eli|team dana|team eli)/g],
      [cleo, acme, /canary of (public dana|public eli|team dana|team eli|note of cleo)/g],
      [ivy, [ofIvy], /canary of (public ivy)/g],
      [gus, [ofIvy], /canary of (public ivy|team ivy)/g],
      [globexReader, [ofIvy], /canary of (public ivy|team ivy)/g],
    ];
    const sockets = await Promise.all(
      follows.map(async ([person, conversationIds]) => {
        const socket = await RawSocket.of(person, app.url);
        for (const id of conversationIds) {
          socket.subscribe(`timeline ${id}`, print(TimelineItemAddedDocument), { conversationId: id, after: '' });
          socket.subscribe(`state ${id}`, print(ConversationUpdatedDocument), { conversationId: id });
        }
        if (![dana, eli, ivy, bot].includes(person)) socket.subscribe('inbox', print(InboxUpdatedDocument));
        return socket;
      }),
    );
    await Promise.all(
      Array.from({ length: 10 }, async () => {
        await Promise.all([
          says(dana, ofDana, 'canary of public dana'),
          whispers(ben, ofDana, 'canary of team dana'),
          says(eli, ofEli, 'canary of public eli'),
          whispers(cleo, ofEli, 'canary of team eli'),
          does(cleo, WhisperDocument, { conversationId: ofDana, text: 'canary of note of cleo', audience: 'SELF' }),
          says(ivy, ofIvy, 'canary of public ivy'),
          whispers(gus, ofIvy, 'canary of team ivy'),
        ]);
      }),
    );
    for (const [person, id] of [
      [dana, ofDana],
      [eli, ofEli],
      [ivy, ofIvy],
    ] as const)
      await says(person, id, 'the marker');
    for (const [nr, [person, conversationIds, own]] of follows.entries()) {
      const { frames, texts } = sockets[nr]!;
      const markers = () =>
        frames.seen.filter(
          ({ id, payload }) => id?.startsWith('timeline') && JSON.stringify(payload).includes('the marker'),
        );
      await eventually(
        () => markers().length,
        (count) => count === conversationIds.length,
      );
      const all = texts.join('\n');
      expect(all.match(own)?.length, person.name).toBeGreaterThanOrEqual(10 * conversationIds.length);
      expect(all.replace(own, ''), person.name).not.toContain('canary');
      sockets[nr]!.drop();
    }
    await globexReader.leave();
  });
});
