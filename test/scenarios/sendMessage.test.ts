import { describe, expect, test } from 'vitest';
import { SendMessageDocument, UpdateWorkspaceDocument } from '../operations/generated.js';
import { newPerson } from '../support/cast.js';
import {
  conversationOf,
  does,
  finalizes,
  gists,
  handsBack,
  joins,
  listening,
  newStage,
  participantsOf,
  resolves,
  says,
  teamConversationOf,
  timelineOf,
  whispers,
} from '../support/stories.js';

const stage = newStage();

describe('a customer who writes', () => {
  test('is heard by everybody', async () => {
    const { dana, ben } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    const danaHears = await listening(dana, conversationId);
    const benHears = await listening(ben, conversationId);
    const { message, timelineEdge, timelineEdges } = await says(dana, conversationId, ' Number 17 \n');
    expect(message).toMatchObject({ text: 'Number 17', actor: { id: dana.id } });
    expect(gists(timelineEdges)).toEqual(['Number 17']);
    expect(timelineEdge).toEqual({ cursor: timelineEdges[0]!.cursor });
    await says(dana, conversationId, 'marker');
    for (const heard of [danaHears, benHears]) expect(await heard.until('marker')).toEqual(['Number 17']);
    expect((await conversationOf(dana, conversationId)).lastMessage!.text).toBe('marker');
  });

  test('reopens what was resolved, and its assignee answers for it again', async () => {
    const { dana, ben } = stage.cast;
    const conversationId = await stage.resolvedBy(ben);
    const { message, timelineEdge, timelineEdges } = await says(dana, conversationId, 'It is back');
    expect(gists(timelineEdges)).toEqual(['REOPENED', 'It is back']);
    expect(timelineEdges.map(({ node }) => node.actor.id)).toEqual([dana.id, dana.id]);
    expect(timelineEdges[1]!.node.id).toBe(message!.id);
    expect(timelineEdge).toEqual({ cursor: timelineEdges[1]!.cursor });
    expect(await conversationOf(dana, conversationId)).toMatchObject({
      status: 'OPEN',
      handling: 'HUMAN',
      assignee: { id: ben.id },
    });
  });

  test('has the AI agent answer again when nobody is assigned', async () => {
    const { dana, ben, bot } = stage.cast;
    const conversationId = await stage.waitingForHuman();
    await resolves(ben, conversationId);
    await says(dana, conversationId, 'It is back');
    expect(await teamConversationOf(ben, conversationId)).toMatchObject({
      status: 'OPEN',
      handling: 'AI',
      needsHuman: null,
    });
    const aiTurnId = await stage.turnOf(conversationId);
    await does(bot, SendMessageDocument, { conversationId, text: 'I am sorry', aiTurnId });
    expect((await timelineOf(dana, conversationId)).slice(-3)).toEqual(['REOPENED', 'It is back', 'I am sorry']);
  });

  test('needs to say something', async () => {
    const { dana } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    for (const text of [undefined, null, '', ' \n\t\u00a0 ']) {
      const refusal = await stage.refusal(dana, SendMessageDocument, { conversationId, text });
      expect(refusal).toMatchObject({ code: 'INVALID_INPUT', path: ['text'] });
    }
  });
});

describe('an agent who writes', () => {
  test('must take over first where the AI agent answers, or nobody', async () => {
    const { dana, ben, ada } = stage.cast;
    const ofAi = await stage.startedBy(dana);
    const unattended = await stage.waitingForHuman();
    const resolvedOfAi = await stage.startedBy(dana);
    await resolves(ben, resolvedOfAi);
    for (const conversationId of [ofAi, unattended, resolvedOfAi]) {
      for (const agent of [ben, ada]) {
        const refusal = await stage.refusal(agent, SendMessageDocument, { conversationId, text: 'Hello' });
        expect(refusal).toMatchObject({ code: 'TAKE_OVER_REQUIRED', path: null });
      }
    }
  });

  test('is heard by everybody when they answer for it', async () => {
    const { dana, ben } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    const danaHears = await listening(dana, conversationId);
    const { message, timelineEdges } = await says(ben, conversationId, 'I am looking into it');
    expect(message).toMatchObject({ actor: { id: ben.id } });
    expect(gists(timelineEdges)).toEqual(['I am looking into it']);
    await says(ben, conversationId, 'marker');
    expect(await danaHears.until('marker')).toEqual(['I am looking into it']);
  });

  test('becomes a participant by it, which the customer learns from their words alone', async () => {
    const { dana, ben, cleo } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    const danaHears = await listening(dana, conversationId);
    const benHears = await listening(ben, conversationId);
    const { timelineEdge, timelineEdges } = await says(cleo, conversationId, 'I can help');
    expect(gists(timelineEdges)).toEqual(['JOINED', 'I can help']);
    expect(timelineEdge).toEqual({ cursor: timelineEdges[1]!.cursor });
    await says(cleo, conversationId, 'marker');
    expect(await danaHears.until('marker')).toEqual(['I can help']);
    expect(await benHears.until('marker')).toEqual(['JOINED', 'I can help']);
    expect(participantsOf(await conversationOf(dana, conversationId))).toEqual([dana.id, ben.id, cleo.id]);
    expect((await conversationOf(dana, conversationId)).assignee).toEqual({ id: ben.id });
  });

  test('reopens what was resolved', async () => {
    const { dana, ben, cleo } = stage.cast;
    const conversationId = await stage.resolvedBy(ben);
    const { timelineEdges } = await says(cleo, conversationId, 'One more thing');
    expect(gists(timelineEdges)).toEqual(['REOPENED', 'JOINED', 'One more thing']);
    expect((await timelineOf(dana, conversationId)).slice(-2)).toEqual(['REOPENED', 'One more thing']);
    expect(await conversationOf(ben, conversationId)).toMatchObject({ status: 'OPEN', assignee: { id: ben.id } });
  });

  test('is refused unless assigned where only the assignee replies', async () => {
    const { ada, ben, cleo } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    await joins(cleo, conversationId);
    await does(ada, UpdateWorkspaceDocument, { replyPolicy: 'ASSIGNEE_ONLY' });
    for (const agent of [ada, cleo]) {
      const refusal = await stage.refusal(agent, SendMessageDocument, { conversationId, text: 'Hello' });
      expect(refusal.code).toBe('NOT_ASSIGNEE');
    }
    await says(ben, conversationId, 'Mine');
    await does(ada, UpdateWorkspaceDocument, { replyPolicy: 'PARTICIPANTS' });
    await says(cleo, conversationId, 'Ours');
  });
});

describe('an AI agent that writes', () => {
  test('answers in its turn, once', async () => {
    const { dana, bot } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    const aiTurnId = await stage.turnOf(conversationId);
    const { message, timelineEdges } = await does(bot, SendMessageDocument, {
      conversationId,
      text: 'On its way',
      aiTurnId,
    });
    expect(message).toMatchObject({ actor: { id: bot.id } });
    expect(gists(timelineEdges)).toEqual(['On its way']);
    const refusal = await stage.refusal(bot, SendMessageDocument, { conversationId, text: 'And another', aiTurnId });
    expect(refusal.code).toBe('AI_TURN_CLOSED');
  });

  test('is not delayed by a whisper', async () => {
    const { dana, ben, bot } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    const aiTurnId = await stage.turnOf(conversationId);
    await whispers(ben, conversationId, 'Let it try');
    await does(bot, SendMessageDocument, { conversationId, text: 'On its way', aiTurnId });
    expect(await timelineOf(ben, conversationId)).toContain('On its way');
  });

  test('needs a turn, and one of this conversation', async () => {
    const { app, cast } = stage;
    const { dana, bot } = cast;
    const conversationId = await stage.startedBy(dana);
    const elsewhere = await stage.turnOf(await stage.startedBy(dana));
    const unknown = app.world.ids.next('turn');
    for (const aiTurnId of [elsewhere, unknown, conversationId, 'turn_\0', '\ud800', 'x'.repeat(200_000)]) {
      const refusal = await stage.refusal(bot, SendMessageDocument, { conversationId, text: 'Hi', aiTurnId });
      expect(refusal).toMatchObject({ code: 'NOT_FOUND', path: ['aiTurnId'] });
    }
    const refusal = await stage.refusal(bot, SendMessageDocument, { conversationId, text: 'Hi' });
    expect(refusal).toMatchObject({ code: 'INVALID_INPUT', path: ['aiTurnId'] });
  });

  test('is refused after a person took over, and answers anew after the hand-back', async () => {
    const { dana, ben, bot } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    const aiTurnId = await stage.turnOf(conversationId);
    const input = { conversationId, text: 'Late', aiTurnId };
    expect((await stage.refusal(bot, SendMessageDocument, input)).code).toBe('AI_PAUSED');
    await handsBack(ben, conversationId);
    expect((await stage.refusal(bot, SendMessageDocument, input)).code).toBe('AI_TURN_CLOSED');
    const next = await stage.turnOf(conversationId);
    await does(bot, SendMessageDocument, { conversationId, text: 'In time', aiTurnId: next });
    expect((await timelineOf(dana, conversationId)).slice(-2)).toEqual(['HANDED_BACK', 'In time']);
  });
});

describe('an integration that writes', () => {
  const onBehalfOfCustomer = true;

  test('speaks for the customer, whose rules hold', async () => {
    const { dana, ben, crm } = stage.cast;
    const conversationId = await stage.resolvedBy(ben);
    const { timelineEdges } = await does(crm, SendMessageDocument, {
      conversationId,
      text: 'By mail',
      onBehalfOfCustomer,
    });
    expect(gists(timelineEdges)).toEqual(['REOPENED', 'By mail']);
    expect(timelineEdges.map(({ node }) => node.actor.id)).toEqual([dana.id, dana.id]);
    expect((await conversationOf(dana, conversationId)).unreadCount).toBe(0);
  });

  test('gets the first message again when it repeats an external id, whatever has happened since', async () => {
    const { ben, crm, dana } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    const elsewhere = await stage.startedBy(dana);
    const input = { conversationId, text: 'By mail', onBehalfOfCustomer, externalId: 'mail-1' };
    const { message } = await does(crm, SendMessageDocument, input);
    await resolves(ben, conversationId);
    await finalizes(ben, conversationId);
    const before = await stage.everythingWritten();
    for (const again of [input, { ...input, text: 'Edited' }, { ...input, conversationId: elsewhere }]) {
      const repeated = await does(crm, SendMessageDocument, again);
      expect(repeated.message).toEqual(message);
      expect(repeated.timelineEdges).toEqual([]);
    }
    expect(await stage.everythingWritten()).toEqual(before);
  });

  test('speaks for nobody else, and needs the scope (B9)', async () => {
    const { dana, ben, crm, reader } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    const text = 'By mail';
    await stage.isForbidden(crm, SendMessageDocument, { conversationId, text });
    await stage.isForbidden(reader, SendMessageDocument, { conversationId, text, onBehalfOfCustomer });
    await stage.isForbidden(dana, SendMessageDocument, { conversationId, text, onBehalfOfCustomer });
    await stage.isForbidden(ben, SendMessageDocument, { conversationId, text, onBehalfOfCustomer });
    await stage.isForbidden(dana, SendMessageDocument, { conversationId, text, externalId: 'mail-2' });
  });

  test('may write without being able to read', async () => {
    const { app, cast } = stage;
    const conversationId = await stage.startedBy(cast.dana);
    const writer = await newPerson(app, app.url, cast.acme, 'Writer', {
      kind: 'INTEGRATION',
      scopes: ['MESSAGES_WRITE'],
    });
    const sent = await does(writer, SendMessageDocument, { conversationId, text: 'By mail', onBehalfOfCustomer });
    expect(sent).toEqual({ message: null, timelineEdge: null, timelineEdges: [], errors: [] });
    expect((await timelineOf(cast.dana, conversationId)).at(-1)).toBe('By mail');
  });
});

test('nobody writes to a finalized conversation', async () => {
  const { ada, ben, dana, bot, crm } = stage.cast;
  const conversationId = await stage.finalizedBy(ben);
  const input = { conversationId, text: 'Too late' };
  for (const person of [ada, ben, dana])
    expect((await stage.refusal(person, SendMessageDocument, input)).code).toBe('CONVERSATION_FINALIZED');
  const ofBot = { ...input, aiTurnId: await stage.turnOf(conversationId) };
  expect((await stage.refusal(bot, SendMessageDocument, ofBot)).code).toBe('CONVERSATION_FINALIZED');
  const ofCrm = { ...input, onBehalfOfCustomer: true };
  expect((await stage.refusal(crm, SendMessageDocument, ofCrm)).code).toBe('CONVERSATION_FINALIZED');
});
