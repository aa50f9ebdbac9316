import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  StartConversationDocument,
  TakeOverConversationDocument,
  TimelineItemAddedDocument,
} from '../operations/generated.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { type Cast, castOf } from '../support/cast.js';

let app: TestApp;
let cast: Cast;
beforeAll(async () => {
  app = await startTestApp();
  cast = await castOf(app);
});
afterAll(async () => {
  await cast.leave();
  await app.close();
});

async function conversation(): Promise<string> {
  const { startConversation } = await cast.dana.ask(StartConversationDocument, {
    input: { text: 'Where is my parcel?' },
  });
  expect(startConversation.errors).toEqual([]);
  return startConversation.conversation!.id;
}

describe('taking over', () => {
  test('an agent who takes over is the assignee, and everybody hears of it', async () => {
    const { dana, ben } = cast;
    const conversationId = await conversation();
    const heard = dana.follow(TimelineItemAddedDocument, { conversationId, after: '' });
    await heard.take(2);
    const { takeOverConversation } = await ben.ask(TakeOverConversationDocument, { input: { conversationId } });
    expect(takeOverConversation.errors).toEqual([]);
    expect(takeOverConversation.conversation).toMatchObject({ handling: 'HUMAN', assignee: { id: ben.id } });
    const events = await heard.take(3);
    expect(events[2]!.data!.timelineItemAdded.node).toMatchObject({ kind: 'TAKEN_OVER', agent: { id: ben.id } });
  });

  test('of fifty at once one wins, and there is one event', async () => {
    const { ben, cleo } = cast;
    const conversationId = await conversation();
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, nr) =>
        (nr % 2 ? ben : cleo).ask(TakeOverConversationDocument, { input: { conversationId } }),
      ),
    );
    const events = answers.flatMap(({ takeOverConversation }) => takeOverConversation.timelineEdges);
    expect(events).toHaveLength(1);
    const refused = answers.filter(({ takeOverConversation }) => takeOverConversation.errors.length > 0);
    expect(refused).toHaveLength(25);
  });
});
