import { describe, expect, test } from 'vitest';
import {
  AiTurnDocument,
  AiTurnOpenedDocument,
  RequestHumanDocument,
  SendMessageDocument,
} from '../operations/generated.js';
import { runDueJobs } from '../support/jobs.js';
import type { Person } from '../support/Person.js';
import {
  asksForHuman,
  does,
  finalizes,
  handsBack,
  newStage,
  resolves,
  says,
  takesOver,
  teamConversationOf,
  timelineOf,
} from '../support/stories.js';

// A job that comes early is an error in the log, as it should be.
const stage = newStage({ LOG_LEVEL: 'silent' });

const reply = (conversationId: string, aiTurnId: string, text: string, bot: Person = stage.cast.bot) =>
  does(bot, SendMessageDocument, { conversationId, aiTurnId, text });

/** What a turn must answer; null once it can no longer be seen. */
async function unanswered(turnId: string): Promise<string[]> {
  const { node } = await stage.cast.bot.ask(AiTurnDocument, { id: turnId });
  return (node as { unanswered: { text: string }[] }).unanswered.map(({ text }) => text);
}

const refusedWith = async (conversationId: string, aiTurnId: string, text = 'Too late') =>
  (await stage.refusal(stage.cast.bot, SendMessageDocument, { conversationId, aiTurnId, text })).code;

describe('an AI turn', () => {
  test('opens when the customer writes, and is answered with its id', async () => {
    const { dana } = stage.cast;
    const conversationId = await stage.startedBy(dana, 'Hello?');
    const turnId = await stage.turnOf(conversationId);
    expect(await unanswered(turnId)).toEqual(['Hello?']);
    await reply(conversationId, turnId, 'Hello!');
    expect(await timelineOf(dana, conversationId)).toEqual(['STARTED', 'Hello?', 'Hello!']);
    expect(await refusedWith(conversationId, turnId)).toBe('AI_TURN_CLOSED');
  });

  test('keeps what it must answer; what comes meanwhile opens the next one', async () => {
    const { dana } = stage.cast;
    const conversationId = await stage.startedBy(dana, 'One');
    const first = await stage.turnOf(conversationId);
    await says(dana, conversationId, 'Two');
    await says(dana, conversationId, 'Three');
    expect(await stage.turnOf(conversationId)).toBe(first);
    expect(await unanswered(first)).toEqual(['One']);
    await reply(conversationId, first, 'To one');
    const second = await stage.turnOf(conversationId);
    expect(second).not.toBe(first);
    expect(await unanswered(second)).toEqual(['Two', 'Three']);
    await reply(conversationId, second, 'To two and three');
    expect(await stage.turnOf(conversationId)).toBe(second);
  });

  test.each([
    ['taken over', 'AI_PAUSED', (id: string) => takesOver(stage.cast.ben, id)],
    ['asked a person for', 'AI_PAUSED', (id: string) => asksForHuman(stage.cast.dana, id)],
    ['resolved', 'AI_TURN_CLOSED', (id: string) => resolves(stage.cast.ben, id)],
    ['finalized', 'CONVERSATION_FINALIZED', (id: string) => finalizes(stage.cast.dana, id)],
  ])('closes when the conversation is %s', async (_, code, happens) => {
    const conversationId = await stage.startedBy(stage.cast.dana);
    const turnId = await stage.turnOf(conversationId);
    await happens(conversationId);
    expect(await refusedWith(conversationId, turnId)).toBe(code);
  });

  test('closes when the AI agent asks for a person, with its last words before it', async () => {
    const { bot, dana, ben } = stage.cast;
    const conversationId = await stage.startedBy(dana, 'Help');
    const aiTurnId = await stage.turnOf(conversationId);
    await does(bot, RequestHumanDocument, { conversationId, aiTurnId, reason: 'Unknown', text: 'One moment' });
    expect(await timelineOf(dana, conversationId)).toEqual(['STARTED', 'Help', 'One moment', 'HUMAN_REQUESTED']);
    const { handling, needsHuman } = await teamConversationOf(ben, conversationId);
    expect(handling).toBe('UNATTENDED');
    expect(needsHuman).toMatchObject({ reason: 'Unknown', by: { id: bot.id } });
    await says(dana, conversationId, 'Are you there?');
    expect(await stage.turnOf(conversationId)).toBe(aiTurnId);
  });

  test('does not open while people answer, nor after they did', async () => {
    const { dana, ben } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    const before = await stage.turnOf(conversationId);
    await says(dana, conversationId, 'Hi Ben');
    await says(ben, conversationId, 'Hi Dana');
    await handsBack(ben, conversationId);
    expect(await stage.turnOf(conversationId)).toBe(before);
  });

  test('of another AI agent, or of another conversation, is not there', async () => {
    const { dana, ivy, globot } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    const foreign = await stage.startedBy(ivy);
    const input = { conversationId, aiTurnId: await stage.turnOf(foreign), text: 'Hello' };
    const refusal = await stage.refusal(stage.cast.bot, SendMessageDocument, input);
    expect(refusal).toMatchObject({ code: 'NOT_FOUND', path: ['aiTurnId'] });
    const { node } = await globot.ask(AiTurnDocument, { id: await stage.turnOf(conversationId) });
    expect(node).toBeNull();
  });
});

describe('a deadline', () => {
  test('opens one more turn, and after that the system asks for a person', async () => {
    const { dana, ben } = stage.cast;
    const conversationId = await stage.startedBy(dana, 'Anybody?');
    const first = await stage.turnOf(conversationId);
    stage.app.clock.advance(61);
    expect(await refusedWith(conversationId, first)).toBe('AI_TURN_CLOSED');
    await runDueJobs(stage.app);
    const second = await stage.turnOf(conversationId);
    expect(second).not.toBe(first);
    expect(await unanswered(second)).toEqual(['Anybody?']);
    stage.app.clock.advance(61);
    await runDueJobs(stage.app);
    expect(await timelineOf(dana, conversationId)).toEqual(['STARTED', 'Anybody?', 'HUMAN_REQUESTED']);
    const { handling, needsHuman } = await teamConversationOf(ben, conversationId);
    expect(handling).toBe('UNATTENDED');
    expect(needsHuman!.by.id).toMatch(/^sys_/);
  });

  test('does nothing to a turn that was answered in time', async () => {
    const { dana } = stage.cast;
    const conversationId = await stage.startedBy(dana, 'Quick?');
    await reply(conversationId, await stage.turnOf(conversationId), 'Quick.');
    stage.app.clock.advance(200);
    await runDueJobs(stage.app);
    expect(await timelineOf(dana, conversationId)).toEqual(['STARTED', 'Quick?', 'Quick.']);
  });
});

describe('handing back', () => {
  test('tells the AI agent when people handled the conversation', async () => {
    const { bot, dana, ben } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    await says(dana, conversationId, 'Still there?');
    const turns = bot.follow(AiTurnOpenedDocument, {});
    await handsBack(ben, conversationId);
    const { data } = await turns.next((event) => event.data?.aiTurnOpened.conversation.id === conversationId);
    turns.stop();
    expect(data!.aiTurnOpened.humanSpoke).not.toBeNull();
    expect(data!.aiTurnOpened.unanswered.map(({ text }) => text)).toEqual(['Where is my parcel?', 'Still there?']);
  });
});

describe('the stream of turns', () => {
  test('brings those still open, then each new one, once', async () => {
    const { bot, dana } = stage.cast;
    const waiting = await stage.startedBy(dana);
    const turns = bot.follow(AiTurnOpenedDocument, {});
    const isOf = (id: string) => (event: (typeof turns.seen)[number]) =>
      event.data?.aiTurnOpened.conversation.id === id;
    await turns.next(isOf(waiting));
    const fresh = await stage.startedBy(dana);
    await turns.next(isOf(fresh));
    const marker = await stage.startedBy(dana);
    await turns.next(isOf(marker));
    const ids = turns.seen.map(({ data }) => data!.aiTurnOpened.id);
    expect(new Set(ids).size).toBe(ids.length);
    turns.stop();
  });
});
