import sql from 'sql-template-tag';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NotificationKind } from '../../src/entities/Notification.js';
import {
  MarkNotificationsReadDocument,
  NodeDocument,
  NotificationAddedDocument,
  NotificationPreferencesDocument,
  NotificationsDocument,
  RequestHumanDocument,
  SendMessageDocument,
  TakeOverConversationDocument,
  TransferConversationDocument,
  UpdateNotificationPreferencesDocument,
  WhisperDocument,
} from '../operations/generated.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { newPerson } from '../support/cast.js';
import { runDueJobs } from '../support/jobs.js';
import type { Person } from '../support/Person.js';
import { asksForHuman, does, joins, leaves, newStage, says, takesOver, whispers } from '../support/stories.js';
import { refusalOf, valueIn, valuesIn } from '../support/streams.js';
import { accepts, cancels, deactivates, declines, offered, offers, toldOf } from '../support/transfers.js';

const stage = newStage({ RATE_BURST: '1000000', LOG_LEVEL: 'silent' });
let other: TestApp;
beforeAll(async () => {
  other = await startTestApp({ LOG_LEVEL: 'silent' }, { databaseUrl: stage.app.databaseUrl, clock: stage.app.clock });
});
afterAll(() => other.close());

type Channel = 'IN_APP' | 'EMAIL' | 'WEB_PUSH';
const chooses = (person: Person, kind: NotificationKind, channels: Channel[]) =>
  does(person, UpdateNotificationPreferencesDocument, { preferences: [{ kind, channels }] });
const mentions = (person: Person, conversationId: string, ...people: Person[]) =>
  does(person, WhisperDocument, { conversationId, text: 'Look', mentionIds: people.map(({ id }) => id) });
const newAgent = (name: string) => newPerson(stage.app, stage.app.url, stage.cast.acme, name, { kind: 'AGENT' });

/** What all agents of Acme were told of this conversation, by whatever channel. */
async function everybodyTold(conversationId: string): Promise<string[]> {
  const rows = await stage.app.world.database.read<{ told: string }>(sql`
    select concat_ws(' ', a.display_name, n.kind, 'by', b.display_name) as told from notifications n
    join actors a on a.id = n.agent_id join actors b on b.id = n.actor_id
    where n.conversation_id = ${conversationId} order by n.agent_id, n.number`);
  return rows.map(({ told }) => told).toSorted();
}

/** A new agent who is told of `count` things: Ben whispers to them. */
async function toldAgent(count: number): Promise<Person> {
  const agent = await newAgent('Told');
  const conversationId = await stage.takenOverBy(stage.cast.ben);
  for (let nr = 0; nr < count; nr++) await mentions(stage.cast.ben, conversationId, agent);
  return agent;
}

const pageOf = async (person: Person, args: object = { first: 100 }) => {
  const { notifications } = await person.ask(NotificationsDocument, args);
  const { edges, pageInfo, unreadCount } = notifications;
  return {
    ids: edges.map(({ node }) => node.id),
    cursors: edges.map(({ cursor }) => cursor),
    unreadCount,
    ...pageInfo,
  };
};

describe('exactly these are told', () => {
  const stories: Record<string, { happens: () => Promise<string>; told: string[] }> = {
    'the target of an offer, of it': {
      happens: async () => (await offered(stage)).conversationId,
      told: ['Cleo TRANSFER_REQUESTED by Ben'],
    },
    'the giver, of its acceptance': {
      happens: async () => {
        const { conversationId, transferId } = await offered(stage, { leaveOnAccept: true });
        await accepts(stage.cast.cleo, transferId);
        return conversationId;
      },
      told: ['Ben TRANSFER_ACCEPTED by Cleo', 'Cleo TRANSFER_REQUESTED by Ben'],
    },
    'the giver, of a no': {
      happens: async () => {
        const { conversationId, transferId } = await offered(stage);
        await declines(stage.cast.cleo, transferId);
        return conversationId;
      },
      told: ['Ben TRANSFER_DECLINED by Cleo', 'Cleo TRANSFER_REQUESTED by Ben'],
    },
    'the target, of an admin’s cancelling': {
      happens: async () => {
        const { conversationId, transferId } = await offered(stage);
        await cancels(stage.cast.ada, transferId);
        return conversationId;
      },
      told: ['Cleo TRANSFER_CANCELLED by Ada', 'Cleo TRANSFER_REQUESTED by Ben'],
    },
    'both, of an expiry': {
      happens: async () => {
        const { conversationId } = await offered(stage);
        stage.app.clock.advance(301);
        await runDueJobs(stage.app);
        return conversationId;
      },
      told: ['Ben TRANSFER_EXPIRED by Parley', 'Cleo TRANSFER_EXPIRED by Parley', 'Cleo TRANSFER_REQUESTED by Ben'],
    },
    'whoever was mentioned, each once, but for the author': {
      happens: async () => {
        const { ben, cleo, ada } = stage.cast;
        const conversationId = await stage.takenOverBy(ben);
        await mentions(ben, conversationId, cleo, ben, cleo, ada);
        return conversationId;
      },
      told: ['Ada MENTIONED by Ben', 'Cleo MENTIONED by Ben'],
    },
    'the former assignee, of a forced take-over': {
      happens: async () => {
        const conversationId = await stage.takenOverBy(stage.cast.ben);
        await does(stage.cast.ada, TakeOverConversationDocument, { conversationId, force: true });
        return conversationId;
      },
      told: ['Ben TAKEN_OVER by Ada'],
    },
    'nobody, of what nobody chose: a call for a person, and messages': {
      happens: async () => {
        const { ben, dana } = stage.cast;
        const conversationId = await stage.waitingForHuman();
        await takesOver(ben, conversationId);
        await says(dana, conversationId, 'Hello?');
        return conversationId;
      },
      told: [],
    },
    'admins, of what a deactivation leaves behind': {
      happens: async () => {
        const finn = await newAgent('Finn');
        const conversationId = await stage.takenOverBy(finn);
        await deactivates(stage.cast.ada, finn);
        return conversationId;
      },
      told: ['Ada UNATTENDED by Parley'],
    },
  };
  test.each(Object.entries(stories))('%s', async (_, { happens, told }) => {
    expect(await everybodyTold(await happens())).toEqual(told);
  });

  test('whoever chose it, of a call for a person, by the customer or the AI agent, once', async () => {
    const { ben, cleo, ada, dana, bot } = stage.cast;
    await chooses(cleo, 'NEEDS_HUMAN', ['EMAIL']);
    await chooses(ada, 'NEEDS_HUMAN', ['IN_APP']);
    const gone = await newAgent('Gone');
    await chooses(gone, 'NEEDS_HUMAN', ['IN_APP']);
    await deactivates(ada, gone);
    const one = await stage.waitingForHuman();
    await asksForHuman(dana, one);
    expect(await everybodyTold(one)).toEqual(['Ada NEEDS_HUMAN by Dana', 'Cleo NEEDS_HUMAN by Dana']);
    const two = await stage.startedBy(dana);
    await does(bot, RequestHumanDocument, { conversationId: two, aiTurnId: await stage.turnOf(two) });
    const [first] = await everybodyTold(two);
    expect(first).toMatch(/^Ada NEEDS_HUMAN by /);
    expect(await toldOf(ada, two)).toEqual(['NEEDS_HUMAN']);
    // By mail alone is not in the app.
    expect(await toldOf(cleo, two)).toEqual([]);
    for (const one of [ada, cleo]) await chooses(one, 'NEEDS_HUMAN', []);
    expect(await everybodyTold(await stage.waitingForHuman())).toEqual([]);
    expect(await toldOf(ben, two)).toEqual([]);
  });

  test('participating agents who chose it, of messages by others, while they are in it', async () => {
    const { ada, ben, cleo, dana } = stage.cast;
    for (const one of [ada, ben, cleo]) await chooses(one, 'NEW_MESSAGE', ['IN_APP']);
    const id = await stage.takenOverBy(ben);
    await joins(cleo, id);
    await says(dana, id, 'Hello?');
    await says(ben, id, 'Yes?');
    await whispers(cleo, id, 'No message');
    await leaves(cleo, id);
    await says(dana, id, 'Where is it?');
    expect(await everybodyTold(id)).toEqual([
      'Ben NEW_MESSAGE by Dana',
      'Ben NEW_MESSAGE by Dana',
      'Cleo NEW_MESSAGE by Ben',
      'Cleo NEW_MESSAGE by Dana',
    ]);
    await chooses(ben, 'NEW_MESSAGE', []);
    await says(dana, id, 'Hello??');
    expect(await everybodyTold(id)).toHaveLength(4);
    for (const one of [ada, cleo]) await chooses(one, 'NEW_MESSAGE', []);
  });
});

describe('preferences', () => {
  const preferencesOf = async (person: Person) => {
    const { viewer } = await person.ask(NotificationPreferencesDocument);
    return Object.fromEntries(viewer.profile!.notificationPreferences.map(({ kind, channels }) => [kind, channels]));
  };

  test('hold the app for all kinds but two, whatever was chosen', async () => {
    const agent = await newAgent('Chooser');
    const first = await preferencesOf(agent);
    for (const [kind, channels] of Object.entries(first))
      expect(channels, kind).toEqual(['NEEDS_HUMAN', 'NEW_MESSAGE'].includes(kind) ? [] : ['IN_APP']);
    await chooses(agent, 'MENTIONED', ['WEB_PUSH', 'EMAIL', 'EMAIL']);
    await chooses(agent, 'TAKEN_OVER', []);
    await chooses(agent, 'NEW_MESSAGE', ['EMAIL']);
    expect(await preferencesOf(agent)).toEqual({
      ...first,
      MENTIONED: ['IN_APP', 'EMAIL', 'WEB_PUSH'],
      NEW_MESSAGE: ['EMAIL'],
    });
    const conversationId = await stage.takenOverBy(stage.cast.ben);
    await mentions(stage.cast.ben, conversationId, agent);
    const rows = await stage.app.world.database.read(
      sql`select channels from notifications where agent_id = ${agent.id}`,
    );
    expect(rows).toEqual([{ channels: ['IN_APP', 'EMAIL', 'WEB_PUSH'] }]);
  });

  test('of a kind that is named twice are refused, and are agents’ alone', async () => {
    const { ben, dana, crm } = stage.cast;
    const twice = { kind: 'MENTIONED', channels: ['EMAIL'] } as const;
    const refusal = await stage.refusal(ben, UpdateNotificationPreferencesDocument, {
      preferences: [
        { ...twice, channels: [...twice.channels] },
        { kind: 'MENTIONED', channels: [] },
      ],
    });
    expect(refusal).toMatchObject({ code: 'INVALID_INPUT', path: ['preferences'] });
    for (const person of [dana, crm])
      await stage.isForbidden(person, UpdateNotificationPreferencesDocument, { preferences: [] });
  });
});

describe('the list', () => {
  test('is paged both ways, oldest first, and can be of the unread alone', async () => {
    const agent = await toldAgent(7);
    const { ids, cursors, unreadCount } = await pageOf(agent);
    expect([ids.length, unreadCount]).toEqual([7, 7]);
    const first = await pageOf(agent, { first: 3 });
    expect(first).toMatchObject({ ids: ids.slice(0, 3), hasNextPage: true, endCursor: cursors[2], unreadCount: 7 });
    expect(await pageOf(agent, { first: 9, after: first.endCursor })).toMatchObject({
      ids: ids.slice(3),
      hasNextPage: false,
    });
    const last = await pageOf(agent, { last: 3 });
    expect(last).toMatchObject({ ids: ids.slice(4), hasPreviousPage: true, startCursor: cursors[4] });
    expect(await pageOf(agent, { last: 9, before: last.startCursor })).toMatchObject({
      ids: ids.slice(0, 4),
      hasPreviousPage: false,
    });
    await does(agent, MarkNotificationsReadDocument, { ids: [ids[1]!, ids[5]!] });
    const unread = ids.filter((_, nr) => nr !== 1 && nr !== 5);
    expect(await pageOf(agent, { first: 9, unreadOnly: true })).toMatchObject({ ids: unread, unreadCount: 5 });
    expect(await pageOf(agent, { last: 2, unreadOnly: true })).toMatchObject({ ids: unread.slice(-2) });
  });

  test('refuses cursors that are not of it', async () => {
    const { ben, cleo } = stage.cast;
    const agent = await toldAgent(1);
    const { cursors } = await pageOf(agent);
    for (const after of ['nonsense', cursors[0]!.slice(0, -2), Buffer.from('["n"]').toString('base64url')]) {
      const { errors } = await agent.attempt(NotificationsDocument, { first: 1, after });
      expect(errors[0]!.extensions.code).toBe('BAD_USER_INPUT');
    }
    for (const one of [ben, cleo]) {
      const { errors } = await one.attempt(NotificationsDocument, { first: 1, after: cursors[0] });
      expect(errors[0]!.extensions.code).toBe('BAD_USER_INPUT');
    }
  });

  test('is empty for who is no agent, who may neither follow it nor mark', async () => {
    const { dana, bot, crm, reader } = stage.cast;
    for (const person of [dana, bot, crm, reader]) {
      expect(await pageOf(person)).toMatchObject({ ids: [], unreadCount: 0 });
      expect(await refusalOf(person.follow(NotificationAddedDocument, { after: '' }))).toBe('FORBIDDEN');
      await stage.isForbidden(person, MarkNotificationsReadDocument, {});
    }
  });

  test('is its agent’s alone: nobody else finds anything of it by id', async () => {
    const { ada, ben, dana, crm, gus } = stage.cast;
    const agent = await toldAgent(1);
    const [id] = (await pageOf(agent)).ids;
    expect(await agent.ask(NodeDocument, { id: id! })).toEqual({ node: { __typename: 'Notification', id } });
    for (const person of [ada, ben, dana, crm, gus])
      expect(await person.ask(NodeDocument, { id: id! })).toEqual({ node: null });
  });
});

describe('marking as read', () => {
  const readOf = async (person: Person) => {
    const { notifications } = await person.ask(NotificationsDocument, { first: 100 });
    return notifications.edges.map(({ node }) => node.readAt !== null);
  };

  test('is of those named, of all up to one, or of all, and is never undone', async () => {
    const agent = await toldAgent(5);
    const { ids } = await pageOf(agent);
    const marks = (input: object) => does(agent, MarkNotificationsReadDocument, input);
    expect((await marks({ ids: [] })).unreadCount).toBe(5);
    expect((await marks({ ids: [ids[3]!, ids[3]!] })).unreadCount).toBe(4);
    expect(await readOf(agent)).toEqual([false, false, false, true, false]);
    expect((await marks({ upToId: ids[1] })).unreadCount).toBe(2);
    expect(await readOf(agent)).toEqual([true, true, false, true, false]);
    const { notifications } = await agent.ask(NotificationsDocument, { first: 1 });
    const { readAt } = notifications.edges[0]!.node;
    stage.app.clock.advance(5);
    expect((await marks({})).unreadCount).toBe(0);
    expect(await readOf(agent)).toEqual([true, true, true, true, true]);
    const again = await agent.ask(NotificationsDocument, { first: 1 });
    expect(again.notifications.edges[0]!.node.readAt).toBe(readAt);
  });

  test('of what is not theirs, or of two kinds at once, is refused and marks nothing', async () => {
    const { ben } = stage.cast;
    const agent = await toldAgent(2);
    const { ids } = await pageOf(agent);
    const stranger = await toldAgent(1);
    const theirs = (await pageOf(stranger)).ids[0]!;
    const nothing = stage.app.world.ids.next('ntf');
    for (const id of [theirs, nothing, '', 'x', `${ids[0]}\0`, ben.id]) {
      const upTo = await stage.refusal(agent, MarkNotificationsReadDocument, { upToId: id });
      expect(upTo, id).toMatchObject({ code: 'NOT_FOUND', path: ['upToId'] });
      const named = await stage.refusal(agent, MarkNotificationsReadDocument, { ids: [ids[0]!, id] });
      expect(named, id).toMatchObject({ code: 'NOT_FOUND', path: ['ids'] });
    }
    for (const both of [
      { upToId: ids[0]!, ids },
      { upToId: '', ids: [] },
    ])
      expect(await stage.refusal(agent, MarkNotificationsReadDocument, both)).toMatchObject({ code: 'INVALID_INPUT' });
  });
});

describe('the stream', () => {
  test('resumes after a cursor, from the first, or begins now; and refuses what is no cursor of it', async () => {
    const agent = await toldAgent(3);
    const { ids, cursors } = await pageOf(agent);
    const stranger = await toldAgent(1);
    const foreign = (await pageOf(stranger)).cursors[0]!;
    const [fromFirst, resumed, live] = [{ after: '' }, { after: cursors[1]! }, {}].map((variables) =>
      agent.follow(NotificationAddedDocument, variables),
    );
    expect((await valuesIn(fromFirst!, 3)).map(({ node, cursor }) => [node.id, cursor])).toEqual(
      ids.map((id, nr) => [id, cursors[nr]]),
    );
    expect((await valuesIn(resumed!, 1)).map(({ node }) => node.id)).toEqual(ids.slice(2));
    const conversationId = await stage.takenOverBy(stage.cast.ben);
    await mentions(stage.cast.ben, conversationId, agent);
    const newest = (await pageOf(agent, { last: 1 })).ids[0];
    expect(valueIn(await live!.next()).node.id).toBe(newest);
    expect((await valuesIn(fromFirst!, 4)).at(-1)!.node.id).toBe(newest);
    for (const stream of [fromFirst, resumed, live]) stream!.stop();
    const beyond = Buffer.from(JSON.stringify(['n', agent.id, 99])).toString('base64url');
    for (const after of ['nonsense', foreign, beyond, cursors[0]!.slice(1)])
      expect(await refusalOf(agent.follow(NotificationAddedDocument, { after })), after).toBe('BAD_USER_INPUT');
  });

  test('brings everything exactly once and in order, from writers at once, on two nodes', async () => {
    const { ada, ben, cleo } = stage.cast;
    const agent = await newAgent('Listener');
    const streams = [stage.app.url, other.url].map((url) =>
      agent.at(url).follow(NotificationAddedDocument, { after: '' }),
    );
    const conversations = await Promise.all(Array.from({ length: 6 }, () => stage.takenOverBy(ben)));
    await Promise.all(
      Array.from({ length: 48 }, (_, nr) => {
        const writer = [ada, ben, cleo][nr % 3]!;
        const at = nr % 2 ? writer.at(other.url) : writer;
        // Others are told in the same transactions, named in another order.
        const also = nr % 4 < 2 ? [agent, ada, cleo] : [cleo, ada, agent];
        return mentions(at, conversations[nr % 6]!, ...also);
      }),
    );
    const { ids } = await pageOf(agent);
    expect(new Set(ids).size).toBe(48);
    for (const stream of streams) {
      expect((await valuesIn(stream, 48)).map(({ node }) => node.id)).toEqual(ids);
      stream.stop();
    }
    const numbers = await stage.app.world.database.read<{ number: number }>(
      sql`select number::int from notifications where agent_id = ${agent.id} order by number`,
    );
    expect(numbers.map(({ number }) => number)).toEqual(ids.map((_, nr) => nr + 1));
  });
});

describe('written in the transaction of their cause', () => {
  test('there is none of a call that was refused, and none of a repeated one', async () => {
    const { ben, cleo, dana } = stage.cast;
    const { conversationId } = await offered(stage);
    await stage.refusal(ben, TransferConversationDocument, { conversationId, toAgentId: cleo.id });
    const input = { conversationId, text: 'Look', mentionIds: [cleo.id], idempotencyKey: crypto.randomUUID() };
    for (let nr = 0; nr < 3; nr++) await does(ben, WhisperDocument, input);
    expect(await everybodyTold(conversationId)).toEqual(['Cleo MENTIONED by Ben', 'Cleo TRANSFER_REQUESTED by Ben']);
    await does(dana, SendMessageDocument, { conversationId, text: 'Hello?' });
    expect(await everybodyTold(conversationId)).toHaveLength(2);
  });

  test('a failure while they are written takes their cause back', async () => {
    const { ben, cleo } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    const { database } = stage.app.world;
    await database.read(
      sql`alter table notifications add constraint broken check (kind <> 'TRANSFER_REQUESTED') not valid`,
    );
    const input = { conversationId, toAgentId: cleo.id };
    const { errors } = await ben.attempt(TransferConversationDocument, { input });
    await database.read(sql`alter table notifications drop constraint broken`);
    expect(errors[0]!.extensions.code).toBe('INTERNAL_SERVER_ERROR');
    expect(await database.read(sql`select id from transfers where conversation_id = ${conversationId}`)).toEqual([]);
    await offers(ben, conversationId, cleo);
  });
});
