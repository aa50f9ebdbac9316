import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  HandBackConversationDocument,
  JoinConversationDocument,
  RequestHumanDocument,
  ResolveConversationDocument,
  SendMessageDocument,
  StartConversationDocument,
  TakeOverConversationDocument,
  UpdateConversationDocument,
  WhisperDocument,
} from '../operations/generated.js';
import { setDefaultAiAgent } from '../support/cast.js';
import type { Person } from '../support/Person.js';
import { does, finalizes, newStage, resolves, takesOver } from '../support/stories.js';

const stage = newStage();

/** A key that this person has used for something else. */
async function usedKey(person: Person): Promise<string> {
  const { dana } = stage.cast;
  const conversationId = await stage.startedBy(dana);
  const idempotencyKey = randomUUID();
  if (person === dana) await does(dana, RequestHumanDocument, { conversationId, idempotencyKey });
  else await does(person, JoinConversationDocument, { conversationId, idempotencyKey });
  return idempotencyKey;
}

describe('when several refusals apply, the first is told:', () => {
  test('the role before everything', async () => {
    const { dana, ben, crm } = stage.cast;
    const conversationId = stage.app.world.ids.next('conv');
    const idempotencyKey = await usedKey(dana);
    await stage.isForbidden(dana, WhisperDocument, { conversationId, text: ' ', idempotencyKey });
    await stage.isForbidden(dana, SendMessageDocument, { conversationId, text: ' ', onBehalfOfCustomer: true });
    await stage.isForbidden(dana, StartConversationDocument, { text: ' ', customerId: 'nobody', idempotencyKey });
    await stage.isForbidden(crm, SendMessageDocument, { conversationId, text: '\0' });
    await stage.isForbidden(ben, RequestHumanDocument, { conversationId: await stage.finalizedBy(ben) });
  });

  test('existence before the key, the input and the status', async () => {
    const { ben, crm } = stage.cast;
    const conversationId = stage.app.world.ids.next('conv');
    const idempotencyKey = await usedKey(ben);
    const input = { conversationId, text: '\0', idempotencyKey };
    const refusal = await stage.refusal(ben, SendMessageDocument, input);
    expect(refusal).toMatchObject({ code: 'NOT_FOUND', path: ['conversationId'] });
    const customer = await stage.refusal(crm, StartConversationDocument, { text: ' ', customerId: 'nobody' });
    expect(customer).toMatchObject({ code: 'NOT_FOUND', path: ['customerId'] });
  });

  test('existence of what else is named before the input and the status', async () => {
    const { ben, bot } = stage.cast;
    const conversationId = await stage.finalizedBy(ben);
    const wrong = { conversationId, text: '\0' };
    const mention = await stage.refusal(ben, WhisperDocument, { ...wrong, mentionIds: ['nobody'] });
    expect(mention.code).toBe('NOT_FOUND');
    const turn = await stage.refusal(bot, SendMessageDocument, { ...wrong, aiTurnId: 'none' });
    expect(turn).toMatchObject({ code: 'NOT_FOUND', path: ['aiTurnId'] });
    const request = await stage.refusal(bot, RequestHumanDocument, { ...wrong, aiTurnId: 'none' });
    expect(request).toMatchObject({ code: 'NOT_FOUND', path: ['aiTurnId'] });
  });

  test('the key before the input and the status', async () => {
    const { dana, ben } = stage.cast;
    const conversationId = await stage.finalizedBy(ben);
    for (const text of [' ', '\0', 'x'.repeat(10_001), 'Hello']) {
      const input = { conversationId, text, idempotencyKey: await usedKey(dana) };
      expect((await stage.refusal(dana, SendMessageDocument, input)).code).toBe('IDEMPOTENCY_KEY_REUSED');
    }
  });

  test('the input before the status', async () => {
    const { dana, ben, cleo, bot } = stage.cast;
    const conversationId = await stage.finalizedBy(ben);
    const aiTurnId = await stage.turnOf(conversationId);
    const tooLong = 'x'.repeat(10_001);
    const codes = [
      await stage.refusal(dana, SendMessageDocument, { conversationId, text: '' }),
      await stage.refusal(cleo, SendMessageDocument, { conversationId, text: tooLong }),
      await stage.refusal(cleo, WhisperDocument, { conversationId, text: '\0' }),
      await stage.refusal(bot, SendMessageDocument, { conversationId, text: 'Hi' }),
      await stage.refusal(bot, RequestHumanDocument, { conversationId, aiTurnId, text: tooLong }),
      await stage.refusal(dana, RequestHumanDocument, { conversationId, reason: 'x'.repeat(501) }),
      await stage.refusal(cleo, UpdateConversationDocument, { conversationId, tags: [''] }),
    ].map(({ code }) => code);
    expect(new Set(codes)).toEqual(new Set(['INVALID_INPUT']));
  });

  test('the status before handling and assignee', async () => {
    const { app, cast } = stage;
    const { ada, ben, cleo, bot } = cast;
    const finalized = await stage.finalizedBy(ben);
    const resolved = await stage.resolvedBy(ben);
    const text = 'Hi';
    const ended = [
      await stage.refusal(cleo, SendMessageDocument, { conversationId: finalized, text }),
      await stage.refusal(cleo, TakeOverConversationDocument, { conversationId: finalized }),
      await stage.refusal(cleo, HandBackConversationDocument, { conversationId: finalized }),
      await stage.refusal(cleo, ResolveConversationDocument, { conversationId: finalized }),
      await stage.refusal(bot, SendMessageDocument, {
        conversationId: finalized,
        text,
        aiTurnId: await stage.turnOf(finalized),
      }),
    ];
    for (const { code } of ended) expect(code).toBe('CONVERSATION_FINALIZED');
    await setDefaultAiAgent(app, cast.acme, null);
    const withoutAi = await stage.takenOverBy(ben);
    await setDefaultAiAgent(app, cast.acme, bot.id);
    await resolves(ben, withoutAi);
    const notOpen = [
      await stage.refusal(cleo, HandBackConversationDocument, { conversationId: resolved }),
      await stage.refusal(ada, HandBackConversationDocument, { conversationId: withoutAi }),
      await stage.refusal(bot, RequestHumanDocument, {
        conversationId: resolved,
        aiTurnId: await stage.turnOf(resolved),
      }),
    ];
    for (const { code } of notOpen) expect(code).toBe('CONVERSATION_NOT_OPEN');
  });

  test('the assignee before whether there is an AI agent, and who answers before the turn', async () => {
    const { app, cast } = stage;
    const { ben, cleo, bot, dana } = cast;
    await setDefaultAiAgent(app, cast.acme, null);
    const withoutAi = await stage.takenOverBy(ben);
    await setDefaultAiAgent(app, cast.acme, bot.id);
    await setDefaultAiAgent(app, cast.acme, null);
    const refusal = await stage.refusal(cleo, HandBackConversationDocument, { conversationId: withoutAi });
    const ofBen = await stage.refusal(ben, HandBackConversationDocument, { conversationId: withoutAi });
    await setDefaultAiAgent(app, cast.acme, bot.id);
    expect([refusal.code, ofBen.code]).toEqual(['NOT_ASSIGNEE', 'NO_AI_AGENT']);
    const conversationId = await stage.startedBy(dana);
    const aiTurnId = await stage.turnOf(conversationId);
    await does(bot, SendMessageDocument, { conversationId, text: 'On its way', aiTurnId });
    await takesOver(ben, conversationId);
    const late = await stage.refusal(bot, SendMessageDocument, { conversationId, text: 'And', aiTurnId });
    expect(late.code).toBe('AI_PAUSED');
  });
});

test('of several mutations in one document, one that is refused undoes none', async () => {
  const { dana, ben } = stage.cast;
  const id = await stage.startedBy(dana);
  const payload = `(input: { conversationId: "${id}" }) { conversation { status } errors { code } }`;
  const answer = await ben.ask(`mutation {
    first: takeOverConversation${payload} second: resolveConversation${payload} third: handBackConversation${payload}
    fourth: joinConversation${payload}
  }`);
  expect(answer).toEqual({
    first: { conversation: { status: 'OPEN' }, errors: [] },
    second: { conversation: { status: 'RESOLVED' }, errors: [] },
    third: { conversation: null, errors: [{ code: 'CONVERSATION_NOT_OPEN' }] },
    fourth: { conversation: { status: 'RESOLVED' }, errors: [] },
  });
  await finalizes(ben, id);
});
