import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  AddTicketCommentDocument,
  ConversationByUrlDocument,
  ConversationTicketsDocument,
  ConversationUpdatedDocument,
  CreateTicketDocument,
  type CreateTicketInput,
  DeactivateAgentDocument,
  NodeDocument,
  NotificationsDocument,
  TicketDocument,
  TicketOfEventDocument,
  TicketStoryDocument,
  TicketsDocument,
  type TicketsQueryVariables,
  UpdateTicketDocument,
  type UpdateTicketInput,
} from '../operations/generated.js';
import { newPerson } from '../support/cast.js';
import type { Person } from '../support/Person.js';
import { does, gists, listening, newStage, says, timelineOf, whispers } from '../support/stories.js';

const stage = newStage({ RATE_BURST: '1000000' });

/** An integration that may write tickets and read nothing, and one that may read them and no whispers. */
let writer: Person;
let auditor: Person;
beforeAll(async () => {
  const { app, cast } = stage;
  const integration = (name: string, scope: 'TICKETS_WRITE' | 'TICKETS_READ') =>
    newPerson(app, app.url, cast.acme, name, { kind: 'INTEGRATION', scopes: [scope] });
  [writer, auditor] = [await integration('Writer', 'TICKETS_WRITE'), await integration('Auditor', 'TICKETS_READ')];
});

const creates = async (by: Person, conversationId: string, more: Partial<CreateTicketInput> = {}) =>
  (await does(by, CreateTicketDocument, { conversationId, title: 'Lost parcel', ...more })).ticket!;
const updates = async (by: Person, ticketId: string, changes: Partial<UpdateTicketInput>) =>
  (await does(by, UpdateTicketDocument, { ticketId, ...changes })).ticket!;
const comments = (by: Person, ticketId: string, text: string) => does(by, AddTicketCommentDocument, { ticketId, text });
const toldOf = async (person: Person, kind: string) => {
  const { notifications } = await person.ask(NotificationsDocument, { last: 100 });
  return notifications.edges.map(({ node }) => node).filter((node) => node.kind === kind);
};
const listed = async (person: Person, variables: TicketsQueryVariables = {}) => {
  const { tickets } = await person.ask(TicketsDocument, { first: 100, ...variables });
  return tickets!.edges.map(({ node }) => node.id);
};
const historyOf = async (person: Person, number: number) => {
  const { ticket } = await person.ask(TicketStoryDocument, { number });
  return ticket!.history.edges.map(({ node: { field, from, to, actor } }) => [field, from, to, actor.id]);
};

describe('a ticket', () => {
  test('is made of a conversation, which says so to the team and lists it', async () => {
    const { dana, ben } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    const { ticket, timelineEdge, timelineEdges } = await does(ben, CreateTicketDocument, {
      conversationId,
      title: '  Lost parcel ',
      description: 'Ask the carrier.',
      priority: 'HIGH',
    });
    expect(ticket).toMatchObject({
      title: 'Lost parcel',
      description: 'Ask the carrier.',
      status: 'OPEN',
      priority: 'HIGH',
      createdBy: { id: ben.id },
      assignee: null,
      url: `${stage.app.url}/conversations/${conversationId}#ticket-${ticket!.number}`,
    });
    expect(gists(timelineEdges)).toEqual(['TICKET_CREATED']);
    const { node } = await ben.ask(TicketOfEventDocument, { id: timelineEdge!.node.id });
    expect(node).toEqual({ kind: 'TICKET_CREATED', ticket: { id: ticket!.id, number: ticket!.number } });
    const { conversation } = await ben.ask(ConversationTicketsDocument, { id: conversationId });
    expect(conversation!.tickets).toMatchObject({ totalCount: 1, edges: [{ node: ticket }] });
    expect(await ben.ask(TicketDocument, { number: ticket!.number })).toEqual({
      ticket: { ...ticket, conversation: { id: conversationId } },
    });
    expect(await timelineOf(dana, conversationId)).toEqual(['STARTED', 'Where is my parcel?', 'TAKEN_OVER']);
  });

  test.each([
    ['open', () => stage.startedBy(stage.cast.dana)],
    ['resolved', () => stage.resolvedBy(stage.cast.ben)],
    ['finalized', () => stage.finalizedBy(stage.cast.ben)],
  ])('can be made of a conversation that is %s, several times, and goes on living there', async (_, story) => {
    const { cleo } = stage.cast;
    const conversationId = await story();
    const [first, second] = [await creates(cleo, conversationId), await creates(cleo, conversationId)];
    expect(second.number).toBe(first.number + 1);
    expect(await updates(cleo, first.id, { status: 'CLOSED' })).toMatchObject({ status: 'CLOSED' });
    expect(await updates(cleo, first.id, { status: 'IN_PROGRESS' })).toMatchObject({ status: 'IN_PROGRESS' });
    await comments(cleo, second.id, 'Still here.');
  });

  test('makes nobody a participant, and moves nothing for the customer', async () => {
    const { dana, cleo } = stage.cast;
    const conversationId = await stage.takenOverBy(stage.cast.ben);
    const query = 'query ($id: ID!) { conversation(id: $id) { updatedAt unreadCount participants { actor { id } } } }';
    const before = await dana.raw(query, { id: conversationId });
    const heard = await listening(dana, conversationId);
    const ticket = await creates(cleo, conversationId, { assigneeId: cleo.id });
    await updates(cleo, ticket.id, { title: 'Found' });
    await comments(cleo, ticket.id, 'Good.');
    expect(await dana.raw(query, { id: conversationId })).toEqual(before);
    await says(dana, conversationId, 'marker');
    expect(await heard.until('marker')).toEqual([]);
  });
});

describe('numbers', () => {
  test('are consecutive under fifty creations at once, also past refused ones, in each workspace from one', async () => {
    const { ada, ben, cleo, gus, ivy } = stage.cast;
    const conversations = await Promise.all(Array.from({ length: 5 }, () => stage.startedBy(stage.cast.dana)));
    const last = (await creates(ben, conversations[0]!)).number;
    const abroad = await stage.startedBy(ivy);
    const [made] = await Promise.all([
      Promise.all(
        Array.from({ length: 50 }, (_, nr) =>
          creates([ada, ben, cleo][nr % 3]!, conversations[nr % 5]!, { title: `Case ${nr}` }),
        ),
      ),
      ...Array.from({ length: 10 }, (_, nr) =>
        ben.ask(CreateTicketDocument, { input: { conversationId: conversations[nr % 5]!, title: '' } }),
      ),
    ]);
    const expected = Array.from({ length: 50 }, (_, nr) => last + 1 + nr);
    expect(made.map(({ number }) => number).sort((a, b) => a - b)).toEqual(expected);
    const foreign = await creates(gus, abroad);
    expect(foreign.number).toBe(1);
    const { ticket } = await ben.ask(TicketDocument, { number: 1 });
    expect(ticket!.id).not.toBe(foreign.id);
    expect((await gus.ask(TicketDocument, { number: 1 })).ticket!.id).toBe(foreign.id);
    expect((await gus.ask(TicketDocument, { number: 2 })).ticket).toBeNull();
  });
});

describe('an assignee', () => {
  test('is told, by whoever assigns, but not by themself', async () => {
    const { ben, cleo } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    const before = (await toldOf(cleo, 'TICKET_ASSIGNED')).length;
    const ticket = await creates(ben, conversationId, { assigneeId: cleo.id });
    await updates(cleo, ticket.id, { assigneeId: null });
    await updates(cleo, ticket.id, { assigneeId: cleo.id });
    await updates(ben, ticket.id, { assigneeId: cleo.id, title: 'The same again' });
    const own = await creates(cleo, conversationId, { assigneeId: cleo.id });
    await updates(ben, own.id, { assigneeId: null });
    await updates(ben, own.id, { assigneeId: cleo.id });
    expect((await toldOf(cleo, 'TICKET_ASSIGNED')).slice(before)).toMatchObject([
      { ticket: { id: ticket.id }, conversation: { id: conversationId }, actor: { id: ben.id } },
      { ticket: { id: own.id }, conversation: { id: conversationId }, actor: { id: ben.id } },
    ]);
  });

  test('must be an active agent of the workspace', async () => {
    const { app, cast } = stage;
    const { ada, ben, dana, gus } = cast;
    const conversationId = await stage.takenOverBy(ben);
    const gone = await newPerson(app, app.url, cast.acme, 'Gone', { kind: 'AGENT' });
    await does(ada, DeactivateAgentDocument, { agentId: gone.id });
    const ticket = await creates(ben, conversationId);
    for (const assigneeId of [gone.id, gus.id, dana.id, app.world.ids.next('agent'), 'nonsense']) {
      for (const refused of [
        await stage.refusal(ben, CreateTicketDocument, { conversationId, title: 'For nobody', assigneeId }),
        await stage.refusal(ben, UpdateTicketDocument, { ticketId: ticket.id, assigneeId }),
      ]) {
        expect(refused).toMatchObject({ code: 'NOT_FOUND', path: ['assigneeId'] });
      }
    }
  });

  test('who was deactivated stays until another is named', async () => {
    const { app, cast } = stage;
    const finn = await newPerson(app, app.url, cast.acme, 'Finn', { kind: 'AGENT' });
    const ticket = await creates(cast.ben, await stage.takenOverBy(cast.ben), { assigneeId: finn.id });
    await does(cast.ada, DeactivateAgentDocument, { agentId: finn.id });
    const updated = await updates(cast.ben, ticket.id, { assigneeId: finn.id, status: 'SOLVED' });
    expect(updated).toMatchObject({ assignee: { id: finn.id }, status: 'SOLVED' });
  });
});

describe('a change', () => {
  test('of each field is one line of the history; what stays the same is none', async () => {
    const { ben, cleo } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    const ticket = await creates(ben, conversationId, { description: 'Ask.' });
    const timeline = await timelineOf(ben, conversationId);
    await updates(cleo, ticket.id, { title: 'Parcel found', status: 'SOLVED', priority: 'NORMAL' });
    await updates(ben, ticket.id, { title: 'Parcel found', description: null, assigneeId: ben.id });
    await updates(ben, ticket.id, { status: null, priority: null, title: null });
    expect(await historyOf(ben, ticket.number)).toEqual([
      ['title', 'Lost parcel', 'Parcel found', cleo.id],
      ['status', 'OPEN', 'SOLVED', cleo.id],
      ['description', 'Ask.', null, ben.id],
      ['assigneeId', null, ben.id, ben.id],
    ]);
    expect(await timelineOf(ben, conversationId)).toEqual(timeline);
  });

  test('by many at once loses nothing', async () => {
    const { ada, ben, cleo } = stage.cast;
    const ticket = await creates(ben, await stage.takenOverBy(ben));
    const people = [ada, ben, cleo];
    await Promise.all([
      ...Array.from({ length: 12 }, (_, nr) => updates(people[nr % 3]!, ticket.id, { title: `Title ${nr}` })),
      ...Array.from({ length: 12 }, (_, nr) => comments(people[nr % 3]!, ticket.id, `Comment ${nr}`)),
    ]);
    const history = await historyOf(ben, ticket.number);
    expect(history).toHaveLength(12);
    for (const [nr, [, from]] of history.entries()) expect(from).toBe(nr === 0 ? 'Lost parcel' : history[nr - 1]![2]);
    const { ticket: now } = await ben.ask(TicketDocument, { number: ticket.number });
    expect(now!.title).toBe(history.at(-1)![2]);
    const { ticket: story } = await ben.ask(TicketStoryDocument, { number: ticket.number, first: 100 });
    expect(new Set(story!.comments.edges.map(({ node }) => node.text)).size).toBe(12);
  });

  test('is noticed by whoever has the conversation on screen', async () => {
    const { ben, cleo } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    const stream = cleo.follow(ConversationUpdatedDocument, { conversationId });
    await stream.next();
    const ticket = await creates(ben, conversationId);
    await stream.next();
    await updates(ben, ticket.id, { status: 'CLOSED' });
    await stream.next();
    await comments(ben, ticket.id, 'Done.');
    expect((await stream.next()).data).toBeTruthy();
    stream.stop();
  });
});

test('comments are read page by page, oldest first, and found by their id', async () => {
  const { ben, cleo, dana } = stage.cast;
  const ticket = await creates(ben, await stage.takenOverBy(ben));
  const other = await creates(ben, await stage.takenOverBy(ben));
  const texts = Array.from({ length: 5 }, (_, nr) => `Comment ${nr}`);
  const ids = [];
  for (const text of texts) ids.push((await comments(cleo, ticket.id, text)).comment!.id);
  const read: string[] = [];
  let after: string | null = null;
  do {
    const { ticket: story }: any = await ben.ask(TicketStoryDocument, { number: ticket.number, first: 2, after });
    read.push(...story.comments.edges.map(({ node }: { node: { text: string } }) => node.text));
    after = story.comments.pageInfo.hasNextPage ? story.comments.pageInfo.endCursor : null;
  } while (after !== null);
  expect(read).toEqual(texts);
  expect(await ben.ask(NodeDocument, { id: ids[0]! })).toEqual({ node: { __typename: 'TicketComment', id: ids[0] } });
  expect(await dana.ask(NodeDocument, { id: ids[0]! })).toEqual({ node: null });
  const { ticket: story } = await ben.ask(TicketStoryDocument, { number: ticket.number, first: 1 });
  const cursor = story!.comments.edges[0]!.cursor;
  const { errors } = await ben.attempt(TicketStoryDocument, { number: other.number, after: cursor });
  expect(errors.map(({ extensions }) => extensions.code)).toEqual(['BAD_USER_INPUT']);
});

test('tickets are listed latest first, filtered and counted', async () => {
  const { ben, cleo } = stage.cast;
  const conversationId = await stage.takenOverBy(ben);
  const first = await creates(ben, conversationId, { priority: 'URGENT' });
  const second = await creates(ben, conversationId, { assigneeId: cleo.id });
  const third = await creates(ben, conversationId, { assigneeId: cleo.id, priority: 'URGENT' });
  await updates(ben, third.id, { status: 'SOLVED' });
  const filtered = (filter: TicketsQueryVariables['filter']) => listed(cleo, { filter: { conversationId, ...filter } });
  expect(await filtered({})).toEqual([third.id, second.id, first.id]);
  expect(await filtered({ status: ['OPEN'] })).toEqual([second.id, first.id]);
  expect(await filtered({ status: ['CLOSED', 'SOLVED'] })).toEqual([third.id]);
  expect(await filtered({ priority: ['URGENT'], assigneeId: cleo.id })).toEqual([third.id]);
  expect(await filtered({ assigneeId: 'nobody' })).toEqual([]);
  expect(await filtered({ status: [] })).toEqual([]);
  const page = await cleo.ask(TicketsDocument, { first: 2, filter: { conversationId } });
  expect(page.tickets).toMatchObject({ totalCount: 3, pageInfo: { hasNextPage: true } });
  const { endCursor } = page.tickets!.pageInfo;
  expect(await listed(cleo, { first: 2, after: endCursor, filter: { conversationId } })).toEqual([first.id]);
  expect(await listed(cleo, { first: null, last: 2, filter: { conversationId } })).toEqual([second.id, first.id]);
  expect((await listed(cleo, { first: 3 })).length).toBe(3);
  const { conversation } = await cleo.ask(ConversationTicketsDocument, { id: conversationId, first: 1 });
  expect(conversation!.tickets).toMatchObject({ totalCount: 3, edges: [{ node: { id: third.id } }] });
});

test('whether snapshots are intact is not asked of a whole list', async () => {
  const query = 'query ($first: Int) { tickets(first: $first) { edges { node { snapshot { intact } } } } }';
  const { errors } = await stage.cast.ben.attempt(query, { first: 100 });
  expect(errors.map(({ extensions }) => extensions.code)).toEqual(['QUERY_TOO_COMPLEX']);
  const { tickets } = await stage.cast.ben.ask(query, { first: 20 });
  for (const { node } of tickets.edges) expect(node.snapshot.intact).toBe(true);
});

describe('the same key', () => {
  test('makes one ticket, one change and one comment, also at once (F6)', async () => {
    const { ben, cleo } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    const input = { conversationId, title: 'Once', assigneeId: cleo.id, idempotencyKey: randomUUID() };
    const told = (await toldOf(cleo, 'TICKET_ASSIGNED')).length;
    const payloads = await Promise.all([1, 2, 3].map(() => does(ben, CreateTicketDocument, input)));
    const ticketId = payloads[0]!.ticket!.id;
    for (const payload of payloads) expect(payload).toEqual(payloads[0]);
    expect(await toldOf(cleo, 'TICKET_ASSIGNED')).toHaveLength(told + 1);
    const { conversation } = await ben.ask(ConversationTicketsDocument, { id: conversationId });
    expect(conversation!.tickets!.totalCount).toBe(1);
    const update = { ticketId, status: 'SOLVED' as const, idempotencyKey: randomUUID() };
    await Promise.all([1, 2].map(() => does(ben, UpdateTicketDocument, update)));
    await updates(ben, ticketId, { status: 'OPEN' });
    expect((await does(ben, UpdateTicketDocument, update)).ticket!.status).toBe('OPEN');
    const comment = { ticketId, text: 'Once', idempotencyKey: randomUUID() };
    const said = await Promise.all([1, 2].map(() => does(ben, AddTicketCommentDocument, comment)));
    expect(said[0]).toEqual(said[1]);
    expect(await historyOf(ben, payloads[0]!.ticket!.number)).toHaveLength(2);
    const reused = { ...comment, text: 'Twice' };
    expect(await stage.refusal(ben, AddTicketCommentDocument, reused)).toMatchObject({
      code: 'IDEMPOTENCY_KEY_REUSED',
    });
  });
});

describe('refused, with nothing written, is', () => {
  test.each([
    ['title', { title: ' ' }],
    ['title', { title: 'a'.repeat(201) }],
    ['title', { title: 'half \ud800' }],
    ['description', { description: 'a'.repeat(10_001) }],
    ['description', { description: 'NUL \0' }],
  ])('a %s that breaks a rule', async (path, wrong) => {
    const { ben } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    const ticket = await creates(ben, conversationId);
    for (const refused of [
      await stage.refusal(ben, CreateTicketDocument, { conversationId, title: 'Fine', ...wrong }),
      await stage.refusal(ben, UpdateTicketDocument, { ticketId: ticket.id, ...wrong }),
    ]) {
      expect(refused).toMatchObject({ code: 'INVALID_INPUT', path: [path] });
    }
  });

  test('a comment that says nothing', async () => {
    const ticket = await creates(stage.cast.ben, await stage.takenOverBy(stage.cast.ben));
    const refused = await stage.refusal(stage.cast.ben, AddTicketCommentDocument, { ticketId: ticket.id, text: '\n' });
    expect(refused).toMatchObject({ code: 'INVALID_INPUT', path: ['text'] });
  });

  test('what is about nothing, or about another workspace', async () => {
    const { app, cast } = stage;
    const ticket = await creates(cast.ben, await stage.takenOverBy(cast.ben));
    const abroad = await stage.startedBy(cast.ivy);
    const { ids } = app.world;
    for (const ticketId of [ids.next('tkt'), 'nonsense', ids.next('conv')]) {
      const input = { ticketId, text: 'Hm', title: 'Hm' };
      const refused = await stage.refusal(cast.ben, AddTicketCommentDocument, { ticketId, text: input.text });
      expect(refused).toMatchObject({ code: 'NOT_FOUND', path: ['ticketId'] });
    }
    expect(await stage.refusal(cast.gus, UpdateTicketDocument, { ticketId: ticket.id })).toMatchObject({
      code: 'NOT_FOUND',
      path: ['ticketId'],
    });
    const refused = await stage.refusal(cast.ben, CreateTicketDocument, { conversationId: abroad, title: 'Ours?' });
    expect(refused).toMatchObject({ code: 'NOT_FOUND', path: ['conversationId'] });
  });

  test('whatever a customer or an AI agent asks, or an integration without the scope', async () => {
    const { dana, bot, reader, ben } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    const { id: ticketId, number } = await creates(ben, conversationId);
    for (const person of [dana, bot, reader, auditor]) {
      await stage.isForbidden(person, CreateTicketDocument, { conversationId, title: 'Mine' });
      await stage.isForbidden(person, UpdateTicketDocument, { ticketId, title: 'Mine' });
      await stage.isForbidden(person, AddTicketCommentDocument, { ticketId, text: 'Mine' });
    }
    for (const person of [dana, bot, reader, writer]) {
      for (const [query, variables] of [
        ['query ($number: Int!) { ticket(number: $number) { id } }', { number }],
        ['query ($number: Int!) { ticket(number: $number) { id } }', { number: 999_999 }],
        ['{ tickets { totalCount } }', {}],
      ] as const) {
        const { errors } = await person.attempt(query, variables);
        expect(errors.map(({ extensions }) => extensions.code)).toEqual(['FORBIDDEN']);
      }
      expect(await person.ask(NodeDocument, { id: ticketId })).toEqual({ node: null });
    }
  });
});

describe('an integration', () => {
  test('that may only write tickets writes them, and is shown nothing', async () => {
    const { ben } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    const made = await does(writer, CreateTicketDocument, { conversationId, title: 'From outside' });
    expect(made).toEqual({ ticket: null, timelineEdge: null, timelineEdges: [], errors: [] });
    const { conversation } = await ben.ask(ConversationTicketsDocument, { id: conversationId });
    const ticket = conversation!.tickets!.edges[0]!.node;
    expect(ticket.createdBy).toEqual({ id: writer.id });
    await does(writer, UpdateTicketDocument, { ticketId: ticket.id, status: 'CLOSED' });
    await does(writer, AddTicketCommentDocument, { ticketId: ticket.id, text: 'Closed there too.' });
    expect(await historyOf(ben, ticket.number)).toEqual([['status', 'OPEN', 'CLOSED', writer.id]]);
  });

  test('that may only read tickets reads them, but not their conversations', async () => {
    const { ben } = stage.cast;
    const ticket = await creates(ben, await stage.takenOverBy(ben));
    expect(await listed(auditor)).toContain(ticket.id);
    const query = 'query ($number: Int!) { ticket(number: $number) { id conversation { id } } }';
    const { errors } = await auditor.attempt(query, { number: ticket.number });
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['FORBIDDEN']);
  });
});

describe('a pasted link', () => {
  test('leads to the conversation, for whoever may see it', async () => {
    const { dana, eli, ben, gus, bot } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    const link = `${stage.app.url}/conversations/${conversationId}`;
    const found = async (person: Person, url: string) =>
      (await person.ask(ConversationByUrlDocument, { url })).conversationByUrl?.id;
    for (const url of [link, `${link}/`, `${link}?from=mail#ticket-1`])
      expect(await found(ben, url)).toBe(conversationId);
    for (const person of [dana, bot]) expect(await found(person, link)).toBe(conversationId);
    for (const person of [eli, gus]) expect(await found(person, link)).toBeUndefined();
    for (const url of [`${link}/more`, link.replace('conv_', 'conv-'), 'https://elsewhere.test/', `${stage.app.url}/`])
      expect(await found(ben, url)).toBeUndefined();
  });

  test('that is no URL is BAD_USER_INPUT', async () => {
    const { errors } = await stage.cast.ben.attempt(ConversationByUrlDocument, { url: 'no link' });
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['BAD_USER_INPUT']);
  });
});

test('a whisper and a ticket at the same time both find their place', async () => {
  const { ben, cleo } = stage.cast;
  const conversationId = await stage.takenOverBy(ben);
  await Promise.all([creates(ben, conversationId), whispers(cleo, conversationId, 'Psst')]);
  const timeline = await timelineOf(ben, conversationId);
  expect(timeline.toSorted()).toEqual(
    ['STARTED', 'Where is my parcel?', 'TAKEN_OVER', 'JOINED', 'Psst', 'TICKET_CREATED'].toSorted(),
  );
});
