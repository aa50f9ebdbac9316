import { describe, expect, test } from 'vitest';
import {
  ConversationDocument,
  InboxDocument,
  SendMessageDocument,
  TimelineDocument,
  WhisperDocument,
} from '../operations/generated.js';
import {
  conversationOf,
  does,
  gists,
  joins,
  listening,
  newStage,
  participantsOf,
  resolves,
  says,
  teamConversationOf,
  timelineOf,
  whispers,
} from '../support/stories.js';

const stage = newStage();

describe('a whisper', () => {
  test('is heard by the team, and the customer hears nothing (D10)', async () => {
    const { dana, ben, cleo } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    const danaHears = await listening(dana, conversationId);
    const cleoHears = await listening(cleo, conversationId);
    const { whisper, timelineEdge, timelineEdges } = await whispers(ben, conversationId, ' A difficult one ');
    expect(whisper).toEqual({
      id: whisper!.id,
      text: 'A difficult one',
      attachments: [],
      audience: 'TEAM',
      mentions: [],
    });
    expect(gists(timelineEdges)).toEqual(['A difficult one']);
    expect(timelineEdge).toEqual({ cursor: timelineEdges[0]!.cursor });
    await says(dana, conversationId, 'marker');
    expect(await cleoHears.until('marker')).toEqual(['A difficult one']);
    expect(await danaHears.until('marker')).toEqual([]);
  });

  test('moves nothing in the customer’s world (D6, D7)', async () => {
    const { dana, ben, cleo } = stage.cast;
    const id = await stage.takenOverBy(ben);
    const look = async () => [
      await dana.raw(ConversationDocument, { id }),
      await dana.raw(TimelineDocument, { id, last: 10 }),
      await dana.raw(InboxDocument, { first: 10 }),
    ];
    const before = await look();
    await whispers(cleo, id, 'Who knows them?');
    await does(ben, WhisperDocument, { conversationId: id, text: 'Note to self', audience: 'SELF' });
    expect(await look()).toEqual(before);
  });

  test('makes its author a participant, for the team alone (D8)', async () => {
    const { dana, ben, cleo } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    const first = await whispers(cleo, conversationId, 'Let me see');
    expect(gists(first.timelineEdges)).toEqual(['JOINED', 'Let me see']);
    expect(first.timelineEdge).toEqual({ cursor: first.timelineEdges[1]!.cursor });
    const second = await whispers(cleo, conversationId, 'I know this');
    expect(gists(second.timelineEdges)).toEqual(['I know this']);
    expect(participantsOf(await teamConversationOf(ben, conversationId))).toEqual([dana.id, ben.id, cleo.id]);
    expect(participantsOf(await conversationOf(dana, conversationId))).toEqual([dana.id, ben.id]);
  });

  test('takes nothing over and does not pause the AI agent', async () => {
    const { dana, ben, bot } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    const aiTurnId = await stage.turnOf(conversationId);
    await whispers(ben, conversationId, 'Watching');
    expect(await conversationOf(ben, conversationId)).toMatchObject({ handling: 'AI', assignee: null });
    await does(bot, SendMessageDocument, { conversationId, text: 'On its way', aiTurnId });
    expect((await timelineOf(dana, conversationId)).slice(-1)).toEqual(['On its way']);
  });

  test('reopens nothing (D21)', async () => {
    const { ben, cleo } = stage.cast;
    const conversationId = await stage.resolvedBy(ben);
    const { timelineEdges } = await whispers(cleo, conversationId, 'Well done');
    expect(gists(timelineEdges)).toEqual(['JOINED', 'Well done']);
    expect(await conversationOf(ben, conversationId)).toMatchObject({ status: 'RESOLVED' });
  });

  test('stands between the messages that it was written between', async () => {
    const { dana, ben, cleo } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    await joins(cleo, conversationId);
    await says(dana, conversationId, 'one');
    await whispers(cleo, conversationId, 'two');
    await whispers(ben, conversationId, 'three');
    await says(dana, conversationId, 'four');
    expect((await timelineOf(ben, conversationId)).slice(-4)).toEqual(['one', 'two', 'three', 'four']);
    expect((await timelineOf(dana, conversationId)).slice(-2)).toEqual(['one', 'four']);
  });

  test('mentions agents, each once', async () => {
    const { ada, ben, cleo } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    const { whisper } = await does(ben, WhisperDocument, {
      conversationId,
      text: 'Can you look?',
      mentionIds: [cleo.id, ada.id, cleo.id],
    });
    expect(whisper!.mentions).toEqual([{ id: cleo.id }, { id: ada.id }]);
  });

  test('mentions nobody who is not an active agent of the workspace', async () => {
    const { app, cast } = stage;
    const { ben, cleo, dana, bot, gus } = cast;
    const conversationId = await stage.takenOverBy(ben);
    const strangers = [
      gus.id,
      dana.id,
      bot.id,
      app.world.ids.next('agent'),
      'cleo',
      'agent_\0',
      '\udc00',
      'x'.repeat(9999),
    ];
    for (const stranger of strangers) {
      const input = { conversationId, text: 'Can you look?', mentionIds: [cleo.id, stranger] };
      const refusal = await stage.refusal(ben, WhisperDocument, input);
      expect(refusal).toMatchObject({ code: 'NOT_FOUND' });
      expect(refusal.path![0]).toBe('mentionIds');
    }
  });

  test('needs to say something', async () => {
    const { ben } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    for (const text of [undefined, null, '', ' \n ']) {
      const refusal = await stage.refusal(ben, WhisperDocument, { conversationId, text });
      expect(refusal).toMatchObject({ code: 'INVALID_INPUT', path: ['text'] });
    }
  });
});

describe('a personal note', () => {
  test('is seen by its author alone', async () => {
    const { dana, ada, ben, cleo } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    const cleoHears = await listening(cleo, conversationId);
    const adaHears = await listening(ada, conversationId);
    const danaHears = await listening(dana, conversationId);
    const { whisper, timelineEdges } = await does(cleo, WhisperDocument, {
      conversationId,
      text: 'Ask them tomorrow',
      audience: 'SELF',
    });
    expect(whisper).toMatchObject({ audience: 'SELF' });
    expect(gists(timelineEdges)).toEqual(['Ask them tomorrow']);
    await says(ben, conversationId, 'marker');
    expect(await cleoHears.until('marker')).toEqual(['Ask them tomorrow']);
    for (const hears of [adaHears, danaHears]) expect(await hears.until('marker')).toEqual([]);
    expect(await timelineOf(cleo, conversationId)).toContain('Ask them tomorrow');
    expect(await timelineOf(ada, conversationId)).not.toContain('Ask them tomorrow');
  });

  test('makes nobody a participant', async () => {
    const { dana, ben, cleo } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    await does(cleo, WhisperDocument, { conversationId, text: 'Remember', audience: 'SELF' });
    expect(participantsOf(await teamConversationOf(ben, conversationId))).toEqual([dana.id, ben.id]);
  });

  test('mentions nobody', async () => {
    const { ben, cleo } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    const input = { conversationId, text: 'Remember', audience: 'SELF', mentionIds: [cleo.id] } as const;
    const refusal = await stage.refusal(ben, WhisperDocument, { ...input, mentionIds: [cleo.id] });
    expect(refusal).toMatchObject({ code: 'INVALID_INPUT', path: ['mentionIds'] });
  });

  test('keeps its place among others’ notes and whispers', async () => {
    const { ben, cleo } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    await joins(cleo, conversationId);
    const note = (text: string) => ({ conversationId, text, audience: 'SELF' }) as const;
    await does(ben, WhisperDocument, note('b1'));
    await does(cleo, WhisperDocument, note('c1'));
    await does(ben, WhisperDocument, note('b2'));
    await whispers(cleo, conversationId, 'both');
    await does(cleo, WhisperDocument, note('c2'));
    expect((await timelineOf(ben, conversationId)).slice(-3)).toEqual(['b1', 'b2', 'both']);
    expect((await timelineOf(cleo, conversationId)).slice(-3)).toEqual(['c1', 'both', 'c2']);
  });
});

test('nobody whispers in a finalized conversation', async () => {
  const { ada, ben } = stage.cast;
  const conversationId = await stage.finalizedBy(ben);
  for (const audience of ['TEAM', 'SELF'] as const) {
    const refusal = await stage.refusal(ada, WhisperDocument, { conversationId, text: 'Psst', audience });
    expect(refusal.code).toBe('CONVERSATION_FINALIZED');
  }
});

test('customers, AI agents and integrations never whisper (B2, B3)', async () => {
  const { ben, dana, bot, crm } = stage.cast;
  const conversationId = await stage.takenOverBy(ben);
  for (const person of [dana, bot, crm])
    await stage.isForbidden(person, WhisperDocument, { conversationId, text: 'Psst' });
});

test('a resolved conversation is whispered about and stays resolved', async () => {
  const { dana, ben } = stage.cast;
  const conversationId = await stage.startedBy(dana);
  await resolves(ben, conversationId);
  await whispers(ben, conversationId, 'Was that right?');
  expect((await timelineOf(ben, conversationId)).slice(-3)).toEqual(['RESOLVED', 'JOINED', 'Was that right?']);
});
