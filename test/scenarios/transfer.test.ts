import sql from 'sql-template-tag';
import { describe, expect, test } from 'vitest';
import {
  AcceptTransferDocument,
  CancelTransferDocument,
  DeclineTransferDocument,
  FinalizeConversationDocument,
  LeaveConversationDocument,
  NodeDocument,
  NotificationAddedDocument,
  PendingTransfersDocument,
  ResolveConversationDocument,
  SendMessageDocument,
  TakeOverConversationDocument,
  TransferConversationDocument,
  TransfersDocument,
} from '../operations/generated.js';
import { runDueJobs, runTimers } from '../support/jobs.js';
import type { Person } from '../support/Person.js';
import {
  conversationOf,
  does,
  finalizes,
  gists,
  handsBack,
  joins,
  leaves,
  newStage,
  participantsOf,
  resolves,
  says,
  teamConversationOf,
  timelineOf,
  whispers,
} from '../support/stories.js';
import {
  accepts,
  actorsOf,
  cancels,
  declines,
  lastOffer,
  offered,
  offers,
  sinceOffered,
  toldOf,
} from '../support/transfers.js';

const stage = newStage();

describe('an offer', () => {
  test('leaves the giver in charge until it is accepted; then its target answers', async () => {
    const { dana, ben, cleo } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    const stream = cleo.follow(NotificationAddedDocument);
    const call = { conversationId, toAgentId: cleo.id, note: ' You know parcels. ' };
    await cleo.ask(PendingTransfersDocument);
    const { transfer, timelineEdge, timelineEdges } = await does(ben, TransferConversationDocument, call);
    expect(transfer).toMatchObject({
      status: 'PENDING',
      from: { id: ben.id },
      to: { id: cleo.id },
      note: 'You know parcels.',
      leaveOnAccept: false,
      answeredAt: null,
    });
    const { createdAt, expiresAt } = transfer!;
    expect(new Date(expiresAt).getTime() - new Date(createdAt).getTime()).toBe(300_000);
    expect(gists(timelineEdges)).toEqual(['TRANSFER_REQUESTED']);
    expect(timelineEdges).toEqual([timelineEdge]);
    expect((await conversationOf(ben, conversationId)).assignee!.id).toBe(ben.id);
    expect(await lastOffer(cleo, conversationId)).toMatchObject({ id: transfer!.id, isShown: true });
    const { viewer } = await cleo.ask(PendingTransfersDocument);
    expect(viewer.profile!.pendingTransfers.map(({ id }) => id)).toContain(transfer!.id);
    expect((await ben.ask(PendingTransfersDocument)).viewer.profile!.pendingTransfers).toEqual([]);
    const told = await stream.next(({ data }) => data!.notificationAdded.node.conversation!.id === conversationId);
    expect(told.data!.notificationAdded.node).toMatchObject({
      kind: 'TRANSFER_REQUESTED',
      transfer: { id: transfer!.id },
      actor: { id: ben.id },
    });
    stream.stop();

    const accepted = await accepts(cleo, transfer!.id);
    expect(gists(accepted.timelineEdges)).toEqual(['TRANSFER_ACCEPTED', 'ASSIGNED']);
    expect(accepted.transfer).toMatchObject({ id: transfer!.id, status: 'ACCEPTED' });
    expect(accepted.conversation).toMatchObject({ handling: 'HUMAN', assignee: { id: cleo.id } });
    expect(participantsOf(await teamConversationOf(ben, conversationId))).toEqual(
      expect.arrayContaining([ben.id, cleo.id]),
    );
    expect(await timelineOf(dana, conversationId)).toEqual([
      'STARTED',
      'Where is my parcel?',
      'TAKEN_OVER',
      'ASSIGNED',
    ]);
    expect((await conversationOf(dana, conversationId)).assignee!.id).toBe(cleo.id);
    expect(await toldOf(ben, conversationId)).toEqual(['TRANSFER_ACCEPTED']);
  });

  test('lets the giver leave as soon as it is accepted, if they asked for that', async () => {
    const { dana, ben, cleo } = stage.cast;
    const { conversationId, transferId } = await offered(stage, { leaveOnAccept: true });
    expect(await lastOffer(ben, conversationId)).toMatchObject({ leaveOnAccept: true });
    await accepts(cleo, transferId);
    expect(await sinceOffered(ben, conversationId)).toEqual(['TRANSFER_ACCEPTED', 'ASSIGNED', 'LEFT']);
    const participants = participantsOf(await teamConversationOf(ben, conversationId));
    expect(participants).toContain(cleo.id);
    expect(participants).not.toContain(ben.id);
    expect((await timelineOf(dana, conversationId)).at(-1)).toBe('ASSIGNED');
  });

  test('is declined by its target, with a reason or without, and the giver keeps the conversation', async () => {
    const { ben, cleo } = stage.cast;
    for (const reason of ['I am on the phone.', undefined]) {
      const { conversationId, transferId } = await offered(stage);
      const { transfer, timelineEdges } = await declines(cleo, transferId, reason);
      expect(transfer).toMatchObject({ status: 'DECLINED', declineReason: reason ?? null });
      expect(gists(timelineEdges)).toEqual(['TRANSFER_DECLINED']);
      expect((await conversationOf(ben, conversationId)).assignee!.id).toBe(ben.id);
      expect(await toldOf(ben, conversationId)).toEqual(['TRANSFER_DECLINED']);
      expect(await toldOf(cleo, conversationId)).toEqual(['TRANSFER_REQUESTED']);
    }
  });

  test.each(['ben', 'ada'] as const)('is cancelled by its giver or an admin: %s', async (name) => {
    const { ben, cleo } = stage.cast;
    const { conversationId, transferId } = await offered(stage);
    const { transfer } = await cancels(stage.cast[name], transferId);
    expect(transfer).toMatchObject({ status: 'CANCELLED', answeredAt: expect.any(String) });
    expect(await sinceOffered(ben, conversationId)).toEqual(['TRANSFER_CANCELLED']);
    expect(await toldOf(cleo, conversationId)).toEqual(['TRANSFER_REQUESTED', 'TRANSFER_CANCELLED']);
    expect(await toldOf(ben, conversationId)).toEqual([]);
  });

  test('of an admin is from the assignee, who cancels it or is told how it ends', async () => {
    const { ada, ben, cleo } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    const first = await offers(ada, conversationId, cleo);
    expect(await lastOffer(cleo, conversationId)).toMatchObject({ from: { id: ben.id } });
    await cancels(ben, first);
    const second = await offers(ada, conversationId, ada);
    expect(await toldOf(ada, conversationId)).toEqual([]);
    await accepts(ada, second);
    expect(await toldOf(ben, conversationId)).toEqual(['TRANSFER_ACCEPTED']);
  });

  test('can be made again once the last one has ended', async () => {
    const { ben, cleo } = stage.cast;
    const { conversationId, transferId } = await offered(stage);
    await declines(cleo, transferId);
    await accepts(cleo, await offers(ben, conversationId, cleo));
    const { conversation } = await ben.ask(TransfersDocument, { id: conversationId, first: 10 });
    expect(conversation!.transfers!.edges.map(({ node }) => node.status)).toEqual(['DECLINED', 'ACCEPTED']);
  });
});

describe('a pending offer is cancelled', () => {
  const endings: Record<
    string,
    { by: 'ada' | 'ben' | 'dana'; act: (by: Person, id: string) => Promise<unknown>; event: string }
  > = {
    'by resolving': { by: 'ben', act: resolves, event: 'RESOLVED' },
    'by the agent who finalizes': { by: 'ben', act: finalizes, event: 'FINALIZED' },
    'by the customer who finalizes': { by: 'dana', act: finalizes, event: 'FINALIZED' },
    'by handing back': { by: 'ben', act: handsBack, event: 'HANDED_BACK' },
    'by a forced take-over': {
      by: 'ada',
      act: (by, conversationId) => does(by, TakeOverConversationDocument, { conversationId, force: true }),
      event: 'TAKEN_OVER',
    },
  };

  test.each(Object.entries(endings))('%s, before the event of that', async (_, { by, act, event }) => {
    const { ben, cleo, dana } = stage.cast;
    const { conversationId } = await offered(stage);
    await act(stage.cast[by], conversationId);
    expect(await sinceOffered(ben, conversationId)).toEqual(['TRANSFER_CANCELLED', event]);
    expect(await lastOffer(ben, conversationId)).toMatchObject({ status: 'CANCELLED', isShown: false });
    expect(await toldOf(cleo, conversationId)).toEqual(['TRANSFER_REQUESTED', 'TRANSFER_CANCELLED']);
    expect(await toldOf(ben, conversationId)).toEqual(event === 'TAKEN_OVER' ? ['TAKEN_OVER'] : []);
    expect((await timelineOf(dana, conversationId)).slice(2)).toEqual(['TAKEN_OVER', event]);
  });

  test('by the timer that resolves', async () => {
    const { app, cast } = stage;
    const { ben } = cast;
    await app.world.database.read(
      sql`update workspaces set auto_resolve_after_seconds = 300, transfer_timeout_seconds = 3000 where id = ${cast.acme}`,
    );
    const { conversationId } = await offered(stage);
    await says(ben, conversationId, 'Here it is.');
    app.clock.advance(301);
    await runTimers(app);
    await app.world.database.read(
      sql`update workspaces set auto_resolve_after_seconds = null, transfer_timeout_seconds = 300 where id = ${cast.acme}`,
    );
    expect(await sinceOffered(ben, conversationId)).toEqual(['Here it is.', 'TRANSFER_CANCELLED', 'RESOLVED']);
    expect(await actorsOf(app, conversationId, 'TRANSFER_CANCELLED')).toEqual(['SYSTEM']);
  });

  test('and nobody is told of it who did it: an admin who takes over what was offered to them', async () => {
    const { ada, ben } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    await offers(ben, conversationId, ada);
    await does(ada, TakeOverConversationDocument, { conversationId, force: true });
    expect(await toldOf(ada, conversationId)).toEqual(['TRANSFER_REQUESTED']);
    expect(await toldOf(ben, conversationId)).toEqual(['TAKEN_OVER']);
  });
});

test('a pending offer outlives messages, whispers, joins, and leaves of others', async () => {
  const { ada, ben, cleo, dana } = stage.cast;
  const { conversationId, transferId } = await offered(stage);
  await says(dana, conversationId, 'Hello?');
  await says(ben, conversationId, 'One moment.');
  await joins(ada, conversationId);
  await whispers(ada, conversationId, 'Cleo, please.');
  await leaves(ada, conversationId);
  await joins(cleo, conversationId);
  expect(await lastOffer(cleo, conversationId)).toMatchObject({ status: 'PENDING', isShown: true });
  await accepts(cleo, transferId);
});

describe('leaving', () => {
  test('declines the offer to whoever leaves, in it or not', async () => {
    const { ben, cleo } = stage.cast;
    const outside = await offered(stage);
    const { timelineEdges } = await leaves(cleo, outside.conversationId);
    expect(gists(timelineEdges)).toEqual(['TRANSFER_DECLINED']);
    expect(await lastOffer(cleo, outside.conversationId)).toMatchObject({ status: 'DECLINED', declineReason: null });
    const inside = await offered(stage);
    await joins(cleo, inside.conversationId);
    const left = await leaves(cleo, inside.conversationId);
    expect(gists(left.timelineEdges)).toEqual(['TRANSFER_DECLINED', 'LEFT']);
    for (const { conversationId } of [outside, inside])
      expect(await toldOf(ben, conversationId)).toEqual(['TRANSFER_DECLINED']);
  });

  test('twice changes nothing, nor does it of who never was in it', async () => {
    const { ada, cleo } = stage.cast;
    const { conversationId } = await offered(stage);
    await joins(cleo, conversationId);
    await leaves(cleo, conversationId);
    for (const one of [cleo, ada]) expect((await leaves(one, conversationId)).timelineEdges).toEqual([]);
  });

  test('is not the assignee’s while an offer is pending, and the giver’s once it is accepted', async () => {
    const { ben, cleo } = stage.cast;
    const { conversationId, transferId } = await offered(stage);
    expect((await stage.refusal(ben, LeaveConversationDocument, { conversationId })).code).toBe(
      'ASSIGNEE_MUST_TRANSFER',
    );
    await accepts(cleo, transferId);
    await leaves(ben, conversationId);
    expect((await stage.refusal(cleo, LeaveConversationDocument, { conversationId })).code).toBe(
      'ASSIGNEE_MUST_TRANSFER',
    );
  });
});

describe('an overdue offer', () => {
  /** The offer's time is up, and its job has not run yet. */
  async function overdue() {
    const one = await offered(stage);
    await stage.app.world.database.read(sql`update transfers set expires_at = created_at where id = ${one.transferId}`);
    return one;
  }

  test('reads as expired before anything is written; the job writes it once, and both are told', async () => {
    const { app, cast } = stage;
    const { ben, cleo } = cast;
    const { conversationId, transferId } = await offered(stage);
    app.clock.advance(301);
    expect(await lastOffer(ben, conversationId)).toMatchObject({ status: 'EXPIRED', isShown: false, answeredAt: null });
    const { viewer } = await cleo.ask(PendingTransfersDocument);
    expect(viewer.profile!.pendingTransfers).toEqual([]);
    expect(await cleo.ask(NodeDocument, { id: transferId })).toMatchObject({ node: { __typename: 'Transfer' } });
    expect(await sinceOffered(ben, conversationId)).toEqual([]);
    await runDueJobs(app);
    expect(await sinceOffered(ben, conversationId)).toEqual(['TRANSFER_EXPIRED']);
    expect(await actorsOf(app, conversationId, 'TRANSFER_EXPIRED')).toEqual(['SYSTEM']);
    expect(await toldOf(ben, conversationId)).toEqual(['TRANSFER_EXPIRED']);
    expect(await toldOf(cleo, conversationId)).toEqual(['TRANSFER_REQUESTED', 'TRANSFER_EXPIRED']);
  });

  test('is written down by whoever comes first, in the name of the system, before what they do', async () => {
    const { app, cast } = stage;
    const { dana, ben, cleo } = cast;
    const comers: [string, (id: string) => Promise<unknown>, string[]][] = [
      ['the customer writes', (id) => says(dana, id, 'Hello?'), ['Hello?']],
      ['the customer finalizes', (id) => finalizes(dana, id), ['FINALIZED']],
      ['the giver resolves', (id) => resolves(ben, id), ['RESOLVED']],
      ['the giver hands back', (id) => handsBack(ben, id), ['HANDED_BACK']],
      ['the target leaves', (id) => leaves(cleo, id), []],
      ['the giver offers again', (id) => offers(ben, id, cleo), ['TRANSFER_REQUESTED']],
      ['somebody joins', (id) => joins(cleo, id), ['JOINED']],
    ];
    for (const [what, come, events] of comers) {
      const { conversationId, transferId } = await overdue();
      await come(conversationId);
      await runDueJobs(app);
      const timeline = await timelineOf(ben, conversationId);
      expect(timeline.slice(4), what).toEqual(['TRANSFER_EXPIRED', ...events]);
      expect(await actorsOf(app, conversationId, 'TRANSFER_EXPIRED')).toEqual(['SYSTEM']);
      const { conversation } = await ben.ask(TransfersDocument, { id: conversationId, first: 1 });
      expect(conversation!.transfers!.edges[0]!.node).toMatchObject({ id: transferId, status: 'EXPIRED' });
      expect(await toldOf(ben, conversationId)).toEqual(['TRANSFER_EXPIRED']);
    }
  });

  test('is in nothing that the customer is answered who meets it first', async () => {
    const { dana } = stage.cast;
    const { conversationId } = await overdue();
    const { timelineEdges } = await does(dana, SendMessageDocument, { conversationId, text: 'Hello?' });
    expect(gists(timelineEdges)).toEqual(['Hello?']);
    const other = await overdue();
    const finalized = await does(dana, FinalizeConversationDocument, { conversationId: other.conversationId });
    expect(gists(finalized.timelineEdges)).toEqual(['FINALIZED']);
    const pending = await offered(stage);
    const cancelled = await does(dana, FinalizeConversationDocument, { conversationId: pending.conversationId });
    expect(gists(cancelled.timelineEdges)).toEqual(['FINALIZED']);
  });

  test('cannot be answered any more, and a call that is refused writes nothing', async () => {
    const { ben, cleo } = stage.cast;
    const { conversationId, transferId } = await overdue();
    const expired = { code: 'TRANSFER_NOT_PENDING', path: null, status: 'EXPIRED' };
    expect(await stage.refusal(cleo, AcceptTransferDocument, { transferId })).toMatchObject(expired);
    expect(await stage.refusal(cleo, DeclineTransferDocument, { transferId })).toMatchObject(expired);
    expect(await stage.refusal(ben, CancelTransferDocument, { transferId })).toMatchObject(expired);
    const { code } = await stage.refusal(cleo, ResolveConversationDocument, { conversationId });
    expect(code).toBe('NOT_ASSIGNEE');
    expect(await sinceOffered(ben, conversationId)).toEqual([]);
  });
});
