import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  AcceptTransferDocument,
  CancelTransferDocument,
  DeclineTransferDocument,
  JoinConversationDocument,
  NodeDocument,
  TransferConversationDocument,
  TransfersDocument,
  UpdateWorkspaceDocument,
} from '../operations/generated.js';
import { newPerson } from '../support/cast.js';
import type { Person } from '../support/Person.js';
import { does, finalizes, handsBack, newStage, reopens, resolves } from '../support/stories.js';
import { accepts, cancels, deactivates, declines, lastOffer, offered, offers } from '../support/transfers.js';

const stage = newStage();

const answers = [AcceptTransferDocument, DeclineTransferDocument, CancelTransferDocument] as const;
/** Any of the three, which take the same input. */
type Answer = typeof AcceptTransferDocument;
const refusalOf = (person: Person, answer: (typeof answers)[number], transferId: string, more: object = {}) =>
  stage.refusal(person, answer as Answer, { transferId, ...more });

async function usedKey(person: Person): Promise<string> {
  const idempotencyKey = randomUUID();
  const conversationId = await stage.startedBy(stage.cast.dana);
  await does(person, JoinConversationDocument, { conversationId, idempotencyKey });
  return idempotencyKey;
}

const newAgent = (name: string) => newPerson(stage.app, stage.app.url, stage.cast.acme, name, { kind: 'AGENT' });

describe('an offer is refused', () => {
  test('to every role but agents, whatever the data', async () => {
    const { dana, bot, crm, cleo } = stage.cast;
    for (const person of [dana, bot, crm]) {
      const input = { conversationId: 'x', toAgentId: cleo.id, note: '\0' };
      await stage.isForbidden(person, TransferConversationDocument, input);
      for (const answer of answers) await stage.isForbidden(person, answer as Answer, { transferId: 'x' });
    }
  });

  test('by the first of what applies, in the order of the contract', async () => {
    const { app, cast } = stage;
    const { ada, ben, cleo, dana, gus } = cast;
    const gone = await newAgent('Gone');
    await deactivates(ada, gone);
    const [pending, resolved, finalized] = [
      await offered(stage),
      await stage.resolvedBy(ben),
      await stage.finalizedBy(ben),
    ];
    const ofAi = await stage.startedBy(dana);
    const waiting = await stage.waitingForHuman();
    const idempotencyKey = await usedKey(cleo);
    const nowhere = app.world.ids.next('conv');
    const long = 'x'.repeat(10_001);
    // Each line adds nothing to the next but what is named: the rest of it is wrong too.
    const lines: [Person, object, string, string[] | null][] = [
      [cleo, { conversationId: nowhere, toAgentId: 'x', note: long, idempotencyKey }, 'NOT_FOUND', ['conversationId']],
      [
        cleo,
        { conversationId: finalized, toAgentId: gone.id, note: long, idempotencyKey },
        'IDEMPOTENCY_KEY_REUSED',
        ['idempotencyKey'],
      ],
      [cleo, { conversationId: finalized, toAgentId: 'x', note: long }, 'NOT_FOUND', ['toAgentId']],
      [cleo, { conversationId: finalized, toAgentId: gus.id, note: long }, 'NOT_FOUND', ['toAgentId']],
      [cleo, { conversationId: finalized, toAgentId: dana.id, note: long }, 'NOT_FOUND', ['toAgentId']],
      [cleo, { conversationId: finalized, toAgentId: gone.id, note: long }, 'INVALID_INPUT', ['note']],
      [cleo, { conversationId: finalized, toAgentId: gone.id, note: 'a\0' }, 'INVALID_INPUT', ['note']],
      [cleo, { conversationId: finalized, toAgentId: gone.id }, 'CONVERSATION_FINALIZED', null],
      [cleo, { conversationId: resolved, toAgentId: gone.id }, 'CONVERSATION_NOT_OPEN', null],
      [cleo, { conversationId: ofAi, toAgentId: gone.id }, 'TAKE_OVER_REQUIRED', null],
      [cleo, { conversationId: waiting, toAgentId: gone.id }, 'TAKE_OVER_REQUIRED', null],
      [cleo, { conversationId: pending.conversationId, toAgentId: gone.id }, 'NOT_ASSIGNEE', null],
      [ben, { conversationId: pending.conversationId, toAgentId: gone.id }, 'TRANSFER_PENDING', null],
      [ada, { conversationId: pending.conversationId, toAgentId: ben.id }, 'TRANSFER_PENDING', null],
    ];
    for (const [person, input, code, path] of lines)
      expect(await stage.refusal(person, TransferConversationDocument, input as never), code).toMatchObject({
        code,
        path,
      });
    await cancels(ben, pending.transferId);
    const { conversationId } = pending;
    for (const [person, target] of [
      [ben, gone],
      [ben, ben],
      [ada, ben],
    ] as const) {
      const refusal = await stage.refusal(person, TransferConversationDocument, {
        conversationId,
        toAgentId: target.id,
      });
      expect(refusal).toMatchObject({ code: 'TRANSFER_TARGET_UNAVAILABLE', path: null });
    }
  });
});

describe('an answer is refused', () => {
  test('by the first of what applies, in the order of the contract', async () => {
    const { app, cast } = stage;
    const { ada, ben, cleo, gus } = cast;
    const idempotencyKey = await usedKey(ada);
    const nowhere = app.world.ids.next('xfer');
    const pending = await offered(stage);
    const ended = await offered(stage);
    await declines(cleo, ended.transferId);
    const resolved = await offered(stage);
    await resolves(ben, resolved.conversationId);
    const finalized = await offered(stage);
    await finalizes(ben, finalized.conversationId);
    for (const answer of answers) {
      const reason = answer === DeclineTransferDocument ? { reason: 'x'.repeat(10_001) } : {};
      const refused = async (person: Person, id: string, more: object, code: string, path: string[] | null) =>
        expect(await refusalOf(person, answer, id, more), code).toMatchObject({ code, path });
      await refused(ada, nowhere, { ...reason, idempotencyKey }, 'NOT_FOUND', ['transferId']);
      await refused(gus, pending.transferId, reason, 'NOT_FOUND', ['transferId']);
      await refused(ada, finalized.transferId, { ...reason, idempotencyKey }, 'IDEMPOTENCY_KEY_REUSED', [
        'idempotencyKey',
      ]);
      if (reason.reason) await refused(ada, finalized.transferId, reason, 'INVALID_INPUT', ['reason']);
      await refused(ada, finalized.transferId, {}, 'CONVERSATION_FINALIZED', null);
      await refused(ada, resolved.transferId, {}, 'CONVERSATION_NOT_OPEN', null);
      const isCancel = answer === CancelTransferDocument;
      for (const { transferId } of [pending, ended]) {
        if (isCancel) await refused(cleo, transferId, {}, 'NOT_ASSIGNEE', null);
        else for (const one of [ada, ben]) await refused(one, transferId, {}, 'FORBIDDEN', ['transferId']);
      }
      const refusal = await refusalOf(isCancel ? ben : cleo, answer, ended.transferId);
      expect(refusal).toMatchObject({ code: 'TRANSFER_NOT_PENDING', path: null, status: 'DECLINED' });
    }
    expect(await lastOffer(ben, pending.conversationId)).toMatchObject({ status: 'PENDING' });
  });

  test('with the state that the offer ended in', async () => {
    const { ada, ben, cleo } = stage.cast;
    const endings: Record<string, (one: { conversationId: string; transferId: string }) => Promise<unknown>> = {
      ACCEPTED: ({ transferId }) => accepts(cleo, transferId),
      DECLINED: ({ transferId }) => declines(cleo, transferId),
      CANCELLED: ({ transferId }) => cancels(ada, transferId),
      EXPIRED: async () => stage.app.clock.advance(301),
    };
    for (const [status, end] of Object.entries(endings)) {
      const one = await offered(stage);
      await end(one);
      const by = status === 'ACCEPTED' ? cleo : ben;
      expect(await refusalOf(cleo, AcceptTransferDocument, one.transferId)).toMatchObject({ status });
      expect(await refusalOf(cleo, DeclineTransferDocument, one.transferId)).toMatchObject({ status });
      expect(await refusalOf(by, CancelTransferDocument, one.transferId)).toMatchObject({ status });
    }
  });

  test('after a resolved conversation is open again, because it was cancelled', async () => {
    const { ben, cleo } = stage.cast;
    const { conversationId, transferId } = await offered(stage);
    await resolves(ben, conversationId);
    await reopens(ben, conversationId);
    expect(await refusalOf(cleo, AcceptTransferDocument, transferId)).toMatchObject({ status: 'CANCELLED' });
    await handsBack(ben, conversationId);
    expect((await refusalOf(cleo, CancelTransferDocument, transferId)).code).toBe('TRANSFER_NOT_PENDING');
  });
});

describe('an offer is there', () => {
  test('for the team, and nobody else, by its id', async () => {
    const { ada, ben, cleo, crm, reader, dana, eli, bot, gus, ivy } = stage.cast;
    const { conversationId, transferId } = await offered(stage, { note: 'Secret' });
    for (const person of [ada, ben, cleo, crm, reader])
      expect(await person.ask(NodeDocument, { id: transferId })).toEqual({
        node: { __typename: 'Transfer', id: transferId },
      });
    for (const person of [dana, eli, bot, gus, ivy])
      expect(await person.ask(NodeDocument, { id: transferId })).toEqual({ node: null });
    const { errors } = await reader.attempt(TransfersDocument, { id: conversationId, first: 1 });
    expect(new Set(errors.map(({ extensions, path }) => `${extensions.code} ${path!.at(-1)}`))).toEqual(
      new Set(['FORBIDDEN note', 'FORBIDDEN declineReason']),
    );
    const customers = await dana.attempt(TransfersDocument, { id: conversationId, first: 1 });
    expect(customers.errors.map(({ extensions, path }) => `${extensions.code} ${path!.at(-1)}`)).toEqual([
      'FORBIDDEN pendingTransfer',
      'FORBIDDEN transfers',
    ]);
  });

  test('in pages, both ways', async () => {
    const { ben, cleo } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    const ids: string[] = [];
    for (let nr = 0; nr < 5; nr++) {
      ids.push(await offers(ben, conversationId, cleo));
      await cancels(ben, ids.at(-1)!);
    }
    const page = async (args: object) => {
      const { conversation } = await ben.ask(TransfersDocument, { id: conversationId, ...args });
      const { edges, pageInfo } = conversation!.transfers!;
      return { ids: edges.map(({ node }) => node.id), ...pageInfo };
    };
    const first = await page({ first: 2 });
    expect(first).toMatchObject({ ids: ids.slice(0, 2), hasNextPage: true });
    expect(await page({ first: 9, after: first.endCursor })).toMatchObject({ ids: ids.slice(2), hasNextPage: false });
    const last = await page({ last: 2 });
    expect(last).toMatchObject({ ids: ids.slice(3), hasPreviousPage: true });
    expect(await page({ last: 9, before: last.startCursor })).toMatchObject({
      ids: ids.slice(0, 3),
      hasPreviousPage: false,
    });
  });
});

describe('the time that an offer lasts', () => {
  test('is the workspace’s from 30 to 86,400 seconds, as it was when the offer was made', async () => {
    const { ada, ben } = stage.cast;
    for (const transferTimeoutSeconds of [29, 86_401, 0, -1]) {
      const refusal = await stage.refusal(ada, UpdateWorkspaceDocument, { transferTimeoutSeconds });
      expect(refusal).toMatchObject({ code: 'INVALID_INPUT', path: ['transferTimeoutSeconds'] });
    }
    await stage.isForbidden(ben, UpdateWorkspaceDocument, { transferTimeoutSeconds: 60 });
    const lasts = async (id: string) => {
      const { createdAt, expiresAt } = await lastOffer(ben, id);
      return (new Date(expiresAt).getTime() - new Date(createdAt).getTime()) / 1000;
    };
    await does(ada, UpdateWorkspaceDocument, { transferTimeoutSeconds: 86_400 });
    const { conversationId } = await offered(stage);
    await does(ada, UpdateWorkspaceDocument, { transferTimeoutSeconds: 30 });
    expect(await lasts((await offered(stage)).conversationId)).toBe(30);
    expect(await lasts(conversationId)).toBe(86_400);
    await does(ada, UpdateWorkspaceDocument, { transferTimeoutSeconds: 300 });
  });
});
