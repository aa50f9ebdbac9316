import sql from 'sql-template-tag';
import { describe, expect, test } from 'vitest';
import { TimelineDocument, TimelineItemAddedDocument, WhisperDocument } from '../operations/generated.js';
import { searchPrompt, takeFound } from '../support/canaries.js';
import { RawSocket } from '../support/RawSocket.js';
import { conversationOf, does, newStage, says, timelineOf, whispers } from '../support/stories.js';

const stage = newStage();
const secret = 'She says "never mind", but she does.';
const sent = (to: string) => `${to} was sent the whisper ${JSON.stringify(secret)}`;

/** What must never happen: what only some may read stands where all may read. */
const leaks = (conversationId: string) =>
  stage.app.world.database.read(sql`
    update entries set text = ${secret} where conversation_id = ${conversationId} and type = 'MESSAGE'`);

describe('whoever may not read a whisper and is sent it fails the test', () => {
  test('a customer, in an answer', async () => {
    const conversationId = await stage.takenOverBy(stage.cast.ben);
    await whispers(stage.cast.cleo, conversationId, secret);
    await timelineOf(stage.cast.dana, conversationId);
    expect(takeFound()).toEqual([]);
    await leaks(conversationId);
    await timelineOf(stage.cast.dana, conversationId);
    expect(takeFound()).toContain(sent('Dana'));
  });

  test('an AI agent, in a stream', async () => {
    const conversationId = await stage.startedBy(stage.cast.dana);
    await whispers(stage.cast.cleo, conversationId, secret);
    await leaks(conversationId);
    const stream = stage.cast.bot.follow(TimelineItemAddedDocument, { conversationId, after: '' });
    await stream.next((event) => JSON.stringify(event).includes('never mind'));
    stream.stop();
    expect(takeFound()).toContain(sent('Acme Bot'));
  });

  test('an integration without WHISPERS_READ, in a frame of a socket', async () => {
    const conversationId = await stage.startedBy(stage.cast.dana);
    await whispers(stage.cast.cleo, conversationId, secret);
    await leaks(conversationId);
    const socket = await RawSocket.of(stage.cast.reader, stage.app.url);
    const query =
      'subscription ($id: ID!) { timelineItemAdded(conversationId: $id, after: "") { node { ... on Message { text } } } }';
    socket.subscribe('1', query, { id: conversationId });
    await socket.frames.next((frame) => JSON.stringify(frame).includes('never mind'));
    socket.drop();
    expect(takeFound()).toContain(sent('a socket'));
  });

  test("a colleague, of another's note", async () => {
    const conversationId = await stage.takenOverBy(stage.cast.ben);
    await does(stage.cast.cleo, WhisperDocument, { conversationId, text: secret, audience: 'SELF' });
    await timelineOf(stage.cast.cleo, conversationId);
    expect(takeFound()).toEqual([]);
    await leaks(conversationId);
    await timelineOf(stage.cast.ben, conversationId);
    expect(takeFound()).toContain(sent('Ben'));
  });

  test('a model, in what it is handed; also in base64', () => {
    searchPrompt({ before: [{ by: 'human', text: secret }] });
    searchPrompt({ cursor: Buffer.from(JSON.stringify(['e', secret])).toString('base64url') });
    expect(takeFound()).toEqual([sent('a model')]);
  });
});

test('the team may read it, and what was also said to the customer is no secret', async () => {
  const conversationId = await stage.takenOverBy(stage.cast.ben);
  const known = 'The parcel has arrived.';
  await whispers(stage.cast.cleo, conversationId, known);
  await stage.cast.crm.ask(TimelineDocument, { id: conversationId, first: 100 });
  await says(stage.cast.ben, conversationId, known);
  await conversationOf(stage.cast.dana, conversationId);
  expect(takeFound()).toEqual([]);
});
