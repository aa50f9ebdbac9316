import { describe, expect, test } from 'vitest';
import { UpdateWorkspaceDocument } from '../operations/generated.js';
import { startTestApp } from '../support/app.js';
import { runTimers } from '../support/jobs.js';
import { asksForHuman, conversationOf, does, newStage, resolves, says, timelineOf } from '../support/stories.js';

const stage = newStage();
const settings = (autoResolveAfterSeconds: number | null, autoFinalizeAfterSeconds: number | null) =>
  does(stage.cast.ada, UpdateWorkspaceDocument, { autoResolveAfterSeconds, autoFinalizeAfterSeconds });

const statusOf = async (conversationId: string) => (await conversationOf(stage.cast.dana, conversationId)).status;

/** Ben has the last word. */
async function answered(): Promise<string> {
  const conversationId = await stage.takenOverBy(stage.cast.ben);
  await says(stage.cast.ben, conversationId, 'Anything else?');
  return conversationId;
}

describe('the timers of a workspace', () => {
  test('resolve what is idle, and finalize what is resolved, each once and as the system', async () => {
    await settings(300, 600);
    const conversationId = await answered();
    stage.app.clock.advance(290);
    await runTimers(stage.app);
    expect(await statusOf(conversationId)).toBe('OPEN');
    stage.app.clock.advance(20);
    await runTimers(stage.app);
    await runTimers(stage.app);
    expect(await statusOf(conversationId)).toBe('RESOLVED');
    stage.app.clock.advance(610);
    await runTimers(stage.app);
    await runTimers(stage.app);
    const entries = await timelineOf(stage.cast.dana, conversationId);
    expect(entries.slice(-2)).toEqual(['RESOLVED', 'FINALIZED']);
    expect(entries.filter((entry) => entry === 'RESOLVED')).toHaveLength(1);
  });

  test('leave alone what waits for people', async () => {
    await settings(300, null);
    const asking = await stage.takenOverBy(stage.cast.ben);
    await says(stage.cast.dana, asking, 'And now?');
    const waiting = await stage.startedBy(stage.cast.dana);
    await asksForHuman(stage.cast.dana, waiting);
    const idle = await answered();
    stage.app.clock.advance(310);
    await runTimers(stage.app);
    expect(await statusOf(idle)).toBe('RESOLVED');
    expect(await statusOf(asking)).toBe('OPEN');
    expect(await statusOf(waiting)).toBe('OPEN');
  });

  test('that are off never ring; one that is set counts for what is idle already', async () => {
    await settings(null, null);
    const conversationId = await answered();
    stage.app.clock.advance(400);
    await runTimers(stage.app);
    expect(await statusOf(conversationId)).toBe('OPEN');
    await settings(300, null);
    await runTimers(stage.app);
    expect(await statusOf(conversationId)).toBe('RESOLVED');
  });

  test('ring once on two nodes, also after one of them has gone', async () => {
    await settings(null, 600);
    const conversationId = await stage.takenOverBy(stage.cast.ben);
    await resolves(stage.cast.ben, conversationId);
    const other = await startTestApp({}, { databaseUrl: stage.app.databaseUrl, clock: stage.app.clock });
    try {
      stage.app.clock.advance(700);
      await Promise.all([runTimers(stage.app), runTimers({ ...other, clock: stage.app.clock })]);
    } finally {
      await other.close();
    }
    await runTimers(stage.app);
    const entries = await timelineOf(stage.cast.dana, conversationId);
    expect(entries.filter((entry) => entry === 'FINALIZED')).toHaveLength(1);
  });
});
