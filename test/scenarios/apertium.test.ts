import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  FollowTranslatedDocument,
  ReadInDocument,
  ReadTranslatedDocument,
  StartConversationDocument,
  UpdateProfileDocument,
} from '../operations/generated.js';
import { hasApertium, startApertium } from '../support/apertium.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { type Cast, castOf } from '../support/cast.js';
import type { Person } from '../support/Person.js';
import { does, says, takesOver } from '../support/stories.js';

// Not one of these is to hang on how fast this machine starts Apertium's programs.
const translation = { readerMs: 20_000 };

describe.skipIf(!hasApertium)('with the real Apertium (Debian: apertium-apy, apertium-eng-spa)', () => {
  let apertium: Awaited<ReturnType<typeof startApertium>>;
  let app: TestApp;
  let cast: Cast;
  beforeAll(async () => {
    apertium = await startApertium();
    const settings = { TRANSLATION_ENGINE: 'apertium', TRANSLATION_URL: apertium.url };
    app = await startTestApp(settings, { translation });
    cast = await castOf(app);
  }, 60_000);
  afterAll(async () => {
    await cast?.leave();
    await app?.close();
    await apertium?.stop();
  });

  test('a Spanish customer and an English agent read each other, in pages and live', async () => {
    const { dana, ben, cleo } = cast;
    await does(ben, UpdateProfileDocument, { preferredLanguage: 'en' });
    await does(cleo, UpdateProfileDocument, { preferredLanguage: 'es' });
    const { conversation } = await does(dana, StartConversationDocument, {
      text: '¿Dónde está mi paquete?\n\nLo espero desde el lunes.',
    });
    const id = conversation!.id;
    await takesOver(ben, id);

    const page = await ben.ask(ReadTranslatedDocument, { id });
    const [question] = page.conversation!.timeline.edges.map(({ node }) => node).filter((node) => 'text' in node);
    expect(question).toMatchObject({ language: 'es' });
    // Its words, not its grammar: that is Apertium's.
    expect(question!.translatedText).toMatch(/^where[^\n]*package\?\n\n[^\n]*monday\.$/i);

    const follow = async (person: Person) => {
      const { conversation: known } = await person.ask(ReadTranslatedDocument, { id });
      const after = known!.timeline.pageInfo.endCursor;
      return person.follow(FollowTranslatedDocument, { conversationId: id, after });
    };
    const [asBen, asCleo, asDana] = [await follow(ben), await follow(cleo), await follow(dana)];
    const live = async (stream: typeof asBen) => (await stream.next()).data!.timelineItemAdded.node;

    await says(ben, id, 'Your package is in Madrid, it arrives tomorrow.');
    expect(await live(asCleo)).toMatchObject({
      language: 'en',
      translatedText: expect.stringMatching(/Madrid.*mañana/),
    });
    expect(await live(asBen)).toMatchObject({ language: 'en', translatedText: null });
    expect(await live(asDana)).toMatchObject({ language: 'en', translatedText: null });

    await says(dana, id, 'Muchas gracias por la ayuda, espero el paquete mañana.');
    expect(await live(asBen)).toMatchObject({ language: 'es', translatedText: expect.stringMatching(/thank.*help/i) });
    expect(await live(asCleo)).toMatchObject({ translatedText: null });
    expect(await live(asDana)).toMatchObject({ translatedText: null });
  });

  test('a language that it does not have is said to be unsupported', async () => {
    const { dana, ben } = cast;
    const { conversation } = await does(dana, StartConversationDocument, { text: 'Wo ist denn mein Paket geblieben?' });
    const read = async (to: string) => {
      const page = await ben.ask(ReadInDocument, { id: conversation!.id, to });
      return page.conversation!.timeline.edges.map(({ node }) => node).find((node) => 'text' in node)!.translation;
    };
    expect(await read('en')).toEqual({ status: 'UNSUPPORTED_LANGUAGE', text: null, from: 'de', to: 'en' });
    expect(await read('de-AT')).toEqual({ status: 'SAME_LANGUAGE', text: null, from: 'de', to: 'de-AT' });
  });
});
