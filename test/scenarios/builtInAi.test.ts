import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AiConversation, AiModel, AiReply } from '../../src/adapters/AiModel.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { type Cast, castOf, newPerson, setDefaultAiAgent } from '../support/cast.js';
import { eventually } from '../support/eventually.js';
import { runDueJobs } from '../support/jobs.js';
import { handsBack, Stage, says, takesOver, timelineOf, whispers } from '../support/stories.js';

const canary = 'canary-4711';

/** Composes what the test tells it to, and remembers all that it was shown. */
class RecordingModel implements AiModel {
  readonly shown: AiConversation[] = [];
  compose: () => Promise<AiReply> = async () => ({ say: 'Composed.' });

  reply(conversation: AiConversation): Promise<AiReply> {
    this.shown.push(conversation);
    return this.compose();
  }
}

const model = new RecordingModel();
const stage = new Stage();
let app: TestApp;
let cast: Cast;

async function stageWith(options: Parameters<typeof startTestApp>[1]): Promise<TestApp> {
  const started = await startTestApp({}, options);
  const people = await castOf(started);
  const actor = { kind: 'AI_AGENT', answersBy: 'ARTICLES' } as const;
  const bot = await newPerson(started, started.url, people.acme, 'House Bot', actor);
  await setDefaultAiAgent(started, people.acme, bot.id);
  [app, cast, stage.app, stage.cast] = [started, people, started, people];
  return started;
}

describe('the AI agent that Parley runs, with the help articles', () => {
  beforeAll(async () => {
    const { world } = await stageWith({});
    const articles = [
      ['Shipping times and costs', 'We ship within two days. Delivery takes three days within the country.'],
      ['Return an item', 'You can return an item within thirty days. Print the label from your account.'],
    ];
    for (const [title, body] of articles) {
      await world.database.pool.query(
        `insert into articles (id, workspace_id, title, body, language, created_at) values ($1, $2, $3, $4, 'en', now())`,
        [world.ids.next('art'), cast.acme, title, body],
      );
    }
  });
  afterAll(async () => {
    await cast.leave();
    await app.close();
  });

  test('answers from the best article', async () => {
    const conversationId = await stage.startedBy(cast.dana, 'How can I return an item that I bought?');
    const entries = await eventually(
      () => timelineOf(cast.dana, conversationId),
      ({ length }) => length > 2,
    );
    expect(entries[2]).toContain('within thirty days');
  });

  test('asks for a person when no article answers', async () => {
    const conversationId = await stage.startedBy(cast.dana, 'My cat has eaten the invoice of my neighbour, twice.');
    const entries = await eventually(
      () => timelineOf(cast.dana, conversationId),
      ({ length }) => length > 3,
    );
    expect(entries[3]).toBe('HUMAN_REQUESTED');
  });

  test('asks for a person when it is asked to', async () => {
    const conversationId = await stage.startedBy(cast.dana, 'I want to talk to a human about shipping costs');
    const entries = await eventually(
      () => timelineOf(cast.dana, conversationId),
      ({ length }) => length > 3,
    );
    expect(entries[3]).toBe('HUMAN_REQUESTED');
  });
});

describe('a model', () => {
  beforeAll(async () => {
    await stageWith({ modelOf: () => model });
  });
  afterAll(async () => {
    await cast.leave();
    await app.close();
  });

  test('is shown what everyone sees, and no whisper', async () => {
    const { dana, ben } = cast;
    const conversationId = await stage.startedBy(dana, 'First question');
    await eventually(
      () => timelineOf(dana, conversationId),
      ({ length }) => length === 3,
    );
    await takesOver(ben, conversationId);
    await whispers(ben, conversationId, canary);
    await says(ben, conversationId, 'A person speaks');
    await says(dana, conversationId, 'Second question');
    await handsBack(ben, conversationId);
    await eventually(
      () => timelineOf(dana, conversationId),
      (entries) => entries.at(-1) === 'Composed.',
    );
    const last = model.shown.at(-1)!;
    expect(last.unanswered).toEqual(['Second question']);
    expect(last.before.map(({ by, text }) => [by, text])).toEqual([
      ['customer', 'First question'],
      ['aiAgent', 'Composed.'],
      ['human', 'A person speaks'],
    ]);
    expect(last.humanSpoke).toBe(true);
    expect(JSON.stringify(model.shown)).not.toContain(canary);
  });

  test('that is still composing when a person takes over is never heard', async () => {
    const { dana, ben } = cast;
    let finish: (reply: AiReply) => void = () => {};
    const before = model.shown.length;
    model.compose = () => new Promise((resolve) => (finish = resolve));
    const conversationId = await stage.startedBy(dana, 'Slow question');
    await eventually(
      () => model.shown.length,
      (shown) => shown > before,
    );
    await takesOver(ben, conversationId);
    finish({ say: 'One last word' });
    await runDueJobs(app);
    await says(ben, conversationId, 'Mine');
    expect(await timelineOf(dana, conversationId)).toEqual(['STARTED', 'Slow question', 'TAKEN_OVER', 'Mine']);
  });

  test('that fails is asked again', async () => {
    let asked = 0;
    model.compose = async () => {
      asked += 1;
      if (asked === 1) throw new Error('the model is away');
      return { say: 'Back again' };
    };
    const conversationId = await stage.startedBy(cast.dana, 'Flaky question');
    await eventually(
      () => timelineOf(cast.dana, conversationId),
      (entries) => entries.includes('Back again'),
    );
    expect(asked).toBe(2);
  });
});
