import { describe, expect, test } from 'vitest';
import {
  ConversationDocument,
  ConversationUpdatedDocument,
  MarkConversationReadDocument,
  SendMessageDocument,
  TimelineDocument,
  WhisperDocument,
} from '../operations/generated.js';
import type { Person } from '../support/Person.js';
import { conversationOf, does, finalizes, gist, newStage, says, whispers } from '../support/stories.js';

const stage = newStage();

const unread = async (person: Person, conversationId: string) =>
  (await conversationOf(person, conversationId)).unreadCount;

const marks = (person: Person, conversationId: string, upToId?: string) =>
  does(person, MarkConversationReadDocument, { conversationId, ...(upToId && { upToId }) });

async function entryId(person: Person, id: string, what: string): Promise<string> {
  const { conversation } = await person.ask(TimelineDocument, { id, first: 100 });
  const edges: { node: { id: string; text?: string; kind?: string } }[] = conversation!.timeline.edges;
  return edges.find(({ node }) => gist(node) === what)!.node.id;
}

const readTimes = `query ($id: ID!) { conversation(id: $id) { participants { actor { id } lastReadAt } } }`;
async function lastRead(viewer: Person, id: string, whose: Person): Promise<string | null> {
  const { conversation } = await viewer.ask(readTimes, { id });
  const list: { actor: { id: string }; lastReadAt: string | null }[] = conversation.participants;
  return list.find(({ actor }) => actor.id === whose.id)!.lastReadAt;
}

describe('what is unread', () => {
  test('is what others wrote since the mark, as far as one sees it: never events, never one’s own (D5)', async () => {
    const { dana, ben, cleo, bot } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    await says(dana, conversationId, 'Hello?');
    await says(ben, conversationId, 'Hello');
    await whispers(ben, conversationId, 'Tricky');
    await does(ben, WhisperDocument, { conversationId, text: 'Note', audience: 'SELF' });
    expect(await unread(dana, conversationId)).toBe(1);
    expect(await unread(ben, conversationId)).toBe(2);
    expect(await unread(cleo, conversationId)).toBe(4);
    expect(await unread(bot, conversationId)).toBe(3);
  });

  test('counts up to 100', async () => {
    const { dana, ben } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    for (let nr = 2; nr <= 100; nr++) await says(dana, conversationId, `Message ${nr}`);
    expect(await unread(ben, conversationId)).toBe(100);
    await says(dana, conversationId, 'Message 101');
    expect(await unread(ben, conversationId)).toBe(100);
    await marks(ben, conversationId, await entryId(ben, conversationId, 'Message 2'));
    expect(await unread(ben, conversationId)).toBe(99);
  });
});

describe('marking as read', () => {
  test('without an entry it is all that one sees now', async () => {
    const { dana, ben, cleo } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    await says(dana, conversationId, 'Hello?');
    const { conversation } = await marks(ben, conversationId);
    expect(conversation).toEqual({ id: conversationId, unreadCount: 0 });
    expect(await unread(cleo, conversationId)).toBe(2);
    await says(dana, conversationId, 'Still there?');
    expect(await unread(ben, conversationId)).toBe(1);
  });

  test('up to an entry it is that and all before it', async () => {
    const { dana, ben, cleo } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    for (const text of ['one', 'two']) await says(dana, conversationId, text);
    await whispers(cleo, conversationId, 'aside');
    await says(dana, conversationId, 'three');
    const left = [
      ['STARTED', 5],
      ['one', 3],
      ['two', 2],
      ['aside', 1],
      ['three', 0],
    ] as const;
    for (const [upTo, count] of left) {
      const { conversation } = await marks(ben, conversationId, await entryId(ben, conversationId, upTo));
      expect(conversation!.unreadCount, upTo).toBe(count);
    }
  });

  test('never goes backwards', async () => {
    const { dana, ben } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    for (const text of ['one', 'two']) await says(dana, conversationId, text);
    await marks(ben, conversationId, await entryId(ben, conversationId, 'two'));
    for (const upTo of ['one', 'STARTED', 'two']) {
      const { conversation } = await marks(ben, conversationId, await entryId(ben, conversationId, upTo));
      expect(conversation!.unreadCount).toBe(0);
    }
  });

  test('takes in one’s own note, and a whisper after it is unread', async () => {
    const { ben, cleo } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    await does(ben, WhisperDocument, { conversationId, text: 'Note', audience: 'SELF' });
    await marks(ben, conversationId, await entryId(ben, conversationId, 'Note'));
    expect(await unread(ben, conversationId)).toBe(0);
    await whispers(cleo, conversationId, 'Look');
    expect(await unread(ben, conversationId)).toBe(1);
  });

  test('works on what is resolved or finalized, for agents and the customer', async () => {
    const { dana, ben } = stage.cast;
    const conversationId = await stage.resolvedBy(ben);
    await marks(ben, conversationId, await entryId(ben, conversationId, 'STARTED'));
    await finalizes(ben, conversationId);
    for (const person of [dana, ben]) expect((await marks(person, conversationId)).conversation!.unreadCount).toBe(0);
  });

  test('leaves no entry and makes nobody a participant', async () => {
    const { dana, ben, cleo } = stage.cast;
    const id = await stage.takenOverBy(ben);
    const before = await dana.raw(ConversationDocument, { id });
    await marks(cleo, id);
    expect(await dana.raw(ConversationDocument, { id })).toEqual(before);
    expect(await unread(cleo, id)).toBe(0);
  });

  test('shows on the person’s other screens', async () => {
    const { dana, ben } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    await says(dana, conversationId, 'Hello?');
    await says(ben, conversationId, 'Hello');
    for (const [person, count] of [
      [ben, 2],
      [dana, 1],
    ] as const) {
      const screen = person.follow(ConversationUpdatedDocument, { conversationId });
      expect((await screen.next()).data!.conversationUpdated.unreadCount).toBe(count);
      await marks(person, conversationId);
      const { data } = await screen.next((event) => event.data!.conversationUpdated.unreadCount !== count);
      screen.stop();
      expect(data!.conversationUpdated.unreadCount).toBe(0);
    }
  });
});

describe('when somebody last read', () => {
  test('is the team’s to know, and one’s own', async () => {
    const { dana, ben, cleo, crm } = stage.cast;
    const id = await stage.takenOverBy(ben);
    expect(await lastRead(cleo, id, ben)).toBeNull();
    await marks(ben, id);
    await marks(dana, id);
    for (const viewer of [ben, cleo, crm]) {
      expect(await lastRead(viewer, id, ben)).not.toBeNull();
      expect(await lastRead(viewer, id, dana)).not.toBeNull();
    }
    expect(await lastRead(dana, id, dana)).not.toBeNull();
    expect(await lastRead(dana, id, ben)).toBeNull();
  });
});

describe('a mark is refused', () => {
  test('at what is not there or not visible', async () => {
    const { app, cast } = stage;
    const { dana, ben, cleo } = cast;
    const conversationId = await stage.takenOverBy(ben);
    const { whisper } = await whispers(ben, conversationId, 'Psst');
    const note = await does(ben, WhisperDocument, { conversationId, text: 'Note', audience: 'SELF' });
    const elsewhere = await stage.startedBy(dana, 'Elsewhere');
    const message = await does(dana, SendMessageDocument, { conversationId: elsewhere, text: 'Hi' });
    const nowhere = [
      message.message!.id,
      app.world.ids.next('msg'),
      conversationId,
      'x',
      '',
      'msg_\0',
      'x'.repeat(9999),
    ];
    const cases: [Person, string[]][] = [
      [dana, [whisper!.id, note.whisper!.id, ...nowhere]],
      [cleo, [note.whisper!.id, ...nowhere]],
    ];
    for (const [person, ids] of cases) {
      for (const upToId of ids) {
        const refusal = await stage.refusal(person, MarkConversationReadDocument, { conversationId, upToId });
        expect(refusal, upToId.slice(0, 40)).toMatchObject({ code: 'NOT_FOUND', path: ['upToId'] });
      }
    }
  });

  test('to AI agents and integrations', async () => {
    const { dana, bot, crm } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    for (const person of [bot, crm]) await stage.isForbidden(person, MarkConversationReadDocument, { conversationId });
  });
});
