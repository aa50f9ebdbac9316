import sql from 'sql-template-tag';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { AiConversation, AiModel } from '../../src/adapters/AiModel.js';
import {
  RequestHumanDocument,
  StartConversationDocument,
  UpdateConversationDocument,
  WhisperDocument,
} from '../operations/generated.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { searchPrompt } from '../support/canaries.js';
import { type Cast, castOf, newPerson, setDefaultAiAgent } from '../support/cast.js';
import { eventually } from '../support/eventually.js';
import { runDueJobs } from '../support/jobs.js';
import {
  does,
  handsBack,
  resolves,
  says,
  takesOver,
  teamConversationOf,
  timelineOf,
  whispers,
} from '../support/stories.js';

/** Composes what the test says, when it says so, and keeps all that it was ever shown. */
class ScriptedModel implements AiModel {
  readonly shown: AiConversation[] = [];
  compose: (conversation: AiConversation) => Promise<string> = async () => 'an answer';

  async reply(conversation: AiConversation) {
    this.shown.push(conversation);
    searchPrompt(conversation);
    return { say: await this.compose(conversation) };
  }
}

let app: TestApp;
let cast: Cast;

async function startWithOwnBot(options: Parameters<typeof startTestApp>[1] = {}): Promise<void> {
  app = await startTestApp({ LOG_LEVEL: 'silent' }, options);
  cast = await castOf(app);
  const bot = await newPerson(app, app.url, cast.acme, 'Helper', { kind: 'AI_AGENT', answersBy: 'ARTICLES' });
  await setDefaultAiAgent(app, cast.acme, bot.id);
}

async function stop(): Promise<void> {
  await cast.leave();
  await app.close();
}

const starts = async (text: string, customer = cast.dana) =>
  (await does(customer, StartConversationDocument, { text })).conversation!.id;

/** What was said and done in it once all that is due was done. */
async function outcomeOf(conversationId: string): Promise<string[]> {
  await runDueJobs(app);
  return timelineOf(cast.dana, conversationId);
}

describe('the AI agent that Parley runs', () => {
  const article = (workspaceId: string, title: string, body: string) =>
    app.world.database.read(sql`
      insert into articles (id, workspace_id, title, body, language, created_at)
      values (${app.world.ids.next('art')}, ${workspaceId}, ${title}, ${body}, 'en', ${app.clock.now()})`);

  beforeAll(async () => {
    await startWithOwnBot();
    await article(cast.acme, 'Return a parcel', 'Print the label and bring the parcel to any post office.');
    await article(cast.acme, 'Change your address', 'Open your profile and choose Addresses.');
    await article(cast.globex, 'Open a volcano', 'Globex opens volcanoes on Mondays.');
  });
  afterAll(stop);

  test('answers from the help article that fits', async () => {
    const conversationId = await starts('How can I return my parcel?');
    const [, , answer, ...rest] = await outcomeOf(conversationId);
    expect(answer).toContain('Print the label and bring the parcel to any post office.');
    expect(rest).toEqual([]);
    expect((await teamConversationOf(cast.ben, conversationId)).handling).toBe('AI');
    await says(cast.dana, conversationId, 'And how do I change my address?');
    expect((await outcomeOf(conversationId)).at(-1)).toContain('Open your profile and choose Addresses.');
  });

  test.each([
    ['does not know', 'Will the moon fall on Belgium tomorrow morning?'],
    ['finds the answer only in another workspace', 'When do you open a volcano?'],
    ['is asked for one', 'I want to return my parcel, but let me talk to a human'],
  ])('asks for a human when it %s', async (_, question) => {
    const conversationId = await starts(question);
    const [, , lastWords, event, ...rest] = await outcomeOf(conversationId);
    expect(lastWords).toContain('colleague');
    expect(event).toBe('HUMAN_REQUESTED');
    expect(rest).toEqual([]);
    const { handling, needsHuman } = await teamConversationOf(cast.ben, conversationId);
    expect(handling).toBe('UNATTENDED');
    expect(needsHuman!.reason).toBeTruthy();
  });

  test('asks somebody who only says hello what it is about, once', async () => {
    const conversationId = await starts('Hi there');
    expect((await outcomeOf(conversationId)).slice(2)).toEqual([expect.stringContaining('What can I help you with')]);
    await says(cast.dana, conversationId, 'Hi again');
    expect((await outcomeOf(conversationId)).at(-1)).toBe('HUMAN_REQUESTED');
  });

  test('does not answer for a partner’s AI agent', async () => {
    const conversationId = await starts('How can I return my parcel?', cast.ivy);
    await runDueJobs(app);
    expect(await timelineOf(cast.ivy, conversationId)).toEqual(['STARTED', 'How can I return my parcel?']);
  });
});

describe('its model', () => {
  const model = new ScriptedModel();
  beforeAll(() => startWithOwnBot({ modelOf: () => model }));
  beforeEach(() => {
    model.shown.length = 0;
    model.compose = async () => 'an answer';
  });
  afterAll(stop);

  test('is shown what was said to everyone, by whom, and nothing that is the team’s (D19, G13)', async () => {
    const { ada, ben, cleo, dana } = cast;
    const secrets = ['WHISPER-1', 'NOTE-1', 'WHISPER-2', 'TAG-1', 'REASON-1', 'NOTE-2'];
    const conversationId = await starts('one');
    await whispers(cleo, conversationId, 'WHISPER-1');
    await does(ben, WhisperDocument, { conversationId, text: 'NOTE-1', audience: 'SELF' });
    await outcomeOf(conversationId);
    await does(dana, RequestHumanDocument, { conversationId, reason: 'REASON-1' });
    await takesOver(ben, conversationId);
    await says(ben, conversationId, 'from Ben');
    await whispers(ben, conversationId, 'WHISPER-2');
    await does(ada, UpdateConversationDocument, { conversationId, tags: ['TAG-1'] });
    await says(dana, conversationId, 'two');
    await does(cleo, WhisperDocument, { conversationId, text: 'NOTE-2', audience: 'SELF' });
    await says(dana, conversationId, 'three');
    await handsBack(ben, conversationId);
    await outcomeOf(conversationId);
    expect(model.shown).toEqual([
      { unanswered: ['one'], before: [], humanSpoke: false },
      {
        unanswered: ['two', 'three'],
        before: [
          { by: 'customer', text: 'one' },
          { by: 'aiAgent', text: 'an answer' },
          { by: 'human', text: 'from Ben' },
        ].map((line) => expect.objectContaining(line)),
        humanSpoke: true,
      },
    ]);
    for (const secret of secrets) expect(JSON.stringify(model.shown)).not.toContain(secret);
  });

  test('is asked once for a turn, also when it is composing as the customer writes on', async () => {
    const composing = Promise.withResolvers<string>();
    model.compose = ({ unanswered }) =>
      unanswered[0] === 'one' ? composing.promise : Promise.resolve(`to ${unanswered.join(', ')}`);
    const conversationId = await starts('one');
    await says(cast.dana, conversationId, 'two');
    await says(cast.dana, conversationId, 'three');
    composing.resolve('to one');
    const outcome = await outcomeOf(conversationId);
    expect(outcome).toEqual(['STARTED', 'one', 'two', 'three', 'to one', 'to two, three']);
  });

  test.each([
    ['takes over', (id: string) => takesOver(cast.ben, id), 'TAKEN_OVER'],
    [
      'asks for a human',
      (id: string) => does(cast.dana, RequestHumanDocument, { conversationId: id }),
      'HUMAN_REQUESTED',
    ],
    ['resolves', (id: string) => resolves(cast.ben, id), 'RESOLVED'],
  ] as const)('talks over nobody who %s while it composes', async (_, act, event) => {
    const [begun, composing] = [Promise.withResolvers<void>(), Promise.withResolvers<string>()];
    model.compose = () => {
      begun.resolve();
      return composing.promise;
    };
    const conversationId = await starts('one');
    await begun.promise;
    await act(conversationId);
    composing.resolve('too late');
    expect(await outcomeOf(conversationId)).toEqual(['STARTED', 'one', event]);
  });

  test('talks over nobody when it is still composing at its deadline', async () => {
    const [begun, composing] = [Promise.withResolvers<void>(), Promise.withResolvers<string>()];
    model.compose = () => {
      begun.resolve();
      return composing.promise;
    };
    const conversationId = await starts('one');
    await begun.promise;
    model.compose = async () => 'in time';
    app.clock.advance(61);
    composing.resolve('too late');
    expect(await outcomeOf(conversationId)).toEqual(['STARTED', 'one', 'in time']);
  });

  /** Waits until the model has failed to answer the open turn. */
  const failed = (conversationId: string) =>
    eventually(
      () =>
        app.world.database.read(sql`
          select from graphile_worker._private_jobs j
          join ai_turns t on t.id = j.payload ->> 'turnId' and t.closed_at is null
          where t.conversation_id = ${conversationId} and j.last_error is not null and j.locked_at is null`),
      (jobs) => jobs.length > 0,
    );

  test('is asked again when it fails', async () => {
    let failures = 2;
    model.compose = async () => {
      if (failures-- > 0) throw new Error('the model is down');
      return 'at last';
    };
    const conversationId = await starts('one');
    await failed(conversationId);
    app.clock.advance(20);
    expect(await outcomeOf(conversationId)).toEqual(['STARTED', 'one', 'at last']);
  });

  test('that fails until both deadlines have passed leaves the customer to a human', async () => {
    model.compose = async () => {
      throw new Error('the model is down');
    };
    const conversationId = await starts('one');
    for (let deadline = 0; deadline < 2; deadline++) {
      await failed(conversationId);
      app.clock.advance(61);
      await runDueJobs(app);
    }
    expect(await timelineOf(cast.dana, conversationId)).toEqual(['STARTED', 'one', 'HUMAN_REQUESTED']);
    expect((await teamConversationOf(cast.ben, conversationId)).needsHuman!.by.id).toMatch(/^sys_/);
  });

  test('is asked by one node of two, and its answer given once', async () => {
    const other = await startTestApp(
      { LOG_LEVEL: 'silent' },
      { databaseUrl: app.databaseUrl, clock: app.clock, modelOf: () => model },
    );
    const ids = await Promise.all(Array.from({ length: 10 }, (_, nr) => starts(`question ${nr}`)));
    for (const id of ids) expect((await outcomeOf(id)).slice(2)).toEqual(['an answer']);
    expect(model.shown).toHaveLength(ids.length);
    await other.close();
  });
});
