import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  HandBackConversationDocument,
  JoinConversationDocument,
  RequestHumanDocument,
  SendMessageDocument,
  StartConversationDocument,
  TakeOverConversationDocument,
  UpdateConversationDocument,
  WhisperDocument,
} from '../operations/generated.js';
import { startTestApp } from '../support/app.js';
import { castOf } from '../support/cast.js';
import { freshDatabaseUrl } from '../support/database.js';
import { conversationMutations, fieldOf } from '../support/mutations.js';
import { does, finalizes, newStage, resolves, says, takesOver, timelineOf } from '../support/stories.js';

const stage = newStage();

const keyed = Object.entries(conversationMutations).filter(([name]) => !name.startsWith('markConversationRead'));

describe('the same key with the same input', () => {
  test.each(keyed)('has %s done once, with the same answer', async (_, one) => {
    const { mutation, by, at, input } = one;
    const id = await at(stage);
    const given = { ...(await input?.(stage, id)), [fieldOf(one)]: id, idempotencyKey: randomUUID() };
    const before = await stage.everythingWritten();
    const first = await does(stage.cast[by], mutation, given as never);
    const after = await stage.everythingWritten();
    expect(after).not.toEqual(before);
    expect(await does(stage.cast[by], mutation, given as never)).toEqual(first);
    expect(await stage.everythingWritten()).toEqual(after);
  });

  test('starts one conversation', async () => {
    const { dana } = stage.cast;
    const input = { text: 'Hello', subject: 'Greeting', idempotencyKey: randomUUID() };
    const first = await does(dana, StartConversationDocument, input);
    const before = await stage.everythingWritten();
    expect(await does(dana, StartConversationDocument, input)).toEqual(first);
    expect(await stage.everythingWritten()).toEqual(before);
  });

  test('is the same however the key and the input are spelled', async () => {
    const { dana } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    const idempotencyKey = randomUUID();
    const first = await does(dana, SendMessageDocument, { conversationId, text: 'Hello', idempotencyKey });
    const spelled = { idempotencyKey: idempotencyKey.toUpperCase(), text: 'Hello', conversationId };
    expect(await does(dana, SendMessageDocument, spelled)).toEqual(first);
  });

  test('answers with the subject as it is now', async () => {
    const { dana, ben } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    const input = { conversationId, idempotencyKey: randomUUID() };
    const first = await does(ben, TakeOverConversationDocument, input);
    await resolves(ben, conversationId);
    await finalizes(ben, conversationId);
    const again = await does(ben, TakeOverConversationDocument, input);
    expect(again.conversation).toMatchObject({ id: conversationId, status: 'FINALIZED' });
    expect(again.timelineEdges).toEqual(first.timelineEdges);
    expect(again.timelineEdge).toEqual(first.timelineEdge);
  });

  test('remembers also that nothing had to be done', async () => {
    const { ben, ada } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    const input = { conversationId, idempotencyKey: randomUUID() };
    await does(ben, TakeOverConversationDocument, input);
    await does(ada, TakeOverConversationDocument, { conversationId, force: true });
    const again = await does(ben, TakeOverConversationDocument, input);
    expect(again.timelineEdges).toEqual([]);
    expect(again.conversation!.assignee).toEqual({ id: ada.id });
  });

  test.each([1, 2, 3, 4, 5])('many at once have one effect and one answer (run %i) (F9)', async () => {
    const { dana } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    const input = { conversationId, text: 'Once', idempotencyKey: randomUUID() };
    const answers = await Promise.all(Array.from({ length: 8 }, () => does(dana, SendMessageDocument, input)));
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect((await timelineOf(dana, conversationId)).filter((text) => text === 'Once')).toHaveLength(1);
  });

  test('two at once start one conversation (F9)', async () => {
    const { eli } = stage.cast;
    const input = { text: 'Once', idempotencyKey: randomUUID() };
    const [one, two] = await Promise.all([1, 2].map(() => does(eli, StartConversationDocument, input)));
    expect(one).toEqual(two);
  });

  test('counts after a restart, and on another node (F11)', async () => {
    const fresh = await freshDatabaseUrl();
    const options = { databaseUrl: fresh.url };
    const app = await startTestApp({}, options);
    const { dana } = await castOf(app);
    const input = { text: 'Hello', idempotencyKey: randomUUID() };
    const first = await does(dana, StartConversationDocument, input);
    const otherNode = await startTestApp({}, options);
    expect(await does(dana.at(otherNode.url), StartConversationDocument, input)).toEqual(first);
    await otherNode.close();
    await app.close();
    const restarted = await startTestApp({}, options);
    expect(await does(dana.at(restarted.url), StartConversationDocument, input)).toEqual(first);
    await restarted.close();
    await fresh.drop();
  });
});

describe('a key that was used', () => {
  const reused = { code: 'IDEMPOTENCY_KEY_REUSED', path: ['idempotencyKey'] };

  test('is refused with another input (F10)', async () => {
    const { dana } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    const elsewhere = await stage.startedBy(dana);
    const input = { conversationId, text: 'Hello', idempotencyKey: randomUUID() };
    await does(dana, SendMessageDocument, input);
    for (const other of [{ text: 'Hello!' }, { text: 'Hello ' }, { conversationId: elsewhere }])
      expect(await stage.refusal(dana, SendMessageDocument, { ...input, ...other })).toMatchObject(reused);
  });

  test('is refused with a field that was not given, and without one that was', async () => {
    const { dana, ben } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    const input = { conversationId, priority: 'HIGH', idempotencyKey: randomUUID() } as const;
    await does(ben, UpdateConversationDocument, input);
    const { priority, ...without } = input;
    for (const other of [without, { ...input, subject: null }, { ...input, tags: [] }])
      expect(await stage.refusal(ben, UpdateConversationDocument, other)).toMatchObject(reused);
    expect(priority).toBe('HIGH');
  });

  test('is refused by another mutation, with an input that looks the same (F10)', async () => {
    const { dana, ben } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    const input = { conversationId, idempotencyKey: randomUUID() };
    await does(ben, TakeOverConversationDocument, input);
    for (const mutation of [JoinConversationDocument, HandBackConversationDocument])
      expect(await stage.refusal(ben, mutation as typeof JoinConversationDocument, input)).toMatchObject(reused);
  });

  test('is another caller’s to use (F11, D17)', async () => {
    const { dana, ben, cleo } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    const idempotencyKey = randomUUID();
    const one = await does(ben, WhisperDocument, { conversationId, text: 'Hello', idempotencyKey });
    const two = await does(cleo, WhisperDocument, { conversationId, text: 'Hello', idempotencyKey });
    expect(two.whisper!.id).not.toBe(one.whisper!.id);
    await does(dana, SendMessageDocument, { conversationId, text: 'Hello', idempotencyKey });
  });

  test('with a conversation that is not there or not visible is not found (D17)', async () => {
    const { app, cast } = stage;
    const { dana, eli } = cast;
    const conversationId = await stage.startedBy(dana);
    const input = { conversationId, text: 'Hello', idempotencyKey: randomUUID() };
    await does(dana, SendMessageDocument, input);
    for (const other of [await stage.startedBy(eli), app.world.ids.next('conv'), 'x', 'conv_\0']) {
      const refusal = await stage.refusal(dana, SendMessageDocument, { ...input, conversationId: other });
      expect(refusal).toMatchObject({ code: 'NOT_FOUND', path: ['conversationId'] });
    }
  });
});

describe('a refusal', () => {
  test('is not remembered: the same call works once it may', async () => {
    const { dana, ben } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    const input = { conversationId, text: 'Hello', idempotencyKey: randomUUID() };
    expect((await stage.refusal(ben, SendMessageDocument, input)).code).toBe('TAKE_OVER_REQUIRED');
    await takesOver(ben, conversationId);
    const { message } = await does(ben, SendMessageDocument, input);
    expect(message!.text).toBe('Hello');
  });

  test('leaves its key free for another input and another mutation', async () => {
    const { dana } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    const idempotencyKey = randomUUID();
    const refusal = await stage.refusal(dana, SendMessageDocument, { conversationId, text: ' ', idempotencyKey });
    expect(refusal.code).toBe('INVALID_INPUT');
    await does(dana, RequestHumanDocument, { conversationId, idempotencyKey });
  });

  test('of the first of two at once leaves the second to be carried out', async () => {
    const { dana } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    const idempotencyKey = randomUUID();
    const [refused, sent] = await Promise.all([
      dana.ask(SendMessageDocument, { input: { conversationId, text: ' ', idempotencyKey } }),
      dana.ask(SendMessageDocument, { input: { conversationId, text: 'Hello', idempotencyKey } }),
    ]);
    expect(['INVALID_INPUT', 'IDEMPOTENCY_KEY_REUSED']).toContain(refused.sendMessage.errors[0]?.code);
    expect(sent.sendMessage.errors).toEqual([]);
  });
});

test('a key that is no UUID is refused', async () => {
  const { dana } = stage.cast;
  const conversationId = await stage.startedBy(dana);
  const before = await stage.everythingWritten();
  for (const idempotencyKey of ['', 'once', `${randomUUID()}\0`, 'x'.repeat(9999)]) {
    const { errors } = await dana.attempt(SendMessageDocument, {
      input: { conversationId, text: 'Hi', idempotencyKey },
    });
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['BAD_USER_INPUT']);
  }
  expect(await stage.everythingWritten()).toEqual(before);
});

test('without a key each call counts', async () => {
  const { dana } = stage.cast;
  const conversationId = await stage.startedBy(dana);
  await says(dana, conversationId, 'Again');
  await does(dana, SendMessageDocument, { conversationId, text: 'Again', idempotencyKey: null });
  expect((await timelineOf(dana, conversationId)).slice(-2)).toEqual(['Again', 'Again']);
});
