import { describe, expect, test } from 'vitest';
import {
  FinalizeConversationDocument,
  ReopenConversationDocument,
  ResolveConversationDocument,
  SendMessageDocument,
} from '../operations/generated.js';
import { newPerson, setDefaultAiAgent } from '../support/cast.js';
import {
  asksForHuman,
  conversationOf,
  does,
  finalizes,
  gists,
  joins,
  leaves,
  listening,
  newStage,
  reopens,
  resolves,
  says,
  teamConversationOf,
  timelineOf,
} from '../support/stories.js';

const stage = newStage();

describe('resolving', () => {
  test('keeps the assignee, and everybody hears of it', async () => {
    const { dana, ben, cleo } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    const danaHears = await listening(dana, conversationId);
    const cleoHears = await listening(cleo, conversationId);
    const { conversation, timelineEdges } = await resolves(ben, conversationId);
    expect(conversation).toMatchObject({ status: 'RESOLVED', handling: 'HUMAN', assignee: { id: ben.id } });
    expect(timelineEdges).toMatchObject([{ node: { kind: 'RESOLVED', actor: { id: ben.id } } }]);
    await says(dana, conversationId, 'marker');
    for (const hears of [danaHears, cleoHears]) expect(await hears.until('marker')).toEqual(['RESOLVED', 'REOPENED']);
  });

  test('ends the AI agent’s turn', async () => {
    const { dana, ben, bot } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    const aiTurnId = await stage.turnOf(conversationId);
    const { conversation } = await resolves(ben, conversationId);
    expect(conversation).toMatchObject({ status: 'RESOLVED', handling: 'AI' });
    const refusal = await stage.refusal(bot, SendMessageDocument, { conversationId, text: 'Late', aiTurnId });
    expect(refusal.code).toBe('AI_TURN_CLOSED');
  });

  test('is for the assignee, an admin, or any agent when nobody is assigned', async () => {
    const { dana, ada, ben, cleo } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    const refusal = await stage.refusal(cleo, ResolveConversationDocument, { conversationId });
    expect(refusal).toMatchObject({ code: 'NOT_ASSIGNEE', path: null });
    await resolves(ada, conversationId);
    await resolves(cleo, await stage.startedBy(dana));
    await resolves(cleo, await stage.waitingForHuman());
    expect(await conversationOf(dana, conversationId)).toMatchObject({ status: 'RESOLVED' });
  });

  test('what is resolved changes nothing, for whoever asks', async () => {
    const { ben, cleo } = stage.cast;
    const conversationId = await stage.resolvedBy(ben);
    const before = await stage.everythingWritten();
    const { conversation, timelineEdges } = await resolves(cleo, conversationId);
    expect(conversation).toMatchObject({ status: 'RESOLVED' });
    expect(timelineEdges).toEqual([]);
    expect(await stage.everythingWritten()).toEqual(before);
  });

  test('what is finalized is refused', async () => {
    const { ben } = stage.cast;
    const conversationId = await stage.finalizedBy(ben);
    const refusal = await stage.refusal(ben, ResolveConversationDocument, { conversationId });
    expect(refusal.code).toBe('CONVERSATION_FINALIZED');
  });
});

describe('reopening', () => {
  test('is for any agent, and the assignee answers for it as before', async () => {
    const { dana, ben, cleo } = stage.cast;
    const conversationId = await stage.resolvedBy(ben);
    const danaHears = await listening(dana, conversationId);
    const { conversation, timelineEdges } = await reopens(cleo, conversationId);
    expect(conversation).toMatchObject({ status: 'OPEN', handling: 'HUMAN', assignee: { id: ben.id } });
    expect(timelineEdges).toMatchObject([{ node: { kind: 'REOPENED', actor: { id: cleo.id } } }]);
    await says(dana, conversationId, 'marker');
    expect(await danaHears.until('marker')).toEqual(['REOPENED']);
  });

  test('has the AI agent answer what it had not, when nobody is assigned', async () => {
    const { dana, ben, bot } = stage.cast;
    const conversationId = await stage.waitingForHuman();
    await resolves(ben, conversationId);
    const { conversation } = await reopens(ben, conversationId);
    expect(conversation).toMatchObject({ handling: 'AI', needsHuman: null });
    const aiTurnId = await stage.turnOf(conversationId);
    await does(bot, SendMessageDocument, { conversationId, text: 'Here I am', aiTurnId });
    expect((await timelineOf(dana, conversationId)).slice(-2)).toEqual(['REOPENED', 'Here I am']);
  });

  test('leaves it unattended when there is no enabled AI agent of its own', async () => {
    const { app, cast } = stage;
    const { dana, ben } = cast;
    await setDefaultAiAgent(app, cast.acme, null);
    const never = await stage.startedBy(dana);
    const sleepy = await newPerson(app, app.url, cast.acme, 'Sleepy Bot', { kind: 'AI_AGENT' });
    await setDefaultAiAgent(app, cast.acme, sleepy.id);
    const disabled = await stage.startedBy(dana);
    await setDefaultAiAgent(app, cast.acme, cast.bot.id);
    await app.world.database.pool.query('update actors set active = false where id = $1', [sleepy.id]);
    for (const conversationId of [never, disabled]) {
      await resolves(ben, conversationId);
      const { conversation } = await reopens(ben, conversationId);
      expect(conversation).toMatchObject({ status: 'OPEN', handling: 'UNATTENDED', assignee: null });
    }
  });

  test('what is open changes nothing', async () => {
    const { ben, cleo } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    const before = await stage.everythingWritten();
    const { conversation, timelineEdges } = await reopens(cleo, conversationId);
    expect(conversation).toMatchObject({ status: 'OPEN' });
    expect(timelineEdges).toEqual([]);
    expect(await stage.everythingWritten()).toEqual(before);
  });

  test('what is finalized is refused, to admins too', async () => {
    const { ada, ben } = stage.cast;
    const conversationId = await stage.finalizedBy(ben);
    const refusal = await stage.refusal(ada, ReopenConversationDocument, { conversationId });
    expect(refusal).toMatchObject({ code: 'CONVERSATION_FINALIZED', path: null });
  });
});

describe('finalizing', () => {
  test('ends it for good, and everybody hears of it', async () => {
    const { dana, ben, cleo } = stage.cast;
    const conversationId = await stage.resolvedBy(ben);
    const danaHears = await listening(dana, conversationId);
    const cleoHears = await listening(cleo, conversationId);
    const { conversation, timelineEdges } = await finalizes(ben, conversationId);
    expect(conversation).toMatchObject({ status: 'FINALIZED', assignee: { id: ben.id } });
    expect(gists(timelineEdges)).toEqual(['FINALIZED']);
    for (const hears of [danaHears, cleoHears]) expect(await hears.until('FINALIZED')).toEqual([]);
  });

  test('is for the customer, open or resolved, whoever is assigned', async () => {
    const { dana, ben } = stage.cast;
    for (const id of [await stage.startedBy(dana), await stage.takenOverBy(ben), await stage.resolvedBy(ben)]) {
      const { conversation, timelineEdges } = await finalizes(dana, id);
      expect(conversation).toMatchObject({ status: 'FINALIZED' });
      expect(timelineEdges).toMatchObject([{ node: { kind: 'FINALIZED', actor: { id: dana.id } } }]);
    }
  });

  test('is for the assignee, an admin, or any agent when nobody is assigned', async () => {
    const { dana, ada, ben, cleo } = stage.cast;
    for (const conversationId of [await stage.takenOverBy(ben), await stage.resolvedBy(ben)]) {
      const refusal = await stage.refusal(cleo, FinalizeConversationDocument, { conversationId });
      expect(refusal).toMatchObject({ code: 'NOT_ASSIGNEE', path: null });
      await finalizes(ada, conversationId);
    }
    const { conversation } = await finalizes(cleo, await stage.startedBy(dana));
    expect(conversation).toMatchObject({ status: 'FINALIZED' });
  });

  test('clears the wish for a person and ends the AI agent’s turn', async () => {
    const { dana, ben, bot } = stage.cast;
    const asked = await stage.startedBy(dana);
    await asksForHuman(dana, asked);
    await finalizes(dana, asked);
    expect((await teamConversationOf(ben, asked)).needsHuman).toBeNull();
    const conversationId = await stage.startedBy(dana);
    const aiTurnId = await stage.turnOf(conversationId);
    await finalizes(dana, conversationId);
    const refusal = await stage.refusal(bot, SendMessageDocument, { conversationId, text: 'Late', aiTurnId });
    expect(refusal.code).toBe('CONVERSATION_FINALIZED');
  });

  test('what is finalized changes nothing, for whoever asks', async () => {
    const { ben, cleo, dana } = stage.cast;
    const conversationId = await stage.finalizedBy(ben);
    const before = await stage.everythingWritten();
    for (const person of [ben, cleo, dana]) {
      const { conversation, timelineEdges } = await finalizes(person, conversationId);
      expect(conversation).toMatchObject({ status: 'FINALIZED' });
      expect(timelineEdges).toEqual([]);
    }
    expect(await stage.everythingWritten()).toEqual(before);
  });

  test('a participant leaves after it, and the customer hears nothing', async () => {
    const { dana, ben, cleo } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    await joins(cleo, conversationId);
    await finalizes(ben, conversationId);
    const before = await timelineOf(dana, conversationId);
    await leaves(cleo, conversationId);
    expect(await timelineOf(dana, conversationId)).toEqual(before);
    expect((await timelineOf(ben, conversationId)).slice(-2)).toEqual(['FINALIZED', 'LEFT']);
  });
});

test('customers, AI agents and integrations neither resolve nor reopen; the last two do not finalize', async () => {
  const { ben, dana, bot, crm } = stage.cast;
  const conversationId = await stage.takenOverBy(ben);
  for (const person of [dana, bot, crm]) {
    await stage.isForbidden(person, ResolveConversationDocument, { conversationId });
    await stage.isForbidden(person, ReopenConversationDocument, { conversationId });
  }
  for (const person of [bot, crm]) await stage.isForbidden(person, FinalizeConversationDocument, { conversationId });
});

test('a whole life is told in order', async () => {
  const { dana, ben } = stage.cast;
  const conversationId = await stage.resolvedBy(ben);
  await reopens(ben, conversationId);
  await resolves(ben, conversationId);
  await says(dana, conversationId, 'Wait');
  await resolves(ben, conversationId);
  await finalizes(ben, conversationId);
  const events = ['RESOLVED', 'REOPENED', 'RESOLVED', 'REOPENED', 'Wait', 'RESOLVED', 'FINALIZED'];
  expect(await timelineOf(dana, conversationId)).toEqual(['STARTED', 'Where is my parcel?', 'TAKEN_OVER', ...events]);
});
