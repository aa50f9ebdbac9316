import sql from 'sql-template-tag';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  FollowTranslatedDocument,
  ReadInDocument,
  ReadTranslatedDocument,
  UpdateProfileDocument,
  UpdateTranslateWhispersDocument,
} from '../operations/generated.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { castOf, newPerson } from '../support/cast.js';
import { eventually } from '../support/eventually.js';
import { garbage } from '../support/FakeEngine.js';
import { FakeLibreTranslate } from '../support/FakeLibreTranslate.js';
import type { Person } from '../support/Person.js';
import { does, finalizes, resolves, Stage, says, takesOver, whispers } from '../support/stories.js';

const stage = new Stage();
let engine: FakeLibreTranslate;
/** A node of the same database whose readers wait for no engine. It has breakers of its own, and so has all the trouble. */
let impatient: TestApp;
let settings: Record<string, string>;

beforeAll(async () => {
  engine = await FakeLibreTranslate.start();
  settings = { TRANSLATION_ENGINE: 'libretranslate', TRANSLATION_URL: engine.engine.url, RATE_BURST: '2000000000' };
  stage.app = await startTestApp(settings, { translation: { readerMs: 20_000 } });
  stage.cast = await castOf(stage.app);
  const { databaseUrl } = stage.app;
  impatient = await startTestApp(settings, { translation: { readerMs: 100, pauseMs: 200 }, databaseUrl });
});
afterAll(async () => {
  await stage.cast.leave();
  await impatient.close();
  await stage.app.close();
  await engine.engine.stop();
});
afterEach(() => {
  engine.gate = Promise.resolve();
  engine.engine.trouble = null;
  engine.engine.asked.length = 0;
});

const question = 'Where is my parcel, please?';

async function readIn(person: Person, id: string, to: string) {
  const { conversation } = await person.ask(ReadInDocument, { id, to });
  return conversation!.timeline.edges.map(({ node }) => node).filter((node) => 'text' in node);
}
const statusesIn = async (person: Person, id: string, to: string) =>
  (await readIn(person, id, to)).map(({ translation }) => translation!.status);

async function readTranslated(person: Person, id: string) {
  const { conversation } = await person.ask(ReadTranslatedDocument, { id });
  return conversation!.timeline.edges.map(({ node }) => node).filter((node) => 'text' in node);
}

/** One more agent of Acme, who reads this language. */
async function agentWhoReads(language: string): Promise<Person> {
  const { app, cast } = stage;
  const agent = await newPerson(app, app.url, cast.acme, `Reader of ${language}`, { kind: 'AGENT' });
  await does(agent, UpdateProfileDocument, { preferredLanguage: language });
  return agent;
}

/** A conversation of Dana's in which this many different messages stand that nobody has translated yet. */
async function conversationOf(count: number): Promise<string> {
  const { dana } = stage.cast;
  const tag = Math.random().toString(36).slice(2);
  const id = await stage.startedBy(dana, `The first message of conversation ${tag}`);
  for (let nr = 1; nr < count; nr++) await says(dana, id, `This is message number ${nr} of conversation ${tag}`);
  return id;
}

describe('the language of a text is told when it is written:', () => {
  test.each([
    ['en', 'Where is my parcel, please?'],
    ['es', '¿Dónde está mi paquete, por favor?'],
    ['de', 'Wo ist mein Paket geblieben?'],
    ['fr', 'Où est donc passé mon colis ?'],
    ['pt', 'Onde está o meu pedido, por favor?'],
    ['ru', 'Мой заказ ещё не пришёл, где он?'],
    ['ar', 'أين طردي؟ لم يصل بعد'],
    ['zh', '我的包裹在哪里?还没有到。'],
    ['ja', '注文した商品はどこですか?'],
    [null, '😀😀😀'],
    [null, '12345 678 90'],
    [null, 'ok'],
    [null, 'https://example.test/orders/42'],
  ])('%s of "%s"', async (language, text) => {
    const { dana, ben } = stage.cast;
    const id = await stage.startedBy(dana, text);
    await whispers(ben, id, text);
    const seen = await readTranslated(ben, id);
    expect(seen.map((entry) => entry.language)).toEqual([language, language]);
    expect((await readTranslated(dana, id)).map((entry) => entry.language)).toEqual([language]);
    expect(engine.texts).toEqual([]);
  });
});

describe('whoever reads a page', () => {
  test('of fifty messages costs one batch, and whoever reads it later none', async () => {
    const { ben, cleo } = stage.cast;
    const id = await conversationOf(50);
    const read = await readIn(ben, id, 'es');
    expect(read).toHaveLength(50);
    for (const { text, translation } of read)
      expect(translation).toEqual({ status: 'TRANSLATED', text: `es: ${text}`, from: 'en', to: 'es' });
    expect(engine.batches.map(({ q, source, target }) => [q.length, source, target])).toEqual([[50, 'en', 'es']]);
    expect(await readIn(cleo, id, 'es')).toEqual(read);
    expect(await readIn(cleo.at(impatient.url), id, 'es')).toEqual(read);
    expect(engine.batches).toHaveLength(1);
  });

  test('at once with another, in one request or in two, costs what one does', async () => {
    const { ben, cleo } = stage.cast;
    const id = await conversationOf(5);
    const open = engine.hold();
    const both = 'query ($id: ID!) { one: conversation(id: $id) { ...Page } two: conversation(id: $id) { ...Page } }';
    const fragment =
      'fragment Page on Conversation { messages { edges { node { text translation(to: "es") { text } } } } }';
    const reading = [ben.ask(`${both} ${fragment}`, { id }), readIn(cleo, id, 'es'), readIn(ben, id, 'es')];
    await eventually(
      () => engine.batches.length,
      (count) => count > 0,
    );
    // All have asked by now: whoever comes after them is answered after them.
    await ben.ask('{ viewer { actor { id } } }');
    open();
    await Promise.all(reading);
    expect(engine.batches.map(({ q }) => q.length)).toEqual([5]);
  });

  test('in several languages costs a batch for each pair', async () => {
    const { dana, ben } = stage.cast;
    const id = await stage.startedBy(dana, 'My shoes have not arrived yet, what can I do?');
    await says(dana, id, 'Quisiera saber cuándo llegan mis zapatos nuevos.');
    await says(dana, id, 'My order number is on the back of the paper.');
    expect(await statusesIn(ben, id, 'de')).toEqual(['TRANSLATED', 'TRANSLATED', 'TRANSLATED']);
    expect(engine.batches.map(({ q, source, target }) => `${q.length} ${source} ${target}`).sort()).toEqual([
      '1 es de',
      '2 en de',
    ]);
  });

  test('reads the nearest of what the engine offers, and no word of what needs no translation is sent', async () => {
    const { dana, ben } = stage.cast;
    const id = await stage.startedBy(dana, 'Could you please tell me the price of this?');
    expect(await statusesIn(ben, id, 'en-GB')).toEqual(['SAME_LANGUAGE']);
    const emoji = await stage.startedBy(dana, '😀 42');
    expect(await statusesIn(ben, emoji, 'es')).toEqual(['SAME_LANGUAGE']);
    expect(await statusesIn(ben, id, 'fi')).toEqual(['UNSUPPORTED_LANGUAGE']);
    expect(engine.texts).toEqual([]);
    const [read] = await readIn(ben, id, 'es-mx');
    expect(read!.translation).toMatchObject({ status: 'TRANSLATED', to: 'es-MX' });
    expect(engine.batches.map(({ target }) => target)).toEqual(['es']);
  });

  test('asks the engine to find out a language of which Parley is not sure, only when asked for it', async () => {
    const { dana } = stage.cast;
    const agent = await agentWhoReads('de');
    const id = await stage.startedBy(dana, 'Gracias');
    expect((await readTranslated(agent, id))[0]).toMatchObject({ language: null, translatedText: null });
    expect(engine.texts).toEqual([]);
    const [read] = await readIn(agent, id, 'en');
    expect(read!.translation).toEqual({ status: 'TRANSLATED', text: 'en: Gracias', from: null, to: 'en' });
    expect(engine.batches.map(({ source }) => source)).toEqual(['auto']);
  });

  test('reads finalized conversations too', async () => {
    const { ben } = stage.cast;
    const id = await stage.takenOverBy(ben);
    await resolves(ben, id);
    await finalizes(ben, id);
    expect(await statusesIn(ben, id, 'es')).toEqual(['TRANSLATED']);
  });
});

describe('translatedText', () => {
  test('is for agents who want it, of what is in another language, in pages and live', async () => {
    const { dana, ben, bot, crm } = stage.cast;
    const agent = await agentWhoReads('es');
    const id = await stage.startedBy(dana, 'I have a question about the invoice.');
    await takesOver(ben, id);
    const of = async (person: Person) => (await readTranslated(person, id)).map((entry) => entry.translatedText);
    expect(await of(agent)).toEqual(['es: I have a question about the invoice.']);
    for (const person of [dana, ben, bot, crm]) expect(await of(person)).toEqual([null]);

    const { conversation } = await agent.ask(ReadTranslatedDocument, { id });
    const after = conversation!.timeline.pageInfo.endCursor;
    const stream = agent.follow(FollowTranslatedDocument, { conversationId: id, after });
    const live = async () => (await stream.next()).data!.timelineItemAdded.node;
    await says(dana, id, 'And another one about the delivery.');
    expect(await live()).toMatchObject({ translatedText: 'es: And another one about the delivery.' });
    await says(dana, id, 'Eso es todo, muchas gracias por la ayuda.');
    expect(await live()).toMatchObject({ language: 'es', translatedText: null });
    await does(agent, UpdateProfileDocument, { autoTranslate: false });
    await says(dana, id, 'Now this is no longer translated for them.');
    expect(await live()).toMatchObject({ language: 'en', translatedText: null });
    stream.stop();
  });

  test('of a message that several follow is made once', async () => {
    const { dana, ben } = stage.cast;
    const agents = [await agentWhoReads('de'), await agentWhoReads('de')];
    const id = await stage.startedBy(dana, 'Is anybody there who can help me?');
    await takesOver(ben, id);
    const { conversation } = await ben.ask(ReadTranslatedDocument, { id });
    const after = conversation!.timeline.pageInfo.endCursor;
    const streams = agents.map((agent) => agent.follow(FollowTranslatedDocument, { conversationId: id, after }));
    await says(dana, id, 'Something that nobody has said before.');
    for (const stream of streams) {
      const { node } = (await stream.next()).data!.timelineItemAdded;
      expect(node).toMatchObject({ translatedText: 'de: Something that nobody has said before.' });
      stream.stop();
    }
    expect(engine.texts).toEqual(['Something that nobody has said before.']);
    await Promise.all(agents.map((agent) => agent.leave()));
  });
});

describe('when the engine', () => {
  test('is slow, what is kept is there, and what took too long is there later', async () => {
    const { dana, ben } = stage.cast;
    const there = ben.at(impatient.url);
    const id = await stage.startedBy(dana, 'This one has been translated already.');
    expect(await statusesIn(ben, id, 'es')).toEqual(['TRANSLATED']);
    await says(dana, id, 'This one takes its time.');
    const open = engine.hold();
    expect(await statusesIn(there, id, 'es')).toEqual(['TRANSLATED', 'UNAVAILABLE']);
    expect(await statusesIn(there, id, 'es')).toEqual(['TRANSLATED', 'UNAVAILABLE']);
    open();
    await eventually(
      () => statusesIn(there, id, 'es'),
      (statuses) => statuses[1] === 'TRANSLATED',
    );
    expect(engine.texts.filter((text) => text === 'This one takes its time.')).toHaveLength(1);
  });

  test('answers nothing at all, a stream goes on without it, and the node can stop', async () => {
    const { dana, ben } = stage.cast;
    const { databaseUrl } = stage.app;
    const app = await startTestApp(settings, { translation: { readerMs: 100 }, databaseUrl });
    const agent = (await agentWhoReads('es')).at(app.url);
    const id = await stage.startedBy(dana, 'The beginning of a long silence.');
    await takesOver(ben, id);
    const { conversation } = await ben.ask(ReadTranslatedDocument, { id });
    const after = conversation!.timeline.pageInfo.endCursor;
    engine.hold();
    const stream = agent.follow(FollowTranslatedDocument, { conversationId: id, after });
    for (let nr = 0; nr < 5; nr++) {
      await says(dana, id, `Hello, is there anybody who reads number ${nr}?`);
      expect((await stream.next()).data!.timelineItemAdded.node).toMatchObject({
        language: 'en',
        translatedText: null,
      });
    }
    stream.stop();
    await agent.leave();
    // What is still held is given up.
    await app.close();
  });

  test('fails, the entry is there with UNAVAILABLE, and a later wish is fulfilled', async () => {
    const { ben } = stage.cast;
    const there = ben.at(impatient.url);
    const agent = (await agentWhoReads('es')).at(impatient.url);
    const id = await conversationOf(2);
    for (const trouble of [garbage['a page in HTML']!, garbage['half of an answer']!]) {
      engine.engine.trouble = trouble;
      const read = await readIn(there, id, 'es');
      expect(read.map(({ translation }) => translation)).toEqual([
        { status: 'UNAVAILABLE', text: null, from: 'en', to: 'es' },
        { status: 'UNAVAILABLE', text: null, from: 'en', to: 'es' },
      ]);
    }
    const [entry] = await readTranslated(agent, id);
    expect(entry!.translatedText).toBeNull();
    expect(entry!.text).toContain('The first message');
    engine.engine.trouble = null;
    const statuses = await eventually(
      () => statusesIn(there, id, 'es'),
      (all) => !all.includes('UNAVAILABLE'),
    );
    expect(statuses).toEqual(['TRANSLATED', 'TRANSLATED']);
  });
});

describe('whispers and notes', () => {
  const canaries = ['Canary: she has called us twice today.', 'Canary: I must remember to call her back.'] as const;

  async function whispered(): Promise<string> {
    const { dana, ben } = stage.cast;
    const id = await stage.startedBy(dana, `${question} ${Math.random()}`);
    await whispers(ben, id, canaries[0]);
    await ben.ask('mutation ($input: WhisperInput!) { whisper(input: $input) { errors { code } } }', {
      input: { conversationId: id, text: canaries[1], audience: 'SELF' },
    });
    return id;
  }

  test('never leave unless the workspace allows it (D14)', async () => {
    const { ada, ben } = stage.cast;
    await does(ben, UpdateProfileDocument, { preferredLanguage: 'es' });
    const id = await whispered();
    const { workspace } = await does(ada, UpdateTranslateWhispersDocument, { translateWhispers: false });
    expect(workspace!.translateWhispers).toBe(false);
    expect(await statusesIn(ben, id, 'es')).toEqual(['TRANSLATED', 'NOT_ALLOWED', 'NOT_ALLOWED']);
    expect(await statusesIn(ben, id, 'en')).toEqual(['SAME_LANGUAGE', 'SAME_LANGUAGE', 'SAME_LANGUAGE']);
    expect((await readTranslated(ben, id)).map(({ translatedText }) => translatedText === null)).toEqual([
      false,
      true,
      true,
    ]);
    expect(engine.engine.asked.filter(({ body }) => body.includes('Canary'))).toEqual([]);

    await does(ada, UpdateTranslateWhispersDocument, { translateWhispers: true });
    expect(await statusesIn(ben, id, 'es')).toEqual(['TRANSLATED', 'TRANSLATED', 'TRANSLATED']);
    expect(engine.texts.filter((text) => text.startsWith('Canary'))).toEqual(canaries);

    // What was made while it was allowed is not shown when it no longer is.
    await does(ada, UpdateTranslateWhispersDocument, { translateWhispers: false });
    expect(await statusesIn(ben, id, 'es')).toEqual(['TRANSLATED', 'NOT_ALLOWED', 'NOT_ALLOWED']);
    await does(ben, UpdateProfileDocument, { preferredLanguage: null });
  });

  test('may leave by themselves to an engine on the own network, as this one is', async () => {
    const { ada, ben, gus } = stage.cast;
    const { workspace } = await does(ada, UpdateTranslateWhispersDocument, { translateWhispers: null });
    expect(workspace!.translateWhispers).toBe(true);
    expect(await statusesIn(ben, await whispered(), 'de')).toEqual(['TRANSLATED', 'TRANSLATED', 'TRANSLATED']);
    const own = '{ viewer { workspace { translateWhispers } } }';
    expect(await gus.ask(own)).toEqual({ viewer: { workspace: { translateWhispers: true } } });
  });

  test('are not told by what is kept of them to who may read messages alone', async () => {
    const { ada, ben, crm, reader } = stage.cast;
    await does(ada, UpdateTranslateWhispersDocument, { translateWhispers: true });
    const id = await stage.takenOverBy(ben);
    const guess = 'We are going to give her the money back.';
    await whispers(ben, id, guess);
    expect(await statusesIn(ben, id, 'es')).toEqual(['TRANSLATED', 'TRANSLATED']);
    await crm.ask('mutation ($input: SendMessageInput!) { sendMessage(input: $input) { errors { code } } }', {
      input: { conversationId: id, text: guess, onBehalfOfCustomer: true },
    });
    engine.engine.trouble = garbage['a page in HTML']!;
    // Whoever guessed the words finds no translation of them while the engine is down.
    expect(await statusesIn(reader.at(impatient.url), id, 'es')).toEqual(['TRANSLATED', 'UNAVAILABLE']);
  });
});

describe('one workspace', () => {
  test('does not find what another had translated', async () => {
    const { dana, ben, ivy, gus } = stage.cast;
    const secret = 'We will merge with our competitor next month.';
    const id = await stage.startedBy(dana, secret);
    expect(await statusesIn(ben, id, 'es')).toEqual(['TRANSLATED']);
    const theirs = await stage.startedBy(ivy, secret);
    engine.engine.trouble = garbage['a page in HTML']!;
    expect(await statusesIn(gus.at(impatient.url), theirs, 'es')).toEqual(['UNAVAILABLE']);
    expect(await statusesIn(ben.at(impatient.url), id, 'es')).toEqual(['TRANSLATED']);
  });
});

test('translating writes nothing but translations', async () => {
  const { ben, dana } = stage.cast;
  const id = await conversationOf(3);
  const everything =
    'query ($id: ID!) { conversation(id: $id) { updatedAt unreadCount timeline { edges { cursor } } participants { lastReadAt } } }';
  const before = [await stage.everythingWritten(), await dana.raw(everything, { id })];
  expect(await statusesIn(ben, id, 'es')).toEqual(['TRANSLATED', 'TRANSLATED', 'TRANSLATED']);
  expect([await stage.everythingWritten(), await dana.raw(everything, { id })]).toEqual(before);
  const [kept] = await stage.app.world.database.read<{ count: number }>(sql`select count(*) from translations`);
  expect(kept!.count).toBeGreaterThan(2);
});

describe('without an engine', () => {
  test('everything is there and says that it is not to be had', async () => {
    const app = await startTestApp({}, { databaseUrl: stage.app.databaseUrl });
    const { ben } = stage.cast;
    const id = await conversationOf(2);
    await whispers(ben, id, 'A word between us, and no more than that.');
    expect(await statusesIn(ben.at(app.url), id, 'es')).toEqual(['UNAVAILABLE', 'UNAVAILABLE', 'UNAVAILABLE']);
    await app.close();
  });
});
