import sql from 'sql-template-tag';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Clock } from '../../src/clock.js';
import {
  AcceptTransferDocument,
  CancelTransferDocument,
  DeclineTransferDocument,
  JoinConversationDocument,
  LeaveConversationDocument,
  ResolveConversationDocument,
  SendMessageDocument,
  TakeOverConversationDocument,
  TransferConversationDocument,
} from '../operations/generated.js';
import { startTestApp, type TestApp, TestClock } from '../support/app.js';
import { castOf } from '../support/cast.js';
import { freshDatabaseUrl } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { runDueJobs } from '../support/jobs.js';
import type { Person } from '../support/Person.js';
import { conversationOf, joins, Stage } from '../support/stories.js';
import { lastOffer, offered, offers, sinceOffered, toldOf } from '../support/transfers.js';

const clock = new TestClock();
let fresh: Awaited<ReturnType<typeof freshDatabaseUrl>>;
let nodes: TestApp[];
const stage = new Stage();
const settings = { RATE_BURST: '1000000' };
const startNode = () => startTestApp(settings, { databaseUrl: fresh.url, clock });

beforeAll(async () => {
  fresh = await freshDatabaseUrl();
  nodes = await Promise.all([startNode(), startNode()]);
  stage.app = nodes[0]!;
  stage.cast = await castOf(stage.app);
});
afterAll(async () => {
  await stage.cast.leave();
  await Promise.all(nodes.map((node) => node.close()));
  await fresh.drop();
});

const away = (person: Person) => person.at(nodes[1]!.url);
const ends = ['TRANSFER_ACCEPTED', 'TRANSFER_DECLINED', 'TRANSFER_CANCELLED', 'TRANSFER_EXPIRED'];
const rounds = process.env.DEEP ? 100 : 8;

/** All of these at once, in another order each round. Answers which were carried out. */
async function atOnce(calls: Record<string, () => Promise<unknown>>, round: number): Promise<string[]> {
  const entries = Object.entries(calls);
  const turned = [...entries.slice(round % entries.length), ...entries.slice(0, round % entries.length)];
  const done = await Promise.all(
    turned.map(async ([name, call]) => {
      const [payload] = Object.values((await call()) as object) as [{ errors: unknown[] }];
      return payload.errors.length === 0 ? [name] : [];
    }),
  );
  return done.flat();
}

describe('at the same instant', () => {
  test('of accepting, declining and cancelling exactly one ends the offer, on two nodes (F3, F5)', async () => {
    const { ada, ben, cleo } = stage.cast;
    const winners = new Set<string>();
    for (let round = 0; round < rounds; round++) {
      const { conversationId, transferId } = await offered(stage);
      const input = { transferId };
      const won = await atOnce(
        {
          ACCEPTED: () => cleo.ask(AcceptTransferDocument, { input }),
          DECLINED: () => away(cleo).ask(DeclineTransferDocument, { input }),
          CANCELLED: () => away(ada).ask(CancelTransferDocument, { input }),
        },
        round,
      );
      expect(won).toHaveLength(1);
      winners.add(won[0]!);
      const events = await sinceOffered(ben, conversationId);
      expect(events.filter((event) => ends.includes(event))).toEqual([`TRANSFER_${won[0]}`]);
      expect(await lastOffer(ben, conversationId)).toMatchObject({ status: won[0], isShown: false });
      const assignee = won[0] === 'ACCEPTED' ? cleo : ben;
      expect((await conversationOf(ben, conversationId)).assignee!.id).toBe(assignee.id);
    }
    expect(winners.size).toBeGreaterThan(1);
  });

  test('two offers of one conversation are one offer', async () => {
    const { ada, ben, cleo } = stage.cast;
    for (let round = 0; round < rounds; round++) {
      const conversationId = await stage.takenOverBy(ben);
      const offer = (by: Person, to: Person) => () =>
        by.ask(TransferConversationDocument, { input: { conversationId, toAgentId: to.id } });
      expect(await atOnce({ one: offer(ben, cleo), two: offer(away(ada), ada) }, round)).toHaveLength(1);
      expect(await sinceOffered(ben, conversationId)).toEqual([]);
    }
  });

  test('of accepting and resolving one wins', async () => {
    const { ben, cleo } = stage.cast;
    for (let round = 0; round < rounds; round++) {
      const { conversationId, transferId } = await offered(stage);
      const won = await atOnce(
        {
          accept: () => cleo.ask(AcceptTransferDocument, { input: { transferId } }),
          resolve: () => away(ben).ask(ResolveConversationDocument, { input: { conversationId } }),
        },
        round,
      );
      expect(won).toHaveLength(1);
      const events = await sinceOffered(ben, conversationId);
      expect(events).toEqual(
        won[0] === 'accept' ? ['TRANSFER_ACCEPTED', 'ASSIGNED'] : ['TRANSFER_CANCELLED', 'RESOLVED'],
      );
    }
  });

  test('of accepting and a forced take-over both may come, and the last one answers', async () => {
    const { ada, ben, cleo } = stage.cast;
    for (let round = 0; round < rounds; round++) {
      const { conversationId, transferId } = await offered(stage);
      const won = await atOnce(
        {
          accept: () => cleo.ask(AcceptTransferDocument, { input: { transferId } }),
          takeOver: () => away(ada).ask(TakeOverConversationDocument, { input: { conversationId, force: true } }),
        },
        round,
      );
      expect(won).toContain('takeOver');
      expect((await conversationOf(ben, conversationId)).assignee!.id).toBe(ada.id);
      const isAccepted = won.includes('accept');
      const [loser, kept] = isAccepted ? [cleo, ben] : [ben, cleo];
      expect(await toldOf(loser, conversationId)).toContain('TAKEN_OVER');
      expect(await toldOf(kept, conversationId)).not.toContain('TAKEN_OVER');
      expect((await sinceOffered(ben, conversationId)).filter((event) => ends.includes(event))).toHaveLength(1);
    }
  });
});

describe('leaving at the same instant', () => {
  test('as accepting: the receiver is assignee, or has declined, and the giver left, or cannot', async () => {
    const { ben, cleo } = stage.cast;
    for (let round = 0; round < rounds; round++) {
      const { conversationId, transferId } = await offered(stage);
      await joins(cleo, conversationId);
      const won = await atOnce(
        {
          accept: () => cleo.ask(AcceptTransferDocument, { input: { transferId } }),
          receiver: () => away(cleo).ask(LeaveConversationDocument, { input: { conversationId } }),
          giver: () => away(ben).ask(LeaveConversationDocument, { input: { conversationId } }),
        },
        round,
      );
      expect(won.includes('accept')).not.toBe(won.includes('receiver'));
      if (won.includes('receiver')) expect(won).not.toContain('giver');
      const events = await sinceOffered(ben, conversationId);
      expect(events.filter((event) => event === 'LEFT')).toHaveLength(
        won.includes('giver') ? 1 : won.includes('receiver') ? 1 : 0,
      );
      const { assignee } = await conversationOf(ben, conversationId);
      expect(assignee!.id).toBe(won.includes('accept') ? cleo.id : ben.id);
      const inIt = await stage.app.world.database.read<{ id: string }>(sql`
        select actor_id as id from participants where conversation_id = ${conversationId} and joined_at is not null`);
      expect(inIt.map(({ id }) => id)).toContain(assignee!.id);
    }
  });

  test('as resolving: both happen, and the offer ends once', async () => {
    const { ben, cleo } = stage.cast;
    for (let round = 0; round < rounds; round++) {
      const { conversationId } = await offered(stage);
      const won = await atOnce(
        {
          leave: () => cleo.ask(LeaveConversationDocument, { input: { conversationId } }),
          resolve: () => away(ben).ask(ResolveConversationDocument, { input: { conversationId } }),
        },
        round,
      );
      expect(won).toHaveLength(2);
      const events = await sinceOffered(ben, conversationId);
      expect([
        ['TRANSFER_DECLINED', 'RESOLVED'],
        ['TRANSFER_CANCELLED', 'RESOLVED'],
      ]).toContainEqual(events);
    }
  });

  test('twice is one event', async () => {
    const { ben, cleo } = stage.cast;
    for (let round = 0; round < rounds; round++) {
      const conversationId = await stage.takenOverBy(ben);
      await joins(cleo, conversationId);
      await offers(ben, conversationId, cleo);
      const leave = (person: Person) => () => person.ask(LeaveConversationDocument, { input: { conversationId } });
      expect(await atOnce({ one: leave(cleo), two: leave(away(cleo)) }, round)).toHaveLength(2);
      expect(await sinceOffered(ben, conversationId)).toEqual(['TRANSFER_DECLINED', 'LEFT']);
    }
  });
});

describe('the end of an offer’s time', () => {
  const expireNow = (transferId: string) =>
    stage.app.world.database.read(sql`
      with due as (update transfers set expires_at = created_at where id = ${transferId} returning id)
      update graphile_worker._private_jobs set run_at = now() where key = 'expire-transfer:' || (select id from due)`);

  test('is written once, whoever comes at that instant, on two nodes', async () => {
    const { ben, cleo, dana } = stage.cast;
    for (let round = 0; round < rounds; round++) {
      const { conversationId, transferId } = await offered(stage);
      await expireNow(transferId);
      const won = await atOnce(
        {
          accept: () => cleo.ask(AcceptTransferDocument, { input: { transferId } }),
          decline: () => away(cleo).ask(DeclineTransferDocument, { input: { transferId } }),
          cancel: () => away(ben).ask(CancelTransferDocument, { input: { transferId } }),
          join: () => away(cleo).ask(JoinConversationDocument, { input: { conversationId } }),
          send: () => dana.ask(SendMessageDocument, { input: { conversationId, text: 'Hello?' } }),
        },
        round,
      );
      expect(won.toSorted()).toEqual(['join', 'send']);
      await runDueJobs(stage.app);
      const events = await sinceOffered(ben, conversationId);
      expect(events.toSorted()).toEqual(['Hello?', 'JOINED', 'TRANSFER_EXPIRED']);
      expect(events[0]).toBe('TRANSFER_EXPIRED');
      expect(await toldOf(ben, conversationId)).toEqual(['TRANSFER_EXPIRED']);
    }
  });

  test('comes by itself on every node, once', async () => {
    const { ben, cleo } = stage.cast;
    const all = await Promise.all(Array.from({ length: 8 }, () => offered(stage)));
    clock.advance(301);
    await runDueJobs(stage.app);
    await Promise.all(nodes.map(runDueJobs));
    for (const { conversationId } of all) {
      expect(await sinceOffered(ben, conversationId)).toEqual(['TRANSFER_EXPIRED']);
      expect(await toldOf(cleo, conversationId)).toEqual(['TRANSFER_REQUESTED', 'TRANSFER_EXPIRED']);
    }
  });

  test('comes also for an offer whose job was lost with its node', async () => {
    const { ben } = stage.cast;
    const { conversationId, transferId } = await offered(stage);
    const { database } = stage.app.world;
    await database.read(sql`select graphile_worker.complete_jobs(array(
      select id from graphile_worker._private_jobs where key = ${`expire-transfer:${transferId}`}))`);
    clock.advance(301 + 300);
    await database.read(sql`select graphile_worker.add_job('find-lost')`);
    await runDueJobs(stage.app);
    expect(await sinceOffered(ben, conversationId)).toEqual(['TRANSFER_EXPIRED']);
  });

  test('comes after a restart in between', async () => {
    const own = await freshDatabaseUrl();
    const time = new TestClock();
    const there = new Stage();
    there.app = await startTestApp(settings, { databaseUrl: own.url, clock: time });
    there.cast = await castOf(there.app);
    const { conversationId } = await offered(there);
    await there.app.close();
    time.advance(301);
    const restarted = await startTestApp(settings, { databaseUrl: own.url, clock: time });
    await runDueJobs(restarted);
    const ben = there.cast.ben.at(restarted.url);
    const events = await eventually(
      () => sinceOffered(ben, conversationId),
      ({ length }) => length > 0,
    );
    expect(events).toEqual(['TRANSFER_EXPIRED']);
    await restarted.close();
    await own.drop();
  });

  test('is one moment in each call, however long the call takes: nothing ends it otherwise from then on', async () => {
    const own = await freshDatabaseUrl();
    const time = new SteppingClock();
    const there = new Stage();
    there.app = await startTestApp(settings, { databaseUrl: own.url, clock: time as never });
    there.cast = await castOf(there.app);
    const { ben, cleo } = there.cast;
    const { database } = there.app.world;
    const calls: ((id: string, transferId: string) => Promise<unknown>)[] = [
      (conversationId) => ben.ask(ResolveConversationDocument, { input: { conversationId } }),
      (_, transferId) => cleo.ask(AcceptTransferDocument, { input: { transferId } }),
      (conversationId) => cleo.ask(LeaveConversationDocument, { input: { conversationId } }),
    ];
    for (let left = 1; left <= 7; left++) {
      for (const call of calls) {
        const { conversationId, transferId } = await offered(there);
        await database.read(sql`update transfers set expires_at = ${time.later(left)} where id = ${transferId}`);
        await call(conversationId, transferId);
      }
    }
    const late = await database.read(sql`select id from transfers where answered_at >= expires_at`);
    expect(late).toEqual([]);
    const inTime = await database.read(sql`select distinct status from transfers where answered_at is not null`);
    expect(inTime).toHaveLength(3);
    await there.cast.leave();
    await there.app.close();
    await own.drop();
  });
});

/** Each look at it is a second later than the one before. */
class SteppingClock implements Clock {
  private time = Date.now();

  now(): Date {
    this.time += 1000;
    return new Date(this.time);
  }

  later(seconds: number): Date {
    return new Date(this.time + seconds * 1000);
  }
}
