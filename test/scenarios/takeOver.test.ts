import { describe, expect, test } from 'vitest';
import { SendMessageDocument, TakeOverConversationDocument, UpdateAgentDocument } from '../operations/generated.js';
import { newPerson } from '../support/cast.js';
import {
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
  teamConversationOf,
  timelineOf,
} from '../support/stories.js';

const stage = newStage();

describe('taking over', () => {
  test('an agent who takes over is assignee and participant, and everybody hears of it', async () => {
    const { dana, ben, cleo } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    const danaHears = await listening(dana, conversationId);
    const cleoHears = await listening(cleo, conversationId);
    const { conversation, timelineEdge, timelineEdges } = await takesOver(ben, conversationId);
    expect(conversation).toMatchObject({ handling: 'HUMAN', status: 'OPEN', assignee: { id: ben.id } });
    expect(participantsOf(conversation!)).toEqual([dana.id, ben.id]);
    expect(timelineEdges).toMatchObject([
      { node: { kind: 'TAKEN_OVER', agent: { id: ben.id }, actor: { id: ben.id } } },
    ]);
    expect(timelineEdge).toEqual({ cursor: timelineEdges[0]!.cursor });
    await says(dana, conversationId, 'marker');
    expect(await danaHears.until('marker')).toEqual(['TAKEN_OVER']);
    expect(await cleoHears.until('marker')).toEqual(['TAKEN_OVER']);
  });

  test('the customer sees who answers now', async () => {
    const { dana, ben } = stage.cast;
    const id = await stage.takenOverBy(ben);
    const conversation = await conversationOf(dana, id);
    expect(conversation).toMatchObject({ handling: 'HUMAN', assignee: { id: ben.id } });
    expect(participantsOf(conversation)).toEqual([dana.id, ben.id]);
  });

  test('the turn that was open is closed, and its reply is refused', async () => {
    const { dana, ben, bot } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    const aiTurnId = await stage.turnOf(conversationId);
    await takesOver(ben, conversationId);
    const refusal = await stage.refusal(bot, SendMessageDocument, { conversationId, text: 'Late', aiTurnId });
    expect(refusal.code).toBe('AI_PAUSED');
  });

  test('a conversation that waits for a person no longer does', async () => {
    const { ben } = stage.cast;
    const conversationId = await stage.waitingForHuman();
    const { conversation } = await takesOver(ben, conversationId);
    expect(conversation).toMatchObject({ needsHuman: null, handling: 'HUMAN' });
  });

  test('taking over what one has already succeeds and changes nothing', async () => {
    const { ben } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    const before = await stage.everythingWritten();
    const { conversation, timelineEdge, timelineEdges } = await takesOver(ben, conversationId);
    expect(conversation).toMatchObject({ assignee: { id: ben.id } });
    expect(timelineEdge).toBeNull();
    expect(timelineEdges).toEqual([]);
    expect(await stage.everythingWritten()).toEqual(before);
  });

  test('on a resolved conversation it is reopened, then taken over', async () => {
    const { dana, ben, cleo } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    await takesOver(ben, conversationId);
    await handsBack(ben, conversationId);
    await resolves(ben, conversationId);
    const { conversation, timelineEdge, timelineEdges } = await takesOver(cleo, conversationId);
    expect(conversation).toMatchObject({ status: 'OPEN', handling: 'HUMAN', assignee: { id: cleo.id } });
    expect(gists(timelineEdges)).toEqual(['REOPENED', 'TAKEN_OVER']);
    expect(timelineEdge).toEqual({ cursor: timelineEdges[1]!.cursor });
  });

  test('a resolved conversation of one’s own is reopened only', async () => {
    const { ben } = stage.cast;
    const conversationId = await stage.resolvedBy(ben);
    const { conversation, timelineEdges } = await takesOver(ben, conversationId);
    expect(conversation).toMatchObject({ status: 'OPEN', assignee: { id: ben.id } });
    expect(gists(timelineEdges)).toEqual(['REOPENED']);
  });
});

describe('a conversation that somebody has', () => {
  test('is refused to a colleague, who learns who has it and since when', async () => {
    const { ben, cleo } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    const refusal = await stage.refusal(cleo, TakeOverConversationDocument, { conversationId });
    expect(refusal).toMatchObject({ code: 'ALREADY_ASSIGNED', path: null, assignee: { id: ben.id } });
    const { participants } = await teamConversationOf(cleo, conversationId);
    const since = participants.find(({ actor }) => actor.id === ben.id)!.joinedAt;
    expect(refusal.assignedAt).toBe(since);
  });

  test('is refused to an admin who does not insist', async () => {
    const { ada, ben } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    const refusal = await stage.refusal(ada, TakeOverConversationDocument, { conversationId, force: false });
    expect(refusal).toMatchObject({ code: 'ALREADY_ASSIGNED', assignee: { id: ben.id } });
  });

  test('goes to an admin who insists, and who had it stays participant', async () => {
    const { dana, ada, ben } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    const danaHears = await listening(dana, conversationId);
    const { conversation, timelineEdges } = await does(ada, TakeOverConversationDocument, {
      conversationId,
      force: true,
    });
    expect(conversation).toMatchObject({ handling: 'HUMAN', assignee: { id: ada.id } });
    expect(participantsOf(conversation!)).toEqual([dana.id, ben.id, ada.id]);
    expect(timelineEdges).toMatchObject([{ node: { kind: 'TAKEN_OVER', agent: { id: ada.id } } }]);
    await says(dana, conversationId, 'marker');
    expect(await danaHears.until('marker')).toEqual(['TAKEN_OVER']);
  });

  test('is refused to an agent who insists without being an admin', async () => {
    const { ben, cleo } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    const refusal = await stage.refusal(cleo, TakeOverConversationDocument, { conversationId, force: true });
    expect(refusal.code).toBe('ALREADY_ASSIGNED');
  });

  test('is refused to who was an admin a moment ago', async () => {
    const { app, cast } = stage;
    const { ada, ben } = cast;
    const admin = await newPerson(app, app.url, cast.acme, 'Former Admin', { kind: 'AGENT', role: 'ADMIN' });
    const conversationId = await stage.takenOverBy(ben);
    await does(ada, UpdateAgentDocument, { agentId: admin.id, role: 'AGENT' });
    const refusal = await stage.refusal(admin, TakeOverConversationDocument, { conversationId, force: true });
    expect(refusal.code).toBe('ALREADY_ASSIGNED');
  });

  test('is refused when it is resolved, too', async () => {
    const { ben, cleo } = stage.cast;
    const conversationId = await stage.resolvedBy(ben);
    const refusal = await stage.refusal(cleo, TakeOverConversationDocument, { conversationId });
    expect(refusal.code).toBe('ALREADY_ASSIGNED');
    expect((await timelineOf(cleo, conversationId)).at(-1)).toBe('RESOLVED');
  });
});

test('a finalized conversation is taken over by nobody', async () => {
  const { ada, ben } = stage.cast;
  const conversationId = await stage.finalizedBy(ben);
  const refusal = await stage.refusal(ada, TakeOverConversationDocument, { conversationId, force: true });
  expect(refusal.code).toBe('CONVERSATION_FINALIZED');
});

test('customers, AI agents and integrations never take over (B2, B3)', async () => {
  const { dana, bot, crm, ben } = stage.cast;
  const conversationId = await stage.takenOverBy(ben);
  for (const person of [dana, bot, crm])
    await stage.isForbidden(person, TakeOverConversationDocument, { conversationId });
});
