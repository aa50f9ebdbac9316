import sql from 'sql-template-tag';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  JoinConversationDocument,
  ReopenConversationDocument,
  RequestHumanDocument,
  StartConversationDocument,
  TimelineDocument,
  UpdateWorkspaceDocument,
} from '../operations/generated.js';
import { startTestApp, type TestApp, TestClock } from '../support/app.js';
import { type Cast, castOf } from '../support/cast.js';
import { freshDatabaseUrl } from '../support/database.js';
import { runDueJobs, runTimers } from '../support/jobs.js';
import { conversationOf, does, resolves, says, takesOver, timelineOf, whispers } from '../support/stories.js';

const clock = new TestClock();
let fresh: Awaited<ReturnType<typeof freshDatabaseUrl>>;
let nodes: TestApp[];
let app: TestApp;
let cast: Cast;

const startNode = () => startTestApp({}, { databaseUrl: fresh.url, clock });

beforeAll(async () => {
  fresh = await freshDatabaseUrl();
  nodes = await Promise.all([startNode(), startNode()]);
  app = nodes[0]!;
});
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.close()));
  await fresh.drop();
});

const sets = (settings: { autoResolveAfterSeconds?: number | null; autoFinalizeAfterSeconds?: number | null }) =>
  does(cast.ada, UpdateWorkspaceDocument, settings);

/** Dana's conversation, in which this was said last by Ben. */
async function answered(text = 'Here it is.'): Promise<string> {
  const { conversation } = await does(cast.dana, StartConversationDocument, { text: 'Where is my parcel?' });
  await takesOver(cast.ben, conversation!.id);
  await says(cast.ben, conversation!.id, text);
  return conversation!.id;
}

/** So much later, with everything done that is due by then. */
async function later(seconds: number): Promise<void> {
  clock.advance(seconds);
  await runTimers(app);
}

const statusOf = async (conversationId: string) => (await conversationOf(cast.dana, conversationId)).status;
const eventsOf = async (conversationId: string) =>
  (await timelineOf(cast.dana, conversationId)).filter((text) => /^[A-Z_]+$/.test(text));

beforeEach(async () => {
  cast = await castOf(app);
  return () => cast.leave();
});

describe('an idle conversation', () => {
  test('is resolved after the workspace’s time, by the system, and keeps its assignee', async () => {
    await sets({ autoResolveAfterSeconds: 300 });
    const conversationId = await answered();
    await later(299);
    expect(await statusOf(conversationId)).toBe('OPEN');
    await later(2);
    expect(await conversationOf(cast.dana, conversationId)).toMatchObject({
      status: 'RESOLVED',
      handling: 'HUMAN',
      assignee: { id: cast.ben.id },
    });
    const { conversation } = await cast.dana.ask(TimelineDocument, { id: conversationId, last: 1 });
    expect(conversation!.timeline.edges[0]!.node).toMatchObject({
      kind: 'RESOLVED',
      actor: { id: expect.stringMatching(/^sys_/) },
    });
  });

  test('is counted idle from its last message, which nothing else moves (D21)', async () => {
    await sets({ autoResolveAfterSeconds: 300 });
    const moved = await answered();
    const still = await answered();
    await later(200);
    await says(cast.ben, moved, 'Anything else?');
    await whispers(cast.cleo, still, 'psst');
    await does(cast.ada, JoinConversationDocument, { conversationId: still });
    await later(150);
    expect(await statusOf(moved)).toBe('OPEN');
    expect(await statusOf(still)).toBe('RESOLVED');
    await later(151);
    expect(await statusOf(moved)).toBe('RESOLVED');
  });

  test('is not resolved while it waits for people: the customer spoke last, or a human was asked for', async () => {
    await sets({ autoResolveAfterSeconds: 300 });
    const asked = await answered();
    await says(cast.dana, asked, 'And the other one?');
    const { conversation } = await does(cast.dana, StartConversationDocument, { text: 'Hello' });
    const [turn] = await app.world.database.read<{ id: string }>(
      sql`select id from ai_turns where conversation_id = ${conversation!.id}`,
    );
    await does(cast.bot, RequestHumanDocument, {
      conversationId: conversation!.id,
      aiTurnId: turn!.id,
      text: 'One moment.',
    });
    const marker = await answered();
    await later(3000);
    expect(await statusOf(marker)).toBe('RESOLVED');
    expect(await statusOf(asked)).toBe('OPEN');
    expect(await statusOf(conversation!.id)).toBe('OPEN');
  });

  test('is never resolved where the workspace has no such time', async () => {
    const conversationId = await answered();
    await later(3000);
    expect(await statusOf(conversationId)).toBe('OPEN');
  });

  test('is resolved by a time that was set when it was idle already', async () => {
    const conversationId = await answered();
    await later(1000);
    await sets({ autoResolveAfterSeconds: 2000 });
    await later(1);
    expect(await statusOf(conversationId)).toBe('OPEN');
    await sets({ autoResolveAfterSeconds: 900 });
    await later(1);
    expect(await statusOf(conversationId)).toBe('RESOLVED');
  });

  test('is left alone when, after its timer was set, somebody writes or the workspace waits longer', async () => {
    await sets({ autoResolveAfterSeconds: 300 });
    const [written, silent] = [await answered(), await answered()];
    await later(250);
    const waiting = await app.world.database.read(sql`
      select from graphile_worker._private_jobs where payload ->> 'conversationId' in (${written}, ${silent}) and run_at > now()`);
    expect(waiting).toHaveLength(2);
    await says(cast.dana, written, 'Wait!');
    clock.advance(51);
    await runDueJobs(app);
    expect(await statusOf(written)).toBe('OPEN');
    expect(await statusOf(silent)).toBe('RESOLVED');

    const patient = await answered();
    await later(250);
    await sets({ autoResolveAfterSeconds: 600 });
    clock.advance(51);
    await runDueJobs(app);
    expect(await statusOf(patient)).toBe('OPEN');
    await later(300);
    expect(await statusOf(patient)).toBe('RESOLVED');
  });

  test('is resolved once, however many nodes look however often', async () => {
    await sets({ autoResolveAfterSeconds: 300 });
    const ids = await Promise.all(Array.from({ length: 10 }, () => answered()));
    clock.advance(301);
    await Promise.all(Array.from({ length: 6 }, (_, nr) => runTimers(nodes[nr % 2]!)));
    await later(1);
    for (const id of ids) expect(await eventsOf(id)).toEqual(['STARTED', 'TAKEN_OVER', 'RESOLVED']);
  });

  test('is resolved, and then finalized, once, also when the server was stopped meanwhile', async () => {
    await sets({ autoResolveAfterSeconds: 300, autoFinalizeAfterSeconds: 600 });
    const conversationId = await answered();
    // Its timer is set, and then every node goes.
    await later(250);
    await Promise.all(nodes.map((node) => node.close()));
    clock.advance(400);
    nodes = [await startNode(), await startNode()];
    app = nodes[0]!;
    await runTimers(app);
    const dana = cast.dana.at(app.url);
    expect((await conversationOf(dana, conversationId)).status).toBe('RESOLVED');
    clock.advance(601);
    await Promise.all(nodes.map((node) => runTimers(node)));
    expect(await timelineOf(dana, conversationId)).toEqual([
      ...['STARTED', 'Where is my parcel?', 'TAKEN_OVER', 'Here it is.', 'RESOLVED', 'FINALIZED'],
    ]);
  });
});

describe('a resolved conversation', () => {
  test('is finalized after the workspace’s time, counted from when it was resolved', async () => {
    await sets({ autoFinalizeAfterSeconds: 600 });
    const conversationId = await answered();
    await later(700);
    await resolves(cast.ben, conversationId);
    await later(599);
    expect(await statusOf(conversationId)).toBe('RESOLVED');
    await later(2);
    expect(await eventsOf(conversationId)).toEqual(['STARTED', 'TAKEN_OVER', 'RESOLVED', 'FINALIZED']);
  });

  test('is not finalized when it was reopened, and counts anew when it is resolved again', async () => {
    await sets({ autoFinalizeAfterSeconds: 600 });
    const conversationId = await answered();
    await resolves(cast.ben, conversationId);
    await later(550);
    await does(cast.ben, ReopenConversationDocument, { conversationId });
    clock.advance(60);
    await runDueJobs(app);
    expect(await statusOf(conversationId)).toBe('OPEN');
    await resolves(cast.ben, conversationId);
    await later(590);
    expect(await statusOf(conversationId)).toBe('RESOLVED');
    await later(11);
    expect(await statusOf(conversationId)).toBe('FINALIZED');
  });

  test('is finalized at once where the time is nought, and never where there is none', async () => {
    const conversationId = await answered();
    await resolves(cast.ben, conversationId);
    await later(3000);
    expect(await statusOf(conversationId)).toBe('RESOLVED');
    await sets({ autoFinalizeAfterSeconds: 0 });
    await later(0);
    expect(await statusOf(conversationId)).toBe('FINALIZED');
  });
});
