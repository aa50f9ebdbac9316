import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Availability } from '../../src/entities/Presence.js';
import {
  AvailabilitiesDocument,
  ConversationUpdatedDocument,
  NodeDocument,
  NodesDocument,
  ProfileDocument,
  SetAvailabilityDocument,
} from '../operations/generated.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { newPerson } from '../support/cast.js';
import { eventually } from '../support/eventually.js';
import type { Person } from '../support/Person.js';
import { RawSocket } from '../support/RawSocket.js';
import { conversationOf, does, newStage, says } from '../support/stories.js';

// What is broken here on purpose would fill the log.
const stage = newStage({ LOG_LEVEL: 'silent' });

let other: TestApp;
beforeAll(async () => {
  other = await startTestApp({}, { databaseUrl: stage.app.databaseUrl });
});
afterAll(() => other.close());

/** On all nodes at once. */
function advance(seconds: number): void {
  stage.app.clock.advance(seconds);
  other.clock.advance(seconds);
}

const newAgent = () => newPerson(stage.app, stage.app.url, stage.cast.acme, 'Fay', { kind: 'AGENT', role: 'AGENT' });

const sets = (person: Person, availability: Availability) => does(person, SetAvailabilityDocument, { availability });

/** What a colleague sees of them now. */
async function availabilityOf({ id }: Person): Promise<unknown> {
  const { agents } = await stage.cast.ada.ask(AvailabilitiesDocument);
  return agents!.edges.find(({ node }) => node.id === id)?.node.availability;
}

/** Waits until colleagues see it: a socket waits for nothing that is written down of it. */
const shows = (person: Person, availability: Availability) =>
  eventually(
    () => availabilityOf(person),
    (seen) => seen === availability,
  );

/** A minute passes, and another one if their leaving was written down only during the first. */
const isGone = (person: Person) =>
  eventually(
    () => {
      advance(61);
      return availabilityOf(person);
    },
    (seen) => seen === 'OFFLINE',
  );

async function close(socket: RawSocket): Promise<void> {
  socket.drop();
  await socket.whenClosed();
}

describe('an agent', () => {
  test('who was never here is OFFLINE, with a socket ONLINE, and OFFLINE once they are gone for a minute', async () => {
    const fay = await newAgent();
    expect(await availabilityOf(fay)).toBe('OFFLINE');
    const socket = await RawSocket.of(fay, stage.app.url);
    await shows(fay, 'ONLINE');
    advance(61);
    await close(socket);
    // Their leaving is written down as their coming was.
    await shows(fay, 'ONLINE');
    advance(30);
    expect(await availabilityOf(fay)).toBe('ONLINE');
    await isGone(fay);
    const back = await RawSocket.of(fay, stage.app.url);
    await shows(fay, 'ONLINE');
    await close(back);
  });

  test('stays ONLINE for as long as a socket of theirs is open, whatever their others do', async () => {
    const fay = await newAgent();
    const sockets = await Promise.all([stage.app.url, stage.app.url].map((url) => RawSocket.of(fay, url)));
    await shows(fay, 'ONLINE');
    await close(sockets.pop()!);
    for (let minute = 0; minute < 3; minute++) {
      advance(61);
      await shows(fay, 'ONLINE');
    }
    await close(sockets.pop()!);
  });

  test('stays ONLINE while a socket of theirs is open at another node', async () => {
    const fay = await newAgent();
    const here = await RawSocket.of(fay, stage.app.url);
    const there = await RawSocket.of(fay, other.url);
    await shows(fay, 'ONLINE');
    await close(here);
    for (let minute = 0; minute < 3; minute++) {
      advance(61);
      await shows(fay, 'ONLINE');
    }
    await close(there);
    await isGone(fay);
  });

  test('whose node stops is ONLINE for the minute in which they come back elsewhere', async () => {
    const fay = await newAgent();
    const node = await startTestApp({}, { databaseUrl: stage.app.databaseUrl });
    node.clock.advance((stage.app.clock.now().getTime() - node.clock.now().getTime()) / 1000);
    const socket = await RawSocket.of(fay, node.url);
    await shows(fay, 'ONLINE');
    advance(61);
    node.clock.advance(61);
    await node.close();
    expect(await socket.whenClosed()).toMatchObject({ code: 1001 });
    expect(await availabilityOf(fay)).toBe('ONLINE');
  });

  test('is what they chose, is OFFLINE while they are gone, and is what they chose when they come back', async () => {
    const fay = await newAgent();
    const { profile } = await sets(fay, 'AWAY');
    expect(profile).toMatchObject({ availability: 'AWAY' });
    expect(await availabilityOf(fay)).toBe('AWAY');
    advance(61);
    expect(await availabilityOf(fay)).toBe('OFFLINE');
    expect((await fay.ask(ProfileDocument)).viewer.profile).toMatchObject({ availability: 'AWAY' });
    const socket = await RawSocket.of(fay, stage.app.url);
    await shows(fay, 'AWAY');
    await sets(fay, 'OFFLINE');
    expect(await availabilityOf(fay)).toBe('OFFLINE');
    await sets(fay, 'ONLINE');
    expect(await availabilityOf(fay)).toBe('ONLINE');
    await close(socket);
  });

  test('who chose OFFLINE stays it with a socket open', async () => {
    const fay = await newAgent();
    await sets(fay, 'OFFLINE');
    const fays = await RawSocket.of(fay, stage.app.url);
    const cleos = await RawSocket.of(stage.cast.cleo, stage.app.url);
    advance(61);
    // Both are written down in one statement.
    await shows(stage.cast.cleo, 'ONLINE');
    expect(await availabilityOf(fay)).toBe('OFFLINE');
    await Promise.all([close(fays), close(cleos)]);
  });

  test('is found among the agents by what they are now, page by page', async () => {
    const [one, two, three] = [await newAgent(), await newAgent(), await newAgent()];
    await Promise.all([sets(one, 'AWAY'), sets(two, 'ONLINE'), sets(three, 'AWAY')]);
    const idsOf = async (availability: Availability) => {
      const { agents } = await stage.cast.ada.ask(AvailabilitiesDocument, { availability });
      expect(agents!.edges.map(({ node }) => node.availability)).toEqual(agents!.edges.map(() => availability));
      return agents!.edges.map(({ node }) => node.id);
    };
    const fays = [one.id, two.id, three.id];
    expect((await idsOf('AWAY')).filter((id) => fays.includes(id)).sort()).toEqual([one.id, three.id].sort());
    expect((await idsOf('ONLINE')).filter((id) => fays.includes(id))).toEqual([two.id]);
    const first = await stage.cast.ada.ask(
      '{ agents(first: 1, availability: AWAY) { edges { cursor node { id } } pageInfo { hasNextPage } } }',
    );
    expect(first.agents.pageInfo.hasNextPage).toBe(true);
    advance(61);
    expect(await idsOf('OFFLINE')).toEqual(expect.arrayContaining(fays));
    expect(await idsOf('AWAY')).toEqual([]);
  });
});

describe('a profile', () => {
  test('is ONLINE at first, and has an id of its own', async () => {
    const fay = await newAgent();
    const { profile } = (await fay.ask(ProfileDocument)).viewer;
    expect(profile).toEqual({
      __typename: 'AgentProfile',
      id: fay.id.replace('agent_', 'prof_'),
      availability: 'ONLINE',
    });
  });

  test('is found by its id by its agent alone', async () => {
    const { ada, ben, bot, cleo, crm, dana, gus } = stage.cast;
    const { id } = (await ben.ask(ProfileDocument)).viewer.profile!;
    const { id: ofCleo } = (await cleo.ask(ProfileDocument)).viewer.profile!;
    expect((await ben.ask(NodeDocument, { id })).node).toEqual({ __typename: 'AgentProfile', id });
    expect((await ben.ask(NodesDocument, { ids: [ofCleo, id] })).nodes).toEqual([
      null,
      { __typename: 'AgentProfile', id },
    ]);
    for (const person of [ada, bot, cleo, crm, dana, gus]) {
      expect((await person.ask(NodeDocument, { id })).node, person.name).toBeNull();
    }
  });

  test('is null for whoever is not an agent', async () => {
    const { bot, crm, dana } = stage.cast;
    for (const person of [bot, crm, dana]) expect((await person.ask(ProfileDocument)).viewer.profile).toBeNull();
  });
});

describe('presence', () => {
  test('moves nothing that a customer can see', async () => {
    const { ben, dana } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    const forDana = dana.follow(ConversationUpdatedDocument, { conversationId });
    await forDana.next();
    const before = await conversationOf(dana, conversationId);
    const socket = await RawSocket.of(ben, stage.app.url);
    for (const availability of ['AWAY', 'OFFLINE', 'ONLINE'] as const) await sets(ben, availability);
    await shows(ben, 'ONLINE');
    expect(await conversationOf(dana, conversationId)).toEqual(before);
    await says(ben, conversationId, 'the marker');
    const { data } = await forDana.next();
    expect(data!.conversationUpdated.lastMessage).toMatchObject({ text: 'the marker' });
    await close(socket);
  });

  test('that cannot be written down now holds up no socket', async () => {
    const fay = await newAgent();
    const conversationId = await stage.startedBy(stage.cast.dana);
    const client = new Client({ connectionString: stage.app.databaseUrl });
    await client.connect();
    await client.query('begin');
    await client.query('lock table presences in access exclusive mode');
    for (let nr = 0; nr < 10; nr++) {
      const socket = await RawSocket.of(fay, stage.app.url);
      socket.subscribe('1', 'subscription ($id: ID!) { conversationUpdated(conversationId: $id) { id } }', {
        id: conversationId,
      });
      expect(await socket.frames.next()).toMatchObject({ type: 'next' });
      await close(socket);
    }
    await client.query('rollback');
    await client.end();
    await shows(fay, 'ONLINE');
  });
});
