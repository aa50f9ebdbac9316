import sql from 'sql-template-tag';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Ring } from '../../src/live/Bells.js';
import { Typists } from '../../src/live/Typists.js';
import {
  ConversationUpdatedDocument,
  SetTypingDocument,
  TypingChangedDocument,
  type TypingChangedSubscription,
  UpdateWorkspaceDocument,
  WhisperDocument,
} from '../operations/generated.js';
import { startTestApp, type TestApp, TestClock } from '../support/app.js';
import { newPerson } from '../support/cast.js';
import { eventually } from '../support/eventually.js';
import type { Person } from '../support/Person.js';
import { asksForHuman, does, finalizes, newStage, says, takesOver, whispers } from '../support/stories.js';
import { refusalOf, spiedWatches, valueIn, viewerOf } from '../support/streams.js';

const watches = spiedWatches();
const stage = newStage();

let other: TestApp;
beforeAll(async () => {
  other = await startTestApp({}, { databaseUrl: stage.app.databaseUrl });
});
afterAll(() => other.close());

type Audience = 'EVERYONE' | 'TEAM';

const types = (person: Person, conversationId: string, audience: Audience = 'EVERYONE') =>
  does(person, SetTypingDocument, { conversationId, typing: true, audience });
const stops = (person: Person, conversationId: string, audience: Audience = 'EVERYONE') =>
  does(person, SetTypingDocument, { conversationId, typing: false, audience });

const gist = ({ actor, typing, audience }: TypingChangedSubscription['typingChanged']) =>
  `${actor.displayName} ${typing ? 'types' : 'stops'}${audience === 'TEAM' ? ' for the team' : ''}`;

/** A person's stream of who types, from the moment when the server has it. What is asked for after it is answered after. */
async function watching(person: Person, conversationId: string) {
  const stream = person.follow(TypingChangedDocument, { conversationId });
  const marker = person.follow(ConversationUpdatedDocument, { conversationId });
  await marker.next();
  marker.stop();
  return {
    hears: async () => gist(valueIn(await stream.next())),
    stop: () => stream.stop(),
    whenEnded: () => stream.whenEnded(),
  };
}

describe('typing', () => {
  test('of a customer is seen by agents, of a whisper by the team alone, of a message by everyone', async () => {
    const { ben, bot, cleo, dana } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    const [forBen, forCleo, forDana, forBot] = await Promise.all(
      [ben, cleo, dana, bot].map((person) => watching(person, conversationId)),
    );
    await types(dana, conversationId);
    expect(await forBen!.hears()).toBe('Dana types');
    expect(await forCleo!.hears()).toBe('Dana types');
    expect(await forBot!.hears()).toBe('Dana types');

    await types(ben, conversationId, 'TEAM');
    expect(await forCleo!.hears()).toBe('Ben types for the team');
    await stops(ben, conversationId, 'TEAM');
    expect(await forCleo!.hears()).toBe('Ben stops for the team');
    await types(ben, conversationId);
    expect(await forCleo!.hears()).toBe('Ben types');
    // The first frame that either of them gets.
    expect(await forDana!.hears()).toBe('Ben types');
    expect(await forBot!.hears()).toBe('Ben types');
  });

  test('is heard at every node', async () => {
    const { ben, dana } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    const forBen = await watching(ben.at(other.url), conversationId);
    await types(dana, conversationId);
    expect(await forBen.hears()).toBe('Dana types');
    await stops(dana, conversationId);
    expect(await forBen.hears()).toBe('Dana stops');
    forBen.stop();
  });

  test('is not told to whoever types, on any of their screens', async () => {
    const { ben, dana } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    const forBen = await watching(ben, conversationId);
    await types(ben, conversationId);
    await types(ben, conversationId, 'TEAM');
    await types(dana, conversationId);
    expect(await forBen.hears()).toBe('Dana types');
  });

  test('is told once however often it is said, and ends by itself', async () => {
    const { ben, cleo, dana } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    const forCleo = await watching(cleo, conversationId);
    await types(dana, conversationId);
    expect(await forCleo.hears()).toBe('Dana types');
    stage.app.clock.advance(4);
    await types(dana, conversationId);
    stage.app.clock.advance(4);
    await types(ben, conversationId);
    expect(await forCleo.hears()).toBe('Ben types');
    // Nothing more is said; the rest is waited for in real time.
    expect(await forCleo.hears()).toBe('Dana stops');
    expect(await forCleo.hears()).toBe('Ben stops');
  });

  test('ends when what was typed is there', async () => {
    const { ben, cleo, dana } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    const forCleo = await watching(cleo, conversationId);
    await types(dana, conversationId);
    await says(dana, conversationId, 'Hello?');
    // Whoever types later is heard later.
    await types(ben, conversationId, 'TEAM');
    expect(await forCleo.hears()).toBe('Dana types');
    expect(await forCleo.hears()).toBe('Dana stops');
    expect(await forCleo.hears()).toBe('Ben types for the team');
    await does(ben, WhisperDocument, { conversationId, text: 'A note', audience: 'SELF' });
    await types(dana, conversationId);
    expect(await forCleo.hears()).toBe('Dana types');
    await whispers(ben, conversationId, 'Psst');
    await types(ben, conversationId);
    expect(await forCleo.hears()).toBe('Ben stops for the team');
    expect(await forCleo.hears()).toBe('Ben types');
  });

  test('of an AI agent shows in its turn, and never after a take-over', async () => {
    const { ben, bot, dana } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    const forDana = await watching(dana, conversationId);
    const late: Ring[] = [];
    const deaf = stage.app.world.bells.hear((ring) => {
      if (ring.about === 'typing' && ring.actorId === bot.id) late.push(ring);
    });
    await types(bot, conversationId);
    deaf();
    expect(await forDana.hears()).toBe('Acme Bot types');
    await takesOver(ben, conversationId);
    expect(await forDana.hears()).toBe('Acme Bot stops');
    // One that was on its way meanwhile, and one that it asks for now.
    stage.app.world.bells.ring(late);
    await types(bot, conversationId);
    await types(ben, conversationId);
    expect(await forDana.hears()).toBe('Ben types');
    expect(late).toHaveLength(1);
  });

  test('is ignored where the caller could not send', async () => {
    const { ada, ben, bot, cleo, dana } = stage.cast;
    const answeredByAi = await stage.startedBy(dana);
    const forCleo = await watching(cleo, answeredByAi);
    await types(ben, answeredByAi);
    await types(ben, answeredByAi, 'TEAM');
    expect(await forCleo.hears()).toBe('Ben types for the team');

    const waiting = await stage.startedBy(dana);
    await asksForHuman(dana, waiting);
    const forDana = await watching(dana, waiting);
    await types(bot, waiting);
    await types(ben, waiting);
    await takesOver(ben, waiting);
    await does(ada, UpdateWorkspaceDocument, { replyPolicy: 'ASSIGNEE_ONLY' });
    await types(cleo, waiting);
    await types(ben, waiting);
    expect(await forDana.hears()).toBe('Ben types');
    await does(ada, UpdateWorkspaceDocument, { replyPolicy: 'PARTICIPANTS' });
    await types(cleo, waiting);
    expect(await forDana.hears()).toBe('Cleo types');

    const over = await stage.takenOverBy(ben);
    const forBen = await watching(ben, over);
    await finalizes(ben, over);
    const rung: Ring[] = [];
    const deaf = stage.app.world.bells.hear((ring) => rung.push(ring));
    await types(dana, over);
    await types(cleo, over, 'TEAM');
    deaf();
    expect(rung.filter(({ about }) => about === 'typing')).toEqual([]);
    forBen.stop();
  });

  test('writes nothing', async () => {
    const { ben, dana } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    const before = await stage.everythingWritten();
    await types(dana, conversationId);
    await types(ben, conversationId);
    await types(ben, conversationId, 'TEAM');
    await stops(dana, conversationId);
    expect(await stage.everythingWritten()).toEqual(before);
  });

  test('goes in as many notices as it takes, whoever types at once', async () => {
    const conversationId = await stage.startedBy(stage.cast.dana);
    const rings = Array.from({ length: 300 }, (): Ring => {
      const actorId = stage.app.world.ids.next('agent');
      return { about: 'typing', conversationId, actorId, audience: 'EVERYONE', typing: true, handlingEpoch: 1e15 };
    });
    const heard: Ring[] = [];
    const deaf = other.world.bells.hear((ring) => heard.push(ring));
    stage.app.world.bells.ring(rings);
    await eventually(
      () => heard.filter((ring) => ring.about === 'typing' && ring.typing).length,
      (count) => count === rings.length,
    );
    deaf();
    expect(heard).toEqual(expect.arrayContaining(rings));
  });

  test('that a client is too slow to hear is kept as the latest of each actor and audience', async () => {
    const { ben, cleo, dana } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    const typists = new Typists(await viewerOf(stage.app, cleo), new TestClock());
    const base = { about: 'typing', conversationId, handlingEpoch: null } as const;
    for (let nr = 0; nr < 1000; nr++) {
      const typing = nr % 2 === 0;
      typists.hear({ ...base, actorId: dana.id, audience: 'EVERYONE', typing: !typing });
      typists.hear({ ...base, actorId: ben.id, audience: 'EVERYONE', typing });
      typists.hear({ ...base, actorId: ben.id, audience: 'TEAM', typing: !typing });
    }
    const told = [];
    for (let next = typists.next(0); next !== null; next = typists.next(0)) told.push([next.actorId, next.audience]);
    expect(told.sort()).toEqual(
      [
        [ben.id, 'TEAM'],
        [dana.id, 'EVERYONE'],
      ].sort(),
    );
  });
});

describe('who may not', () => {
  test('see the conversation types nowhere, the same as where there is none', async () => {
    const { ben, dana, eli, globot, gus, ivy } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    for (const id of [conversationId, stage.app.world.ids.next('conv'), 'nonsense', dana.id]) {
      for (const stranger of [eli, ivy, gus, globot]) {
        const refusal = await stage.refusal(stranger, SetTypingDocument, { conversationId: id, typing: true });
        expect(refusal).toMatchObject({ code: 'NOT_FOUND', path: ['conversationId'] });
        expect(await refusalOf(stranger.follow(TypingChangedDocument, { conversationId: id }))).toBe('NOT_FOUND');
      }
    }
  });

  test('whisper may not type for the team, whatever the conversation', async () => {
    const { ben, bot, dana } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    for (const id of [conversationId, stage.app.world.ids.next('conv')]) {
      for (const person of [dana, bot]) {
        await stage.isForbidden(person, SetTypingDocument, { conversationId: id, typing: true, audience: 'TEAM' });
      }
    }
  });

  test('follow any longer hears the end', async () => {
    const { app, cast } = stage;
    const conversationId = await stage.takenOverBy(cast.ben);
    const fay = await newPerson(app, app.url, cast.acme, 'Fay', { kind: 'AGENT', role: 'AGENT' });
    const forFay = await watching(fay, conversationId);
    await app.world.database.read(sql`update actors set active = false where id = ${fay.id}`);
    app.world.bells.ring([{ about: 'standing', actorId: fay.id }]);
    await forFay.whenEnded();

    const forBot = await watching(cast.bot, conversationId);
    await app.world.database.read(sql`update conversations set ai_agent_id = null where id = ${conversationId}`);
    await types(cast.dana, conversationId);
    expect(await forBot.whenEnded()).toBeNull();
    await fay.leave();
  });
});

test('streams that are over leave nothing behind', async () => {
  await stage.cast.leave();
  const none = await eventually(
    () => watches.count,
    (count) => count === 0,
  );
  expect(none).toBe(0);
});
