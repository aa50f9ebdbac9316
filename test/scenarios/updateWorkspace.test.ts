import { describe, expect, test } from 'vitest';
import { UpdateWorkspaceDocument } from '../operations/generated.js';
import { newPerson } from '../support/cast.js';
import { conversationOf, does, newStage } from '../support/stories.js';

const stage = newStage();

describe('an admin', () => {
  test('changes the workspace’s name, reply policy and timers', async () => {
    const { ada } = stage.cast;
    const { workspace } = await does(ada, UpdateWorkspaceDocument, {
      name: ' Acme Ltd ',
      replyPolicy: 'ASSIGNEE_ONLY',
      autoResolveAfterSeconds: 300,
      autoFinalizeAfterSeconds: 0,
    });
    expect(workspace).toMatchObject({
      id: stage.cast.acme,
      name: 'Acme Ltd',
      replyPolicy: 'ASSIGNEE_ONLY',
      autoResolveAfterSeconds: 300,
      autoFinalizeAfterSeconds: 0,
    });
    const never = {
      autoResolveAfterSeconds: null,
      autoFinalizeAfterSeconds: null,
      replyPolicy: 'PARTICIPANTS',
    } as const;
    expect((await does(ada, UpdateWorkspaceDocument, never)).workspace).toMatchObject(never);
  });

  test('leaves what is not given as it is', async () => {
    const { ada } = stage.cast;
    const before = await stage.everythingWritten();
    const { workspace } = await does(ada, UpdateWorkspaceDocument, { replyPolicy: null });
    expect(workspace).toMatchObject({ replyPolicy: 'PARTICIPANTS' });
    expect(await stage.everythingWritten()).toEqual(before);
  });

  test('chooses which AI agent answers new conversations, or none', async () => {
    const { app, cast } = stage;
    const { ada, dana, bot } = cast;
    const other = await newPerson(app, app.url, cast.acme, 'Other Bot', { kind: 'AI_AGENT' });
    for (const aiAgent of [{ id: other.id }, null, { id: bot.id }]) {
      const { workspace } = await does(ada, UpdateWorkspaceDocument, { defaultAiAgentId: aiAgent?.id ?? null });
      expect(workspace!.defaultAiAgent).toEqual(aiAgent);
      expect(await conversationOf(dana, await stage.startedBy(dana))).toMatchObject({ aiAgent });
    }
  });

  test('changes nothing at the other workspace', async () => {
    const { ada, gus } = stage.cast;
    const look = () => gus.ask('{ viewer { workspace { name replyPolicy autoResolveAfterSeconds } } }');
    const before = await look();
    await does(ada, UpdateWorkspaceDocument, { name: 'Acme', autoResolveAfterSeconds: 4000 });
    expect(await look()).toEqual(before);
  });
});

describe('refused are', () => {
  test('timers that are too short', async () => {
    const { ada } = stage.cast;
    for (const [field, value] of [
      ['autoResolveAfterSeconds', 299],
      ['autoResolveAfterSeconds', -1],
      ['autoFinalizeAfterSeconds', -1],
    ] as const) {
      const refusal = await stage.refusal(ada, UpdateWorkspaceDocument, { name: 'New', [field]: value });
      expect(refusal).toMatchObject({ code: 'INVALID_INPUT', path: [field] });
    }
  });

  test('a name that says nothing', async () => {
    const { ada } = stage.cast;
    for (const name of ['', '  ', null]) {
      const refusal = await stage.refusal(ada, UpdateWorkspaceDocument, { name });
      expect(refusal).toMatchObject({ code: 'INVALID_INPUT', path: ['name'] });
    }
  });

  test('AI agents that are not there, before any value is judged', async () => {
    const { app, cast } = stage;
    const { ada, ben, globot } = cast;
    for (const defaultAiAgentId of [globot.id, ben.id, app.world.ids.next('ai'), 'bot', 'ai_\0', 'x'.repeat(9999)]) {
      const refusal = await stage.refusal(ada, UpdateWorkspaceDocument, { defaultAiAgentId, name: '' });
      expect(refusal).toMatchObject({ code: 'NOT_FOUND', path: ['defaultAiAgentId'] });
    }
  });

  test('all who are no admins', async () => {
    const { ben, dana, bot, crm } = stage.cast;
    for (const person of [ben, dana, bot, crm])
      await stage.isForbidden(person, UpdateWorkspaceDocument, { name: 'Mine' });
  });
});
