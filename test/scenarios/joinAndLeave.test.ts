import { describe, expect, test } from 'vitest';
import { JoinConversationDocument, LeaveConversationDocument } from '../operations/generated.js';
import {
  conversationOf,
  finalizes,
  handsBack,
  joins,
  leaves,
  listening,
  newStage,
  participantsOf,
  says,
  takesOver,
  teamConversationOf,
  timelineOf,
} from '../support/stories.js';

const stage = newStage();

describe('an agent who joins', () => {
  test('is a participant, which the team hears and the customer does not', async () => {
    const { dana, ben, cleo } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    const danaHears = await listening(dana, conversationId);
    const benHears = await listening(ben, conversationId);
    const { conversation, timelineEdges } = await joins(cleo, conversationId);
    expect(participantsOf(conversation!)).toEqual([dana.id, ben.id, cleo.id]);
    expect(conversation!.assignee).toEqual({ id: ben.id });
    expect(timelineEdges).toMatchObject([{ node: { kind: 'JOINED', audience: 'TEAM', agent: { id: cleo.id } } }]);
    await says(dana, conversationId, 'marker');
    expect(await benHears.until('marker')).toEqual(['JOINED']);
    expect(await danaHears.until('marker')).toEqual([]);
    expect(participantsOf(await conversationOf(dana, conversationId))).toEqual([dana.id, ben.id]);
  });

  test('pauses nobody and takes nothing over', async () => {
    const { dana, ben } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    const { conversation } = await joins(ben, conversationId);
    expect(conversation).toMatchObject({ handling: 'AI', assignee: null, status: 'OPEN' });
  });

  test('changes nothing by joining again, or where they take part already', async () => {
    const { ben, cleo } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    await joins(cleo, conversationId);
    const before = await stage.everythingWritten();
    for (const agent of [cleo, ben]) {
      const { conversation, timelineEdges } = await joins(agent, conversationId);
      expect(conversation).not.toBeNull();
      expect(timelineEdges).toEqual([]);
    }
    expect(await stage.everythingWritten()).toEqual(before);
  });

  test('may join what is resolved, and nothing that is finalized', async () => {
    const { ben, cleo } = stage.cast;
    const { conversation } = await joins(cleo, await stage.resolvedBy(ben));
    expect(conversation).toMatchObject({ status: 'RESOLVED' });
    const conversationId = await stage.finalizedBy(ben);
    const refusal = await stage.refusal(cleo, JoinConversationDocument, { conversationId });
    expect(refusal).toMatchObject({ code: 'CONVERSATION_FINALIZED', path: null });
  });
});

describe('an agent who leaves', () => {
  test('is no participant, which the team hears and the customer does not', async () => {
    const { dana, ben, cleo } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    await joins(cleo, conversationId);
    const danaHears = await listening(dana, conversationId);
    const benHears = await listening(ben, conversationId);
    const { conversation, timelineEdges } = await leaves(cleo, conversationId);
    expect(participantsOf(conversation!)).toEqual([dana.id, ben.id]);
    expect(timelineEdges).toMatchObject([{ node: { kind: 'LEFT', audience: 'TEAM', agent: { id: cleo.id } } }]);
    await says(dana, conversationId, 'marker');
    expect(await benHears.until('marker')).toEqual(['LEFT']);
    expect(await danaHears.until('marker')).toEqual([]);
  });

  test('may still look, and come back', async () => {
    const { ben, cleo } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    await joins(cleo, conversationId);
    await leaves(cleo, conversationId);
    expect((await timelineOf(cleo, conversationId)).slice(-2)).toEqual(['JOINED', 'LEFT']);
    await joins(cleo, conversationId);
    expect((await timelineOf(cleo, conversationId)).slice(-1)).toEqual(['JOINED']);
  });

  test('stays known to the customer once heard', async () => {
    const { dana, ben, cleo } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    await says(cleo, conversationId, 'I can help');
    const before = await conversationOf(dana, conversationId);
    await leaves(cleo, conversationId);
    expect(await conversationOf(dana, conversationId)).toEqual(before);
    expect(participantsOf(before)).toEqual([dana.id, ben.id, cleo.id]);
    expect(participantsOf(await teamConversationOf(ben, conversationId))).toEqual([dana.id, ben.id]);
  });

  test('changes nothing by leaving again, or without having joined', async () => {
    const { ada, ben, cleo } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    await joins(cleo, conversationId);
    await leaves(cleo, conversationId);
    const before = await stage.everythingWritten();
    for (const agent of [cleo, ada]) {
      const { conversation, timelineEdges } = await leaves(agent, conversationId);
      expect(conversation).not.toBeNull();
      expect(timelineEdges).toEqual([]);
    }
    expect(await stage.everythingWritten()).toEqual(before);
  });

  test('cannot be the assignee, an admin included (F4)', async () => {
    const { ada, ben } = stage.cast;
    for (const agent of [ada, ben]) {
      const conversationId = await stage.takenOverBy(agent);
      const refusal = await stage.refusal(agent, LeaveConversationDocument, { conversationId });
      expect(refusal).toMatchObject({ code: 'ASSIGNEE_MUST_TRANSFER', path: null });
    }
  });

  test('may be who was the assignee before', async () => {
    const { ben } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    await handsBack(ben, conversationId);
    await leaves(ben, conversationId);
    expect((await timelineOf(ben, conversationId)).slice(-2)).toEqual(['HANDED_BACK', 'LEFT']);
  });

  test('may leave what is resolved or finalized', async () => {
    const { ben, cleo } = stage.cast;
    const resolved = await stage.resolvedBy(ben);
    await joins(cleo, resolved);
    await leaves(cleo, resolved);
    const finalized = await stage.takenOverBy(ben);
    await joins(cleo, finalized);
    await finalizes(ben, finalized);
    const { timelineEdges } = await leaves(cleo, finalized);
    expect(timelineEdges).toHaveLength(1);
  });

  test('comes back as assignee by taking over, without joining first', async () => {
    const { dana, ben, cleo } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    await joins(cleo, conversationId);
    await leaves(cleo, conversationId);
    const { conversation } = await takesOver(cleo, conversationId);
    expect(participantsOf(conversation!)).toContain(cleo.id);
    expect((await timelineOf(ben, conversationId)).slice(-3)).toEqual(['JOINED', 'LEFT', 'TAKEN_OVER']);
  });
});

test('customers, AI agents and integrations neither join nor leave', async () => {
  const { ben, dana, bot, crm } = stage.cast;
  const conversationId = await stage.takenOverBy(ben);
  for (const person of [dana, bot, crm]) {
    await stage.isForbidden(person, JoinConversationDocument, { conversationId });
    await stage.isForbidden(person, LeaveConversationDocument, { conversationId });
  }
});
