import sql from 'sql-template-tag';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sendMessage } from '../../src/actions/sendMessage.js';
import {
  AiTurnDocument,
  AiTurnOpenedDocument,
  type AiTurnOpenedSubscription,
  ReopenConversationDocument,
  RequestHumanDocument,
  SendMessageDocument,
} from '../operations/generated.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { withoutBells } from '../support/bells.js';
import { newPerson } from '../support/cast.js';
import type { EventQueue } from '../support/EventQueue.js';
import { eventually } from '../support/eventually.js';
import { runDueJobs } from '../support/jobs.js';
import type { Person } from '../support/Person.js';
import {
  asksForHuman,
  conversationOf,
  does,
  finalizes,
  handsBack,
  newStage,
  resolves,
  says,
  takesOver,
  teamConversationOf,
  timelineOf,
  whispers,
} from '../support/stories.js';
import { valueIn, valuesIn, viewerOf } from '../support/streams.js';

// A job that comes early is an error in the log, as it should be.
const stage = newStage({ LOG_LEVEL: 'silent', RATE_BURST: '1000000' });

type Turn = AiTurnOpenedSubscription['aiTurnOpened'];
type Turns = EventQueue<{ data?: AiTurnOpenedSubscription | null }>;

interface StoredTurn {
  id: string;
  attempt: number;
  isOpen: boolean;
}
const storedTurns = (conversationId: string) =>
  stage.app.world.database.read<StoredTurn>(sql`
    select id, attempt, closed_at is null as "isOpen" from ai_turns where conversation_id = ${conversationId}
    order by opened_at, id`);
const openTurns = async (conversationId: string) =>
  (await storedTurns(conversationId)).filter(({ isOpen }) => isOpen).length;

const nextTurn = async (turns: Turns, conversationId: string): Promise<Turn> =>
  valueIn(await turns.next((event) => valueIn(event).conversation.id === conversationId));
const asked = ({ unanswered }: Turn) => unanswered.map(({ text }) => text);

const answers = (conversationId: string, aiTurnId: string, text: string, bot: Person = stage.cast.bot) =>
  does(bot, SendMessageDocument, { conversationId, aiTurnId, text });

async function refusalOfAnswer(conversationId: string, aiTurnId: string, bot = stage.cast.bot) {
  const { sendMessage } = await bot.ask(SendMessageDocument, { input: { conversationId, aiTurnId, text: 'too late' } });
  expect(sendMessage.message).toBeNull();
  return sendMessage.errors.map(({ code, path }) => [code, path]);
}

describe('a turn', () => {
  let turns: Turns;
  beforeAll(() => {
    turns = stage.cast.bot.follow(AiTurnOpenedDocument);
  });

  test('opens when the customer writes, and says what it must answer', async () => {
    const conversationId = await stage.startedBy(stage.cast.dana, 'Where is my parcel?');
    const turn = await nextTurn(turns, conversationId);
    expect(asked(turn)).toEqual(['Where is my parcel?']);
    expect(turn.humanSpoke).toBeNull();
    expect(Date.parse(turn.expiresAt) - Date.parse(turn.openedAt)).toBe(60_000);
  });

  test('has its question fixed: what comes meanwhile opens the next when this one is answered', async () => {
    const { dana, bot } = stage.cast;
    const conversationId = await stage.startedBy(dana, 'one');
    const first = await nextTurn(turns, conversationId);
    await says(dana, conversationId, 'two');
    await says(dana, conversationId, 'three');
    expect(await openTurns(conversationId)).toBe(1);
    const { node } = await bot.ask(AiTurnDocument, { id: first.id });
    expect(node).toMatchObject({ unanswered: [{ text: 'one' }] });
    await answers(conversationId, first.id, 'to one');
    const second = await nextTurn(turns, conversationId);
    expect(asked(second)).toEqual(['two', 'three']);
    await answers(conversationId, second.id, 'to two and three');
    expect(await openTurns(conversationId)).toBe(0);
    await says(dana, conversationId, 'four');
    expect(asked(await nextTurn(turns, conversationId))).toEqual(['four']);
  });

  test('is one at most, however many write at once', async () => {
    const { dana, crm } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    const first = await nextTurn(turns, conversationId);
    const input = (nr: number) => ({ conversationId, text: `${nr}`, onBehalfOfCustomer: true, externalId: `${nr}` });
    await Promise.all([
      ...Array.from({ length: 10 }, (_, nr) => says(dana, conversationId, `more ${nr}`)),
      ...Array.from({ length: 10 }, (_, nr) => does(crm, SendMessageDocument, input(nr))),
      answers(conversationId, first.id, 'answer'),
    ]);
    const stored = await storedTurns(conversationId);
    expect(stored.filter(({ isOpen }) => isOpen)).toHaveLength(1);
    expect(stored).toHaveLength(2);
  });

  test('is answered once', async () => {
    const conversationId = await stage.startedBy(stage.cast.dana);
    const { id } = await nextTurn(turns, conversationId);
    const attempts = await Promise.all(
      Array.from({ length: 10 }, (_, nr) =>
        stage.cast.bot.ask(SendMessageDocument, { input: { conversationId, aiTurnId: id, text: `answer ${nr}` } }),
      ),
    );
    const codes = attempts.flatMap(({ sendMessage }) => sendMessage.errors.map(({ code }) => code));
    expect(codes).toEqual(Array(9).fill('AI_TURN_CLOSED'));
    const timeline = await timelineOf(stage.cast.dana, conversationId);
    expect(timeline.filter((text) => text.startsWith('answer'))).toHaveLength(1);
  });

  test('does not open for whispers, for a message of an agent, nor while people answer (D19)', async () => {
    const { ben, dana } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    const { id } = await nextTurn(turns, conversationId);
    await answers(conversationId, id, 'answer');
    await whispers(ben, conversationId, 'psst');
    await takesOver(ben, conversationId);
    await says(ben, conversationId, 'I am here');
    await says(dana, conversationId, 'good');
    expect(await storedTurns(conversationId)).toHaveLength(1);
  });

  test.each([
    ['a take-over', 'AI_PAUSED', (id: string) => takesOver(stage.cast.ben, id)],
    ['the customer’s request for a human', 'AI_PAUSED', (id: string) => asksForHuman(stage.cast.dana, id)],
    ['resolving', 'AI_TURN_CLOSED', (id: string) => resolves(stage.cast.ben, id)],
    ['finalizing', 'CONVERSATION_FINALIZED', (id: string) => finalizes(stage.cast.dana, id)],
  ])('is closed by %s, and its answer is refused', async (_, code, close) => {
    const conversationId = await stage.startedBy(stage.cast.dana);
    const { id } = await nextTurn(turns, conversationId);
    await close(conversationId);
    expect(await storedTurns(conversationId)).toMatchObject([{ id, isOpen: false }]);
    const before = await timelineOf(stage.cast.dana, conversationId);
    expect(await refusalOfAnswer(conversationId, id)).toEqual([[code, null]]);
    expect(await timelineOf(stage.cast.dana, conversationId)).toEqual(before);
  });

  test('is closed by the AI agent’s own request for a human, with its last words; none opens until a hand-back', async () => {
    const { bot, ben, dana } = stage.cast;
    const conversationId = await stage.startedBy(dana, 'Can I talk to somebody?');
    const { id } = await nextTurn(turns, conversationId);
    const input = { conversationId, aiTurnId: id, reason: 'asked for it', text: 'I am getting somebody.' };
    await does(bot, RequestHumanDocument, input);
    expect(await timelineOf(dana, conversationId)).toEqual([
      ...['STARTED', 'Can I talk to somebody?', 'I am getting somebody.', 'HUMAN_REQUESTED'],
    ]);
    const { handling, needsHuman } = await teamConversationOf(ben, conversationId);
    expect(handling).toBe('UNATTENDED');
    expect(needsHuman).toMatchObject({ reason: 'asked for it', by: { id: bot.id } });
    await says(dana, conversationId, 'Thanks');
    expect(await openTurns(conversationId)).toBe(0);
    expect(await refusalOfAnswer(conversationId, id)).toEqual([['AI_PAUSED', null]]);
    const again = await bot.ask(RequestHumanDocument, { input });
    expect(again.requestHuman.errors.map(({ code }) => code)).toEqual(['AI_PAUSED']);
    await handsBack(ben, conversationId);
    expect(asked(await nextTurn(turns, conversationId))).toEqual(['Can I talk to somebody?', 'Thanks']);
  });

  test('opens when a conversation is handed back unanswered, and says between when and when people handled it', async () => {
    const { ben, dana } = stage.cast;
    const conversationId = await stage.startedBy(dana, 'one');
    await nextTurn(turns, conversationId);
    const before = stage.app.clock.now().getTime();
    await takesOver(ben, conversationId);
    await says(ben, conversationId, 'to one');
    await says(dana, conversationId, 'two');
    await handsBack(ben, conversationId);
    const turn = await nextTurn(turns, conversationId);
    expect(asked(turn)).toEqual(['two']);
    const { from, to } = turn.humanSpoke!;
    expect(Date.parse(from)).toBeGreaterThanOrEqual(before);
    expect(Date.parse(to)).toBeGreaterThanOrEqual(Date.parse(from));
    expect(Date.parse(turn.openedAt)).toBeGreaterThanOrEqual(Date.parse(to));
    await answers(conversationId, turn.id, 'to two');
  });

  test('does not open when people have answered before they hand back', async () => {
    const { ben, dana } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    await nextTurn(turns, conversationId);
    await takesOver(ben, conversationId);
    await says(ben, conversationId, 'answered');
    await handsBack(ben, conversationId);
    expect(await openTurns(conversationId)).toBe(0);
    await says(dana, conversationId, 'One more thing');
    const turn = await nextTurn(turns, conversationId);
    expect(asked(turn)).toEqual(['One more thing']);
    expect(turn.humanSpoke).not.toBeNull();
  });

  test('opens when an unanswered conversation is reopened, by an agent or by the customer’s next message', async () => {
    const { ben, dana } = stage.cast;
    const conversationId = await stage.startedBy(dana, 'one');
    await nextTurn(turns, conversationId);
    await resolves(ben, conversationId);
    await does(ben, ReopenConversationDocument, { conversationId });
    expect(asked(await nextTurn(turns, conversationId))).toEqual(['one']);
    await resolves(ben, conversationId);
    await says(dana, conversationId, 'two');
    expect(asked(await nextTurn(turns, conversationId))).toEqual(['one', 'two']);
  });

  test('of another AI agent is not there, nor is one of another conversation', async () => {
    const { app, cast } = stage;
    const colleague = await newPerson(app, app.url, cast.acme, 'Other Bot', { kind: 'AI_AGENT' });
    const [one, other] = [await stage.startedBy(cast.dana), await stage.startedBy(cast.dana)];
    const ofOne = await nextTurn(turns, one);
    const ofIvy = await stage.turnOf(await stage.startedBy(cast.ivy));
    const notThere = [['NOT_FOUND', ['aiTurnId']]];
    expect(await refusalOfAnswer(other, ofOne.id)).toEqual(notThere);
    for (const id of [ofIvy, app.world.ids.next('turn'), 'nonsense', one]) {
      expect(await refusalOfAnswer(one, id)).toEqual(notThere);
    }
    expect(await refusalOfAnswer(one, ofOne.id, colleague)).toEqual([['NOT_FOUND', ['conversationId']]]);
    for (const stranger of [colleague, cast.globot, cast.dana, cast.ben]) {
      expect((await stranger.ask(AiTurnDocument, { id: ofOne.id })).node).toBeNull();
    }
  });

  test('must be named', async () => {
    const conversationId = await stage.startedBy(stage.cast.dana);
    const { sendMessage } = await stage.cast.bot.ask(SendMessageDocument, { input: { conversationId, text: 'hello' } });
    expect(sendMessage.errors).toMatchObject([{ code: 'INVALID_INPUT', path: ['aiTurnId'] }]);
  });
});

describe('a turn’s deadline', () => {
  test('opens one more turn, and after that one’s the system asks for a human', async () => {
    const { ben, bot, dana } = stage.cast;
    const turns = bot.follow(AiTurnOpenedDocument);
    const conversationId = await stage.startedBy(dana, 'one');
    const first = await nextTurn(turns, conversationId);
    await says(dana, conversationId, 'two');
    stage.app.clock.advance(61);
    // From its deadline on it is closed, whether or not anybody has looked.
    expect(await refusalOfAnswer(conversationId, first.id)).toEqual([['AI_TURN_CLOSED', null]]);
    await runDueJobs(stage.app);
    const second = await nextTurn(turns, conversationId);
    expect(asked(second)).toEqual(['one', 'two']);
    expect(await storedTurns(conversationId)).toMatchObject([
      { id: first.id, attempt: 1, isOpen: false },
      { id: second.id, attempt: 2, isOpen: true },
    ]);
    expect(await refusalOfAnswer(conversationId, first.id)).toEqual([['AI_TURN_CLOSED', null]]);

    stage.app.clock.advance(61);
    await runDueJobs(stage.app);
    expect(await storedTurns(conversationId)).toHaveLength(2);
    expect(await openTurns(conversationId)).toBe(0);
    const { handling, needsHuman } = await teamConversationOf(ben, conversationId);
    expect(handling).toBe('UNATTENDED');
    expect(needsHuman!.by.id).toMatch(/^sys_/);
    expect(await timelineOf(dana, conversationId)).toEqual(['STARTED', 'one', 'two', 'HUMAN_REQUESTED']);
    expect(await refusalOfAnswer(conversationId, second.id)).toEqual([['AI_PAUSED', null]]);
    turns.stop();
  });

  test('passes without a trace when the turn was answered before', async () => {
    const { dana } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    await answers(conversationId, await stage.turnOf(conversationId), 'answer');
    stage.app.clock.advance(200);
    await runDueJobs(stage.app);
    expect(await timelineOf(dana, conversationId)).toEqual(['STARTED', 'Where is my parcel?', 'answer']);
    expect(await storedTurns(conversationId)).toHaveLength(1);
  });

  test('is not missed when its job comes early, as it does when PostgreSQL’s clock goes before ours', async () => {
    const { ben, dana } = stage.cast;
    const { database } = stage.app.world;
    const conversationId = await stage.startedBy(dana);
    await runDueJobs(stage.app);
    const hurried = await database.read(sql`
      update graphile_worker._private_jobs set run_at = now() where payload ->> 'conversationId' = ${conversationId}
      returning id`);
    expect(hurried).toHaveLength(1);
    await eventually(
      () =>
        database.read<{ tried: boolean }>(sql`
          select attempts > 0 and locked_at is null as tried from graphile_worker._private_jobs
          where payload ->> 'conversationId' = ${conversationId}`),
      (jobs) => jobs.every(({ tried }) => tried),
    );
    expect(await storedTurns(conversationId)).toMatchObject([{ isOpen: true }]);
    stage.app.clock.advance(61);
    await runDueJobs(stage.app);
    expect(await storedTurns(conversationId)).toMatchObject([{ isOpen: false }, { attempt: 2, isOpen: true }]);
    stage.app.clock.advance(61);
    await runDueJobs(stage.app);
    expect((await teamConversationOf(ben, conversationId)).needsHuman).not.toBeNull();
  });
});

describe('the fence', () => {
  test('in fifty races with a take-over, the answer comes before it or never (F2)', { timeout: 60_000 }, async () => {
    const { ben, bot, dana } = stage.cast;
    for (let race = 0; race < 50; race++) {
      const conversationId = await stage.startedBy(dana);
      const aiTurnId = await stage.turnOf(conversationId);
      const answering = () => bot.ask(SendMessageDocument, { input: { conversationId, aiTurnId, text: 'answer' } });
      const takingOver = () => takesOver(ben, conversationId);
      const racers = race % 2 ? ([takingOver(), answering()] as const) : ([answering(), takingOver()] as const);
      const { sendMessage } = (await Promise.all(racers)).find((answer) => 'sendMessage' in answer)!;
      const codes = sendMessage.errors.map(({ code }) => code);
      const said = codes.length === 0 ? ['answer'] : [];
      expect(codes).toEqual(codes.length === 0 ? [] : ['AI_PAUSED']);
      expect(await timelineOf(dana, conversationId)).toEqual([
        ...['STARTED', 'Where is my parcel?', ...said, 'TAKEN_OVER'],
      ]);
      expect(await openTurns(conversationId)).toBe(0);
    }
  });

  test('an old turn stays refused after a hand-back, and the new one is answered', async () => {
    const { ben, dana } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    const old = await stage.turnOf(conversationId);
    await takesOver(ben, conversationId);
    await handsBack(ben, conversationId);
    const fresh = await stage.turnOf(conversationId);
    expect(fresh).not.toBe(old);
    expect(await refusalOfAnswer(conversationId, old)).toEqual([['AI_TURN_CLOSED', null]]);
    await answers(conversationId, fresh, 'answer');
    expect((await conversationOf(dana, conversationId)).lastMessage!.text).toBe('answer');
  });
});

describe('aiTurnOpened', () => {
  let other: TestApp;
  beforeAll(async () => {
    other = await startTestApp({}, { databaseUrl: stage.app.databaseUrl, clock: stage.app.clock });
  });
  afterAll(() => other.close());

  /** An AI agent with nothing open yet, and how a conversation comes to it. */
  async function newBot() {
    const { app, cast } = stage;
    const name = `Bot ${app.world.ids.next('ai').slice(-6)}`;
    const bot = await newPerson(app, app.url, cast.acme, name, { kind: 'AI_AGENT' });
    const startFor = async (text: string) => {
      const conversationId = await stage.startedBy(cast.dana, text);
      await app.world.database.read(sql`
        with closed as (update ai_turns set closed_at = opened_at where conversation_id = ${conversationId})
        update conversations set ai_agent_id = ${bot.id}, handling = 'UNATTENDED' where id = ${conversationId}`);
      await handsBack(cast.ben, conversationId);
      return conversationId;
    };
    return { bot, startFor };
  }

  test('brings those still open first, then each that opens, once, at every node', async () => {
    const { bot, startFor } = await newBot();
    const [one, two] = [await startFor('one'), await startFor('two')];
    await takesOver(stage.cast.ben, await startFor('taken over'));
    const there = bot.at(other.url);
    const streams = [bot.follow(AiTurnOpenedDocument), there.follow(AiTurnOpenedDocument)];
    const everywhere = async (count: number) =>
      Promise.all(streams.map(async (stream) => (await valuesIn(stream, count)).flatMap(asked)));
    expect(await everywhere(2)).toEqual(Array(2).fill(['one', 'two']));
    await answers(two, await stage.turnOf(two), 'answer', bot);
    const three = await startFor('three');
    await says(stage.cast.dana, two, 'four');
    expect(await everywhere(4)).toEqual(Array(2).fill(['one', 'two', 'three', 'four']));
    for (const conversationId of [one, three]) {
      await answers(conversationId, await stage.turnOf(conversationId), 'answer', there);
    }
    const again = bot.follow(AiTurnOpenedDocument);
    expect(asked((await valuesIn(again, 1))[0]!)).toEqual(['four']);
    for (const stream of [...streams, again]) stream.stop();
    await Promise.all([bot.leave(), there.leave()]);
  });

  test('brings no turn of anybody else', async () => {
    const { bot, startFor } = await newBot();
    const stream = bot.follow(AiTurnOpenedDocument);
    await startFor('first');
    expect(asked(valueIn(await stream.next()))).toEqual(['first']);
    await stage.startedBy(stage.cast.ivy, 'for Globex');
    await stage.startedBy(stage.cast.dana, 'for the default');
    await startFor('marker');
    expect(asked(valueIn(await stream.next()))).toEqual(['marker']);
    stream.stop();
    await bot.leave();
  });

  test('also when the bell is lost', async () => {
    const { bot, startFor } = await newBot();
    const conversationId = await startFor('one');
    const stream = bot.follow(AiTurnOpenedDocument);
    await nextTurn(stream, conversationId);
    const dana = await viewerOf(stage.app, stage.cast.dana);
    // The second comes when the sweep has seen this stream already.
    for (const text of ['two', 'three']) {
      await answers(conversationId, await stage.turnOf(conversationId), 'answer', bot);
      await sendMessage(withoutBells(stage.app.world), dana, { conversationId, text });
      expect(asked(await nextTurn(stream, conversationId))).toEqual([text]);
    }
    stream.stop();
    await bot.leave();
  });
});
