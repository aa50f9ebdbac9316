import { describe, expect, test } from 'vitest';
import { AiTurnOpenedDocument, HandBackConversationDocument, SendMessageDocument } from '../operations/generated.js';
import { newPerson, setDefaultAiAgent } from '../support/cast.js';
import {
  asksForHuman,
  conversationOf,
  does,
  gists,
  handsBack,
  listening,
  newStage,
  participantsOf,
  resolves,
  says,
  takesOver,
} from '../support/stories.js';

const stage = newStage();

describe('handing back', () => {
  test('has the AI agent answer again, and everybody hears of it', async () => {
    const { dana, ben, cleo, bot } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    const danaHears = await listening(dana, conversationId);
    const cleoHears = await listening(cleo, conversationId);
    const { conversation, timelineEdges } = await handsBack(ben, conversationId);
    expect(conversation).toMatchObject({ handling: 'AI', assignee: null, aiAgent: { id: bot.id } });
    expect(timelineEdges).toMatchObject([{ node: { kind: 'HANDED_BACK', actor: { id: ben.id } } }]);
    await says(dana, conversationId, 'marker');
    for (const hears of [danaHears, cleoHears]) expect(await hears.until('marker')).toEqual(['HANDED_BACK']);
  });

  test('leaves who answered a participant', async () => {
    const { dana, ben, bot } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    const { conversation } = await handsBack(ben, conversationId);
    expect(new Set(participantsOf(conversation!))).toEqual(new Set([dana.id, ben.id, bot.id]));
  });

  test('opens a turn for what is unanswered, and says that people handled it meanwhile', async () => {
    const { dana, ben, bot } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    await says(ben, conversationId, 'It comes tomorrow');
    await says(dana, conversationId, 'At what time?');
    const turns = bot.follow(AiTurnOpenedDocument);
    await handsBack(ben, conversationId);
    const { data } = await turns.next((event) => event.data?.aiTurnOpened.conversation.id === conversationId);
    turns.stop();
    const { unanswered, humanSpoke, openedAt } = data!.aiTurnOpened;
    expect(unanswered).toMatchObject([{ text: 'At what time?' }]);
    expect(Date.parse(humanSpoke!.from)).toBeLessThanOrEqual(Date.parse(humanSpoke!.to));
    expect(humanSpoke!.to).toBe(openedAt);
  });

  test('opens no turn when everything is answered, and the next message opens one', async () => {
    const { dana, ben, bot } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    await says(ben, conversationId, 'It comes tomorrow');
    const closed = await stage.turnOf(conversationId);
    await handsBack(ben, conversationId);
    expect(await stage.turnOf(conversationId)).toBe(closed);
    await says(dana, conversationId, 'At what time?');
    const aiTurnId = await stage.turnOf(conversationId);
    expect(aiTurnId).not.toBe(closed);
    await does(bot, SendMessageDocument, { conversationId, text: 'At noon', aiTurnId });
  });

  test('is for the assignee and for admins', async () => {
    const { ada, ben, cleo } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    const refusal = await stage.refusal(cleo, HandBackConversationDocument, { conversationId });
    expect(refusal).toMatchObject({ code: 'NOT_ASSIGNEE', path: null });
    const { conversation } = await handsBack(ada, conversationId);
    expect(conversation).toMatchObject({ handling: 'AI', assignee: null });
  });

  test('is for any agent when nobody answers, and nobody is waited for then', async () => {
    const { cleo } = stage.cast;
    const conversationId = await stage.waitingForHuman();
    const { conversation } = await handsBack(cleo, conversationId);
    expect(conversation).toMatchObject({ handling: 'AI', needsHuman: null });
  });

  test('changes nothing where the AI agent answers already', async () => {
    const { dana, cleo } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    const before = await stage.everythingWritten();
    const { conversation, timelineEdges } = await handsBack(cleo, conversationId);
    expect(conversation).toMatchObject({ handling: 'AI' });
    expect(timelineEdges).toEqual([]);
    expect(await stage.everythingWritten()).toEqual(before);
  });

  test('and taking over again is told as it happened', async () => {
    const { dana, ben, cleo } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    const danaHears = await listening(dana, conversationId);
    await handsBack(ben, conversationId);
    await takesOver(cleo, conversationId);
    await handsBack(cleo, conversationId);
    await says(dana, conversationId, 'marker');
    expect(await danaHears.until('marker')).toEqual(['HANDED_BACK', 'TAKEN_OVER', 'HANDED_BACK']);
  });
});

describe('which AI agent', () => {
  test('a conversation that never had one gets the workspace’s', async () => {
    const { app, cast } = stage;
    await setDefaultAiAgent(app, cast.acme, null);
    const conversationId = await stage.startedBy(cast.dana);
    await setDefaultAiAgent(app, cast.acme, cast.bot.id);
    const { conversation, timelineEdges } = await handsBack(cast.ben, conversationId);
    expect(conversation).toMatchObject({ handling: 'AI', aiAgent: { id: cast.bot.id } });
    expect(gists(timelineEdges)).toEqual(['HANDED_BACK']);
    const aiTurnId = await stage.turnOf(conversationId);
    await does(cast.bot, SendMessageDocument, { conversationId, text: 'Here I am', aiTurnId });
  });

  test('one that had one keeps it, whatever the workspace’s is now', async () => {
    const { app, cast } = stage;
    const conversationId = await stage.takenOverBy(cast.ben);
    const other = await newPerson(app, app.url, cast.acme, 'Other Bot', { kind: 'AI_AGENT' });
    await setDefaultAiAgent(app, cast.acme, other.id);
    const { conversation } = await handsBack(cast.ben, conversationId);
    await setDefaultAiAgent(app, cast.acme, cast.bot.id);
    expect(conversation!.aiAgent).toEqual({ id: cast.bot.id });
  });

  test('without any it is refused', async () => {
    const { app, cast } = stage;
    await setDefaultAiAgent(app, cast.acme, null);
    const conversationId = await stage.startedBy(cast.dana);
    const refusal = await stage.refusal(cast.ben, HandBackConversationDocument, { conversationId });
    await setDefaultAiAgent(app, cast.acme, cast.bot.id);
    expect(refusal).toMatchObject({ code: 'NO_AI_AGENT', path: null });
  });

  test('a disabled one does not count, and no other takes its place', async () => {
    const { app, cast } = stage;
    const sleepy = await newPerson(app, app.url, cast.acme, 'Sleepy Bot', { kind: 'AI_AGENT' });
    await setDefaultAiAgent(app, cast.acme, sleepy.id);
    const conversationId = await stage.takenOverBy(cast.ben);
    await setDefaultAiAgent(app, cast.acme, cast.bot.id);
    await app.world.database.pool.query('update actors set active = false where id = $1', [sleepy.id]);
    const refusal = await stage.refusal(cast.ben, HandBackConversationDocument, { conversationId });
    expect(refusal.code).toBe('NO_AI_AGENT');
  });
});

test('a conversation that is not open is not handed back, whoever answers for it', async () => {
  const { dana, ada, ben } = stage.cast;
  const ofAi = await stage.startedBy(dana);
  await resolves(ben, ofAi);
  const ofBen = await stage.resolvedBy(ben);
  for (const conversationId of [ofAi, ofBen]) {
    const refusal = await stage.refusal(ada, HandBackConversationDocument, { conversationId });
    expect(refusal.code).toBe('CONVERSATION_NOT_OPEN');
  }
  const conversationId = await stage.finalizedBy(ben);
  const refusal = await stage.refusal(ben, HandBackConversationDocument, { conversationId });
  expect(refusal.code).toBe('CONVERSATION_FINALIZED');
});

test('customers, AI agents and integrations never hand back', async () => {
  const { ben, dana, bot, crm } = stage.cast;
  const conversationId = await stage.takenOverBy(ben);
  for (const person of [dana, bot, crm])
    await stage.isForbidden(person, HandBackConversationDocument, { conversationId });
  expect(await conversationOf(ben, conversationId)).toMatchObject({ handling: 'HUMAN' });
});

test('a customer may ask for a person again after the hand-back', async () => {
  const { dana, ben } = stage.cast;
  const conversationId = await stage.takenOverBy(ben);
  await handsBack(ben, conversationId);
  const { conversation, timelineEdges } = await asksForHuman(dana, conversationId);
  expect(conversation).toMatchObject({ handling: 'UNATTENDED' });
  expect(gists(timelineEdges)).toEqual(['HUMAN_REQUESTED']);
});
