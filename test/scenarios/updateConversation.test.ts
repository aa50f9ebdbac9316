import { describe, expect, test } from 'vitest';
import {
  ConversationDocument,
  ConversationUpdatedDocument,
  InboxDocument,
  UpdateConversationDocument,
} from '../operations/generated.js';
import { conversationOf, does, newStage, says, teamConversationOf, timelineOf } from '../support/stories.js';

const stage = newStage();

describe('updating a conversation', () => {
  test('changes its subject, priority and tags, and leaves no entry', async () => {
    const { dana, cleo } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    const before = await timelineOf(cleo, conversationId);
    const { conversation } = await does(cleo, UpdateConversationDocument, {
      conversationId,
      subject: ' Lost parcel ',
      priority: 'URGENT',
      tags: [' parcel ', 'lost', 'parcel'],
    });
    expect(conversation).toMatchObject({ subject: 'Lost parcel', priority: 'URGENT', tags: ['parcel', 'lost'] });
    expect(await timelineOf(cleo, conversationId)).toEqual(before);
  });

  test('leaves what is not given as it is', async () => {
    const { dana, ben } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    const all = { subject: 'Parcel', priority: 'LOW', tags: ['a', 'b'] } as const;
    await does(ben, UpdateConversationDocument, { conversationId, ...all, tags: ['a', 'b'] });
    const before = await stage.everythingWritten();
    for (const nothing of [{}, { priority: null, tags: null }, { subject: 'Parcel' }, { tags: ['a', 'b'] }]) {
      const { conversation } = await does(ben, UpdateConversationDocument, { conversationId, ...nothing });
      expect(conversation).toMatchObject(all);
    }
    expect(await stage.everythingWritten()).toEqual(before);
  });

  test('removes the subject by null or blank, and tags by none', async () => {
    const { dana, ben } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    for (const subject of [null, '', '  ']) {
      await does(ben, UpdateConversationDocument, { conversationId, subject: 'Parcel', tags: ['a'] });
      const { conversation } = await does(ben, UpdateConversationDocument, { conversationId, subject, tags: [] });
      expect(conversation).toMatchObject({ subject: null, tags: [] });
    }
  });

  test('shows the customer a new subject at once, and nothing of tags and priority', async () => {
    const { dana, ben } = stage.cast;
    const id = await stage.startedBy(dana);
    const changes = dana.follow(ConversationUpdatedDocument, { conversationId: id });
    expect((await changes.next()).data!.conversationUpdated.subject).toBeNull();
    const look = async () => [
      await dana.raw(ConversationDocument, { id }),
      await dana.raw(InboxDocument, { first: 5 }),
    ];
    const before = await look();
    await does(ben, UpdateConversationDocument, { conversationId: id, priority: 'HIGH', tags: ['secret'] });
    expect(await look()).toEqual(before);
    const earlier = (await conversationOf(dana, id)).updatedAt;
    await does(ben, UpdateConversationDocument, { conversationId: id, subject: 'Lost parcel' });
    const { data } = await changes.next();
    changes.stop();
    expect(data!.conversationUpdated.subject).toBe('Lost parcel');
    expect(Date.parse(data!.conversationUpdated.updatedAt)).toBeGreaterThanOrEqual(Date.parse(earlier));
    expect(await look()).not.toEqual(before);
  });

  test('tells the team of tags at once', async () => {
    const { dana, ben, cleo } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    const changes = cleo.follow(`subscription { conversationUpdated(conversationId: "${conversationId}") { tags } }`);
    expect((await changes.next()).data).toEqual({ conversationUpdated: { tags: [] } });
    await does(ben, UpdateConversationDocument, { conversationId, tags: ['vip'] });
    expect((await changes.next()).data).toEqual({ conversationUpdated: { tags: ['vip'] } });
    changes.stop();
  });

  test('makes nobody a participant and reopens nothing', async () => {
    const { ben, cleo } = stage.cast;
    const conversationId = await stage.resolvedBy(ben);
    const before = await teamConversationOf(ben, conversationId);
    await does(cleo, UpdateConversationDocument, { conversationId, tags: ['done'] });
    expect(await teamConversationOf(ben, conversationId)).toEqual({ ...before, tags: ['done'] });
  });

  test('takes up to 20 tags, each on one line and saying something', async () => {
    const { dana, ben } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    const tags = Array.from({ length: 20 }, (_, nr) => `tag ${nr}`);
    const { conversation } = await does(ben, UpdateConversationDocument, { conversationId, tags: [...tags, 'tag 3'] });
    expect(conversation!.tags).toEqual(tags);
    for (const wrong of [[...tags, 'one more'], ['two\nlines'], ['ok', ' '], ['']]) {
      const refusal = await stage.refusal(ben, UpdateConversationDocument, { conversationId, tags: wrong });
      expect(refusal.code).toBe('INVALID_INPUT');
      expect(refusal.path![0]).toBe('tags');
    }
  });

  test('a wrong value among right ones changes nothing', async () => {
    const { dana, ben } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    const input = { conversationId, subject: 'New', priority: 'HIGH', tags: ['x'.repeat(51)] } as const;
    const refusal = await stage.refusal(ben, UpdateConversationDocument, { ...input, tags: [...input.tags] });
    expect(refusal.code).toBe('INVALID_INPUT');
  });
});

test('a finalized conversation is not updated', async () => {
  const { ada, ben } = stage.cast;
  const conversationId = await stage.finalizedBy(ben);
  const refusal = await stage.refusal(ada, UpdateConversationDocument, { conversationId, subject: 'New' });
  expect(refusal).toMatchObject({ code: 'CONVERSATION_FINALIZED', path: null });
});

test('customers, AI agents and integrations never update', async () => {
  const { ben, dana, bot, crm } = stage.cast;
  const conversationId = await stage.takenOverBy(ben);
  for (const person of [dana, bot, crm])
    await stage.isForbidden(person, UpdateConversationDocument, { conversationId, subject: 'Mine' });
  await says(dana, conversationId, 'Thanks');
  expect(await conversationOf(dana, conversationId)).toMatchObject({ subject: null });
});
