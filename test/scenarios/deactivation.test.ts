import sql from 'sql-template-tag';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  AcceptTransferDocument,
  DeactivateAgentDocument,
  InboxUpdatedDocument,
  NotificationAddedDocument,
  SetPasswordDocument,
  SignInDocument,
  TakeOverConversationDocument,
  TransferConversationDocument,
} from '../operations/generated.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { castOf, newPerson } from '../support/cast.js';
import { freshDatabaseUrl } from '../support/database.js';
import { runDueJobs } from '../support/jobs.js';
import type { Person } from '../support/Person.js';
import { RawSocket } from '../support/RawSocket.js';
import { conversationOf, does, finalizes, resolves, Stage, takesOver, timelineOf } from '../support/stories.js';
import { actorsOf, deactivates, lastOffer, offers, toldOf } from '../support/transfers.js';

let fresh: Awaited<ReturnType<typeof freshDatabaseUrl>>;
let nodes: TestApp[];
const stage = new Stage();
beforeAll(async () => {
  fresh = await freshDatabaseUrl();
  const start = () => startTestApp({ RATE_BURST: '1000000', LOG_LEVEL: 'silent' }, { databaseUrl: fresh.url });
  nodes = await Promise.all([start(), start()]);
  stage.app = nodes[0]!;
  stage.cast = await castOf(stage.app);
});
afterAll(async () => {
  await stage.cast.leave();
  await Promise.all(nodes.map((node) => node.close()));
  await fresh.drop();
});

const newAgent = (name = 'Finn', role: 'AGENT' | 'ADMIN' = 'AGENT') =>
  newPerson(stage.app, stage.app.url, stage.cast.acme, name, { kind: 'AGENT', role });

/** Who is to be deactivated. */
let finn: Person;
beforeEach(async () => {
  finn = await newAgent();
  return () => finn.leave();
});

describe('deactivating an agent', () => {
  test('leaves their open and resolved conversations to whoever comes, and finalized ones as they ended', async () => {
    const { ada, ben, dana } = stage.cast;
    const [open, resolved, finalized] = [
      await stage.takenOverBy(finn),
      await stage.resolvedBy(finn),
      await stage.finalizedBy(finn),
    ];
    const other = await stage.takenOverBy(ben);
    const { agent } = await deactivates(ada, finn);
    expect(agent).toMatchObject({ id: finn.id, active: false });
    for (const [id, status] of [
      [open, 'OPEN'],
      [resolved, 'RESOLVED'],
    ] as const) {
      expect(await conversationOf(ben, id)).toMatchObject({ status, handling: 'UNATTENDED', assignee: null });
      expect((await timelineOf(dana, id)).at(-1)).toBe('UNASSIGNED');
      expect(await actorsOf(stage.app, id, 'UNASSIGNED')).toEqual(['SYSTEM']);
      expect(await toldOf(ada, id)).toEqual(['UNATTENDED']);
      expect(await toldOf(ben, id)).toEqual([]);
    }
    expect(await conversationOf(ben, finalized)).toMatchObject({ status: 'FINALIZED', assignee: { id: finn.id } });
    expect(await conversationOf(ben, other)).toMatchObject({ assignee: { id: ben.id } });
    await takesOver(ben, open);
    expect(await conversationOf(ben, open)).toMatchObject({ handling: 'HUMAN', assignee: { id: ben.id } });
  });

  test('cancels what they offered and what was offered to them, and tells whoever is left on the other side', async () => {
    const { ada, ben, cleo } = stage.cast;
    const given = await stage.takenOverBy(finn);
    await offers(finn, given, cleo);
    const received = await stage.takenOverBy(ben);
    await offers(ben, received, finn);
    await deactivates(ada, finn);
    expect((await timelineOf(ben, given)).slice(-2)).toEqual(['TRANSFER_CANCELLED', 'UNASSIGNED']);
    expect((await timelineOf(ben, received)).slice(-1)).toEqual(['TRANSFER_CANCELLED']);
    for (const id of [given, received]) {
      expect(await lastOffer(ben, id)).toMatchObject({ status: 'CANCELLED', isShown: false });
      expect(await actorsOf(stage.app, id, 'TRANSFER_CANCELLED')).toEqual(['SYSTEM']);
    }
    expect(await toldOf(cleo, given)).toEqual(['TRANSFER_REQUESTED', 'TRANSFER_CANCELLED']);
    expect(await toldOf(ben, received)).toEqual(['TRANSFER_CANCELLED']);
    expect(await toldOf(ada, received)).toEqual([]);
    expect(await conversationOf(ben, received)).toMatchObject({ assignee: { id: ben.id } });
    const unread = await stage.app.world.database.read(
      sql`select kind from notifications where agent_id = ${finn.id} and kind <> 'TRANSFER_REQUESTED'`,
    );
    expect(unread).toEqual([]);
  });

  test('twice changes nothing, and nobody is told again', async () => {
    const { ada } = stage.cast;
    const conversationId = await stage.takenOverBy(finn);
    await deactivates(ada, finn);
    await runDueJobs(stage.app);
    const before = await stage.everythingWritten();
    const { agent } = await deactivates(ada, finn);
    expect(agent!.active).toBe(false);
    expect(await stage.everythingWritten()).toEqual(before);
    expect(await toldOf(ada, conversationId)).toEqual(['UNATTENDED']);
  });

  test('is for admins, of their workspace, who leave it one', async () => {
    const { ada, ben, gus, dana, bot, crm } = stage.cast;
    for (const person of [ben, dana, bot, crm])
      await stage.isForbidden(person, DeactivateAgentDocument, { agentId: finn.id });
    for (const agentId of [gus.id, dana.id, bot.id, 'x', stage.app.world.ids.next('agent')]) {
      const refusal = await stage.refusal(ada, DeactivateAgentDocument, { agentId });
      expect(refusal).toMatchObject({ code: 'NOT_FOUND', path: ['agentId'] });
    }
    const last = await stage.refusal(ada, DeactivateAgentDocument, { agentId: ada.id });
    expect(last).toMatchObject({ code: 'INVALID_INPUT', path: ['agentId'] });
  });

  test('may be of oneself, while another admin stays', async () => {
    const admin = await newAgent('Fay', 'ADMIN');
    await deactivates(admin, admin);
    expect((await admin.attempt('{ viewer { actor { id } } }')).status).toBe(401);
    expect((await stage.refusal(stage.cast.ada, DeactivateAgentDocument, { agentId: stage.cast.ada.id })).code).toBe(
      'INVALID_INPUT',
    );
  });

  test('at once by two admins, of one another, leaves one', async () => {
    const { gus } = stage.cast;
    const peer = await newPerson(stage.app, stage.app.url, stage.cast.globex, 'Peer', { kind: 'AGENT', role: 'ADMIN' });
    const [one, two] = await Promise.all([
      gus.attempt(DeactivateAgentDocument, { input: { agentId: peer.id } }),
      peer.attempt(DeactivateAgentDocument, { input: { agentId: gus.id } }),
    ]);
    const done = [one, two].filter(({ data }) => data?.deactivateAgent.agent);
    expect(done).toHaveLength(1);
    const [admins] = await stage.app.world.database.read<{ count: number }>(sql`
      select count(*)::int from actors where workspace_id = ${stage.cast.globex} and role = 'ADMIN' and active`);
    expect(admins!.count).toBe(1);
  });

  test('refuses their token, their streams and sockets end within seconds on every node, and they cannot sign in', async () => {
    const { ada, nobody } = stage.cast;
    const [row] = await stage.app.world.database.read<{ email: string }>(
      sql`select email from actors where id = ${finn.id}`,
    );
    const input = { email: row!.email, password: 'correct horse battery' };
    await does(ada, SetPasswordDocument, { agentId: finn.id, newPassword: input.password });
    await does(nobody, SignInDocument, input);
    const ends: Promise<unknown>[] = [];
    for (const node of nodes) {
      const there = finn.at(node.url);
      const streams = [there.follow(InboxUpdatedDocument, {}), there.follow(NotificationAddedDocument, { after: '' })];
      await streams[0]!.next();
      const idle = await RawSocket.of(finn, node.url);
      ends.push(idle.whenClosed(), ...streams.map((stream) => stream.whenEnded()));
    }
    const start = Date.now();
    await deactivates(ada, finn);
    for (const end of await Promise.all(ends)) expect(end).toMatchObject({ code: 4403 });
    expect(Date.now() - start).toBeLessThan(5000);
    for (const node of nodes) {
      const { status, errors } = await finn.at(node.url).attempt('{ viewer { actor { id } } }');
      expect([status, errors[0]!.extensions.code]).toEqual([401, 'UNAUTHENTICATED']);
    }
    const refusal = await stage.refusal(nobody, SignInDocument, input);
    expect(refusal.code).toBe('INVALID_CREDENTIALS');
  });

  test('is finished by a job when the process dies in between', async () => {
    const { ada, ben } = stage.cast;
    const conversationId = await stage.takenOverBy(finn);
    await offers(finn, conversationId, ben);
    const { database } = stage.app.world;
    // What the call commits first; here it died.
    await database.read(sql`
      with marked as (update actors set active = false where id = ${finn.id} returning id, workspace_id)
      select graphile_worker.add_job('release-agent', json_build_object('workspaceId', workspace_id, 'agentId', id),
        job_key => 'release-agent:' || id) from marked`);
    await runDueJobs(stage.app);
    expect(await conversationOf(ben, conversationId)).toMatchObject({ handling: 'UNATTENDED', assignee: null });
    expect((await timelineOf(ben, conversationId)).slice(-2)).toEqual(['TRANSFER_CANCELLED', 'UNASSIGNED']);
    expect(await toldOf(ada, conversationId)).toEqual(['UNATTENDED']);
  });

  test('leaves a job behind that has nothing more to do', async () => {
    const conversationId = await stage.takenOverBy(finn);
    await deactivates(stage.cast.ada, finn);
    await runDueJobs(stage.app);
    expect((await timelineOf(stage.cast.ben, conversationId)).filter((kind) => kind === 'UNASSIGNED')).toHaveLength(1);
  });
});

describe('at the same instant as a deactivation', () => {
  const rounds = Array.from({ length: process.env.DEEP ? 60 : 6 }, (_, nr) => nr);

  /** Deactivates while they act, in either order; then nobody who is gone answers for anything or is offered anything. */
  async function race(
    round: number,
    agent: Person,
    conversationId: string,
    act: () => Promise<unknown>,
  ): Promise<void> {
    const { ada, ben } = stage.cast;
    const calls = [() => deactivates(ada.at(nodes[1]!.url), agent), act];
    await Promise.all((round % 2 ? calls : calls.reverse()).map((call) => call()));
    const { assignee, handling } = await conversationOf(ben, conversationId);
    expect(assignee?.id).not.toBe(agent.id);
    expect(handling === 'HUMAN').toBe(assignee !== null);
    const left = await stage.app.world.database.read(sql`
      select id from transfers where status = 'PENDING' and ${agent.id} in (from_id, to_id)`);
    expect(left).toEqual([]);
  }

  test.each(rounds)('nobody who is gone takes over, accepts, is offered, or offers (round %i)', async (round) => {
    const { ben, cleo, dana } = stage.cast;
    const agent = () => newAgent(`Racer ${round}`);
    let one = await agent();
    let id = await stage.startedBy(dana);
    const inId = (conversationId: string) => ({ input: { conversationId } });
    await race(round, one, id, () => one.attempt(TakeOverConversationDocument, inId(id)));
    one = await agent();
    id = await stage.takenOverBy(ben);
    const transferId = await offers(ben, id, one);
    await race(round, one, id, () => one.attempt(AcceptTransferDocument, { input: { transferId } }));
    one = await agent();
    id = await stage.takenOverBy(ben);
    const toOne = { input: { conversationId: id, toAgentId: one.id } };
    await race(round, one, id, () => ben.attempt(TransferConversationDocument, toOne));
    one = await agent();
    id = await stage.takenOverBy(one);
    const toCleo = { input: { conversationId: id, toAgentId: cleo.id } };
    await race(round, one, id, () => one.attempt(TransferConversationDocument, toCleo));
    one = await agent();
    id = await stage.takenOverBy(one);
    const offer = await offers(one, id, cleo, { leaveOnAccept: true });
    await race(round, one, id, () => cleo.attempt(AcceptTransferDocument, { input: { transferId: offer } }));
    one = await agent();
    id = await stage.takenOverBy(one);
    await race(round, one, id, () => resolves(stage.cast.ada, id));
    await finalizes(stage.cast.ada, id);
  });
});

test('an agent who was deactivated is told of nothing any more', async () => {
  const { ada, ben } = stage.cast;
  const conversationId = await stage.takenOverBy(ben);
  await deactivates(ada, finn);
  const refusal = await stage.refusal(ben, TransferConversationDocument, { conversationId, toAgentId: finn.id });
  expect(refusal.code).toBe('TRANSFER_TARGET_UNAVAILABLE');
  await does(ada, TakeOverConversationDocument, { conversationId, force: true });
  const told = await stage.app.world.database.read(sql`select id from notifications where agent_id = ${finn.id}`);
  expect(told).toEqual([]);
});
