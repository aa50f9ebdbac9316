import { describe, expect, test } from 'vitest';
import { SearchMessagesDocument, SearchWhispersDocument, WhisperDocument } from '../operations/generated.js';
import type { Person } from '../support/Person.js';
import { does, newStage, whispers } from '../support/stories.js';

const stage = newStage();

/** What a person finds, in the order in which it comes. */
async function finds(person: Person, query: string): Promise<string[]> {
  const { searchMessages } = await person.ask(SearchMessagesDocument, { query });
  return searchMessages.edges.map(({ node }) => node.text);
}

async function findsWhispers(person: Person, query: string): Promise<string[]> {
  const { searchWhispers } = await person.ask(SearchWhispersDocument, { query });
  return searchWhispers!.edges.map(({ node }) => node.text);
}

describe('a search of messages', () => {
  test.each([
    ['a word', 'umbrella'],
    ['a word as others write it', 'UMBRELLA'],
    ['the beginning of a word', 'umbr'],
    ['several words, in any order', 'broken umbrella'],
    ['words in this order', '"umbrella is broken"'],
    ['a word without another', 'umbrella -bicycle'],
    ['one word or another', 'zeppelin or umbrella'],
    ['a word with a slip of the finger', 'umbrela'],
    ['a piece of a word', 'mbrell'],
  ])('finds %s', async (_, query) => {
    const text = 'My umbrella is broken.';
    await stage.startedBy(stage.cast.dana, text);
    expect(await finds(stage.cast.ben, query)).toContain(text);
  });

  test.each([
    ['accents', 'Wo ist mein Schlüssel?', 'schlussel'],
    ['accents that were left out', 'El cafe esta frio', 'café está frío'],
    ['Chinese in the middle', '我的订单退款在哪里', '订单退款'],
    ['Greek', 'Πού είναι το πακέτο μου;', 'πακετο'],
    ['a percent sign', 'I was promised 15% off_the_price', '15% off_the'],
    ['a face', 'Nobody answers 🦔', '🦔'],
    ['a name with an apostrophe', "Ask O'Brien's brother", "o'brien"],
  ])('finds %s', async (_, text, query) => {
    await stage.startedBy(stage.cast.dana, text);
    expect(await finds(stage.cast.ben, query)).toContain(text);
  });

  test('does not find what says something else', async () => {
    await stage.startedBy(stage.cast.dana, 'The kettle whistles.');
    expect(await finds(stage.cast.ben, 'trombone')).toEqual([]);
    expect(await finds(stage.cast.ben, 'kettle -whistles')).toEqual([]);
    expect(await finds(stage.cast.ben, '"whistles kettle"')).toEqual([]);
  });

  test('brings the best first, then the latest, page by page, each once', async () => {
    const { dana, ben } = stage.cast;
    const texts = ['giraffe one', 'giraffe two', 'giraffe giraffe giraffe', 'giraffe four', 'giraffe five'];
    for (const text of texts) {
      await stage.startedBy(dana, text);
      stage.app.clock.advance(1);
    }
    const inOrder = ['giraffe giraffe giraffe', 'giraffe five', 'giraffe four', 'giraffe two', 'giraffe one'];
    expect(await finds(ben, 'giraffe')).toEqual(inOrder);
    for (const query of ['giraffe', 'iraff']) {
      const found: string[] = [];
      for (let after: string | null = null; ; ) {
        const { searchMessages }: any = await ben.ask(SearchMessagesDocument, { query, first: 2, after });
        found.push(...searchMessages.edges.map(({ node }: any) => node.text));
        if (!searchMessages.pageInfo.hasNextPage) break;
        after = searchMessages.pageInfo.endCursor;
      }
      expect(found.toSorted()).toEqual(texts.toSorted());
    }
  });

  test('is over what the viewer may see', async () => {
    const { dana, eli, ben, bot, crm, reader, gus, ivy } = stage.cast;
    const text = 'A hippopotamus ate it.';
    const conversationId = await stage.startedBy(dana, text);
    await whispers(ben, conversationId, 'No hippopotamus lives there.');
    for (const one of [dana, ben, bot, crm, reader]) expect(await finds(one, 'hippopotamus')).toEqual([text]);
    for (const one of [eli, gus, ivy]) {
      expect(await finds(one, 'hippopotamus')).toEqual([]);
      expect(await finds(one, 'ippopotamu')).toEqual([]);
    }
  });

  test.each([
    ['nothing', '   '],
    ['too much', 'x'.repeat(201)],
    ['NUL', 'a\0b'],
    ['half a character', 'a\ud800'],
  ])('for %s is refused', async (_, query) => {
    const { errors } = await stage.cast.ben.attempt(SearchMessagesDocument, { query });
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['BAD_USER_INPUT']);
  });

  test.each(['&', '|', '!', '((', "'", '":*', '-', 'a:*b', '\\', '%', '<->'])('for %s fails nowhere', async (query) => {
    const { status, errors } = await stage.cast.ben.attempt(SearchMessagesDocument, { query });
    expect([status, errors]).toEqual([200, []]);
  });

  test('takes no cursor of another list', async () => {
    const { ben } = stage.cast;
    const { errors } = await ben.attempt(SearchMessagesDocument, { query: 'umbrella', after: 'WyJhIl0' });
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['BAD_USER_INPUT']);
  });
});

describe('a search of whispers', () => {
  test('is for the team, and of notes for their author (D11)', async () => {
    const { dana, ben, cleo, bot, crm, reader, gus } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    await whispers(ben, conversationId, 'Careful, a wolverine.');
    await does(ben, WhisperDocument, { conversationId, text: 'My own wolverine.', audience: 'SELF' });
    expect((await findsWhispers(ben, 'wolverine')).toSorted()).toEqual(['Careful, a wolverine.', 'My own wolverine.']);
    for (const one of [cleo, crm]) expect(await findsWhispers(one, 'wolverine')).toEqual(['Careful, a wolverine.']);
    expect(await findsWhispers(gus, 'wolverine')).toEqual([]);
    for (const one of [dana, bot, reader]) {
      const { data, errors } = await one.attempt(SearchWhispersDocument, { query: 'wolverine' });
      expect(data).toEqual({ searchWhispers: null });
      expect(errors.map(({ extensions }) => extensions.code)).toEqual(['FORBIDDEN']);
    }
    for (const one of [dana, ben, bot]) expect(await finds(one, 'wolverine')).toEqual([]);
  });
});
