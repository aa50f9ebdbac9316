import { describe, expect, test } from 'vitest';
import { RequestHumanDocument, SendMessageDocument } from '../operations/generated.js';
import { setDefaultAiAgent } from '../support/cast.js';
import {
  asksForHuman,
  conversationOf,
  does,
  finalizes,
  gists,
  handsBack,
  listening,
  newStage,
  participantsOf,
  resolves,
  says,
  takesOver,
  teamConversationOf,
  timelineOf,
} from '../support/stories.js';

const stage = newStage();

describe('a customer who asks for a person', () => {
  test('waits for one, and everybody hears of it', async () => {
    const { dana, ben } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    const danaHears = await listening(dana, conversationId);
    const benHears = await listening(ben, conversationId);
    const { conversation, timelineEdges } = await does(dana, RequestHumanDocument, {
      conversationId,
      reason: ' It is about money ',
    });
    expect(conversation).toMatchObject({ handling: 'UNATTENDED', status: 'OPEN', assignee: null });
    expect(timelineEdges).toMatchObject([{ node: { kind: 'HUMAN_REQUESTED', actor: { id: dana.id } } }]);
    expect((await teamConversationOf(ben, conversationId)).needsHuman).toMatchObject({
      reason: 'It is about money',
      by: { id: dana.id },
    });
    await says(dana, conversationId, 'marker');
    for (const hears of [danaHears, benHears]) expect(await hears.until('marker')).toEqual(['HUMAN_REQUESTED']);
  });

  test('ends the AI agent’s turn, and no other opens until somebody hands back', async () => {
    const { dana, ben, bot } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    const aiTurnId = await stage.turnOf(conversationId);
    await asksForHuman(dana, conversationId);
    const late = { conversationId, text: 'Can I help?', aiTurnId };
    expect((await stage.refusal(bot, SendMessageDocument, late)).code).toBe('AI_PAUSED');
    await says(dana, conversationId, 'Hello? Anybody?');
    expect(await stage.turnOf(conversationId)).toBe(aiTurnId);
    await handsBack(ben, conversationId);
    expect(await stage.turnOf(conversationId)).not.toBe(aiTurnId);
  });

  test('changes nothing by asking again', async () => {
    const { dana } = stage.cast;
    const conversationId = await stage.waitingForHuman();
    const before = await stage.everythingWritten();
    const { conversation, timelineEdges } = await does(dana, RequestHumanDocument, { conversationId, reason: 'Now!' });
    expect(conversation).toMatchObject({ handling: 'UNATTENDED' });
    expect(timelineEdges).toEqual([]);
    expect(await stage.everythingWritten()).toEqual(before);
  });

  test('changes nothing where a person answers already', async () => {
    const { dana, ben } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    const before = await stage.everythingWritten();
    const { conversation, timelineEdges } = await asksForHuman(dana, conversationId);
    expect(conversation).toMatchObject({ handling: 'HUMAN' });
    expect(timelineEdges).toEqual([]);
    expect(await stage.everythingWritten()).toEqual(before);
  });

  test('is flagged also where nobody answered anyway', async () => {
    const { app, cast } = stage;
    await setDefaultAiAgent(app, cast.acme, null);
    const conversationId = await stage.startedBy(cast.dana);
    await setDefaultAiAgent(app, cast.acme, cast.bot.id);
    const { timelineEdges } = await asksForHuman(cast.dana, conversationId);
    expect(gists(timelineEdges)).toEqual(['HUMAN_REQUESTED']);
    expect((await teamConversationOf(cast.ben, conversationId)).needsHuman).toMatchObject({ reason: null });
  });

  test('is no longer waited for once somebody takes over, resolves or finalizes', async () => {
    const { dana, ben, cleo } = stage.cast;
    const takenOver = await stage.waitingForHuman();
    await takesOver(cleo, takenOver);
    const resolved = await stage.waitingForHuman();
    await resolves(ben, resolved);
    const finalized = await stage.waitingForHuman();
    await finalizes(dana, finalized);
    for (const id of [takenOver, resolved, finalized])
      expect((await teamConversationOf(ben, id)).needsHuman).toBeNull();
  });
});

describe('an AI agent that asks for a person', () => {
  test('does it in its turn, with last words if it likes', async () => {
    const { dana, ben, bot } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    const aiTurnId = await stage.turnOf(conversationId);
    const danaHears = await listening(dana, conversationId);
    const { conversation, timelineEdges } = await does(bot, RequestHumanDocument, {
      conversationId,
      aiTurnId,
      reason: 'No article fits',
      text: ' A colleague will look at it ',
    });
    expect(conversation).toMatchObject({
      handling: 'UNATTENDED',
      lastMessage: { text: 'A colleague will look at it' },
    });
    expect(gists(timelineEdges)).toEqual(['A colleague will look at it', 'HUMAN_REQUESTED']);
    expect(timelineEdges.map(({ node }) => node.actor.id)).toEqual([bot.id, bot.id]);
    expect((await teamConversationOf(ben, conversationId)).needsHuman).toMatchObject({
      reason: 'No article fits',
      by: { id: bot.id },
    });
    expect(participantsOf(await conversationOf(dana, conversationId))).toEqual([dana.id, bot.id]);
    await says(dana, conversationId, 'marker');
    expect(await danaHears.until('marker')).toEqual(['A colleague will look at it', 'HUMAN_REQUESTED']);
  });

  test('may do it without a word', async () => {
    const { dana, bot } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    const aiTurnId = await stage.turnOf(conversationId);
    const { timelineEdges } = await does(bot, RequestHumanDocument, { conversationId, aiTurnId });
    expect(gists(timelineEdges)).toEqual(['HUMAN_REQUESTED']);
    expect(participantsOf(await conversationOf(dana, conversationId))).toEqual([dana.id]);
  });

  test('needs its open turn', async () => {
    const { app, cast } = stage;
    const { dana, bot } = cast;
    const conversationId = await stage.startedBy(dana);
    const aiTurnId = await stage.turnOf(conversationId);
    const elsewhere = await stage.turnOf(await stage.startedBy(dana));
    for (const wrong of [elsewhere, app.world.ids.next('turn'), 'turn_\0']) {
      const refusal = await stage.refusal(bot, RequestHumanDocument, { conversationId, aiTurnId: wrong });
      expect(refusal).toMatchObject({ code: 'NOT_FOUND', path: ['aiTurnId'] });
    }
    const without = await stage.refusal(bot, RequestHumanDocument, { conversationId });
    expect(without).toMatchObject({ code: 'INVALID_INPUT', path: ['aiTurnId'] });
    await does(bot, SendMessageDocument, { conversationId, text: 'On its way', aiTurnId });
    const closed = await stage.refusal(bot, RequestHumanDocument, { conversationId, aiTurnId });
    expect(closed.code).toBe('AI_TURN_CLOSED');
  });

  test('is paused where a person answers or was asked for', async () => {
    const { ben, bot } = stage.cast;
    for (const conversationId of [await stage.takenOverBy(ben), await stage.waitingForHuman()]) {
      const aiTurnId = await stage.turnOf(conversationId);
      const refusal = await stage.refusal(bot, RequestHumanDocument, { conversationId, aiTurnId, text: 'Bye' });
      expect(refusal.code).toBe('AI_PAUSED');
    }
  });
});

test('a person is asked for in open conversations only', async () => {
  const { dana, ben, bot } = stage.cast;
  const stories = [
    ['CONVERSATION_NOT_OPEN', await stage.resolvedBy(ben)],
    ['CONVERSATION_FINALIZED', await stage.finalizedBy(ben)],
  ] as const;
  for (const [code, conversationId] of stories) {
    expect((await stage.refusal(dana, RequestHumanDocument, { conversationId })).code).toBe(code);
    const aiTurnId = await stage.turnOf(conversationId);
    expect((await stage.refusal(bot, RequestHumanDocument, { conversationId, aiTurnId })).code).toBe(code);
    expect(await timelineOf(dana, conversationId)).not.toContain('HUMAN_REQUESTED');
  }
});

test('agents and integrations never ask for a person', async () => {
  const { ada, ben, crm, dana } = stage.cast;
  const conversationId = await stage.startedBy(dana);
  for (const person of [ada, ben, crm]) await stage.isForbidden(person, RequestHumanDocument, { conversationId });
});
