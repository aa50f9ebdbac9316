import { describe, expect, test } from 'vitest';
import {
  AcceptTransferDocument,
  DeactivateAgentDocument,
  NotificationAddedDocument,
  NotificationsDocument,
  PendingTransfersDocument,
  TransferConversationDocument,
  TransfersDocument,
} from '../operations/generated.js';
import { newPerson } from '../support/cast.js';
import { runDueJobs } from '../support/jobs.js';
import type { Person } from '../support/Person.js';
import { conversationOf, does, gists, newStage, timelineOf } from '../support/stories.js';

const stage = newStage();

const offers = (by: Person, conversationId: string, to: Person, more: object = {}) =>
  does(by, TransferConversationDocument, { conversationId, toAgentId: to.id, ...more });
const accepts = (by: Person, transferId: string) => does(by, AcceptTransferDocument, { transferId });
const toldOf = async (person: Person) => {
  const { notifications } = await person.ask(NotificationsDocument, { last: 20 });
  return notifications.edges.map(({ node }) => node);
};

describe('an offer', () => {
  test('leaves the giver in charge until it is accepted; then its target answers', async () => {
    const { dana, ben, cleo } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    const stream = cleo.follow(NotificationAddedDocument, { after: '' });
    const { transfer, timelineEdges } = await offers(ben, conversationId, cleo, { note: 'You know parcels.' });
    expect(transfer).toMatchObject({ status: 'PENDING', from: { id: ben.id }, to: { id: cleo.id } });
    expect(gists(timelineEdges)).toEqual(['TRANSFER_REQUESTED']);
    expect((await conversationOf(ben, conversationId)).assignee!.id).toBe(ben.id);
    const { viewer } = await cleo.ask(PendingTransfersDocument);
    expect(viewer.profile!.pendingTransfers.map(({ id }) => id)).toEqual([transfer!.id]);
    const told = await stream.next();
    expect(told.data!.notificationAdded.node).toMatchObject({
      kind: 'TRANSFER_REQUESTED',
      transfer: { id: transfer!.id },
      conversation: { id: conversationId },
      actor: { id: ben.id },
    });
    const accepted = await accepts(cleo, transfer!.id);
    expect(gists(accepted.timelineEdges)).toEqual(['TRANSFER_ACCEPTED', 'ASSIGNED']);
    expect((await conversationOf(dana, conversationId)).assignee!.id).toBe(cleo.id);
    expect(await timelineOf(dana, conversationId)).toEqual([
      'STARTED',
      'Where is my parcel?',
      'TAKEN_OVER',
      'ASSIGNED',
    ]);
    expect((await toldOf(ben)).at(-1)).toMatchObject({ kind: 'TRANSFER_ACCEPTED', actor: { id: cleo.id } });
    stream.stop();
  });

  test('that nobody answers expires by itself, once, and both are told', async () => {
    const { ben, cleo } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    await offers(ben, conversationId, cleo);
    stage.app.clock.advance(301);
    const { conversation } = await ben.ask(TransfersDocument, { id: conversationId });
    expect(conversation!.pendingTransfer).toBeNull();
    expect(conversation!.transfers!.edges[0]!.node.status).toBe('EXPIRED');
    expect(await timelineOf(ben, conversationId)).not.toContain('TRANSFER_EXPIRED');
    await runDueJobs(stage.app);
    const timeline = await timelineOf(ben, conversationId);
    expect(timeline.filter((gist) => gist === 'TRANSFER_EXPIRED')).toHaveLength(1);
    for (const one of [ben, cleo]) expect((await toldOf(one)).at(-1)).toMatchObject({ kind: 'TRANSFER_EXPIRED' });
  });
});

test('a deactivated agent’s conversations wait for somebody, and admins are told', async () => {
  const { app, cast } = stage;
  const finn = await newPerson(app, app.url, cast.acme, 'Finn', { kind: 'AGENT' });
  const conversationId = await stage.takenOverBy(finn);
  await offers(finn, conversationId, cast.cleo);
  await does(cast.ada, DeactivateAgentDocument, { agentId: finn.id });
  expect(await conversationOf(cast.ben, conversationId)).toMatchObject({ handling: 'UNATTENDED', assignee: null });
  expect((await timelineOf(cast.ben, conversationId)).slice(-2)).toEqual(['TRANSFER_CANCELLED', 'UNASSIGNED']);
  expect((await toldOf(cast.ada)).at(-1)).toMatchObject({ kind: 'UNATTENDED' });
  expect((await toldOf(cast.cleo)).at(-1)).toMatchObject({ kind: 'TRANSFER_CANCELLED' });
  expect((await finn.attempt('{ viewer { actor { id } } }')).status).toBe(401);
});
