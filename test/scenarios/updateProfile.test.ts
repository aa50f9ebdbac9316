import { describe, expect, test } from 'vitest';
import { UpdateProfileDocument } from '../operations/generated.js';
import { does, newStage } from '../support/stories.js';

const stage = newStage();

describe('an agent', () => {
  test('changes their name and picture, which customers see, and takes the picture away', async () => {
    const { ben, dana } = stage.cast;
    const id = await stage.takenOverBy(ben);
    const asDanaSeesBen = async () =>
      (await dana.ask('query ($id: ID!) { conversation(id: $id) { assignee { displayName avatarUrl } } }', { id }))
        .conversation.assignee;
    await does(ben, UpdateProfileDocument, { displayName: ' Benjamin ', avatarUrl: 'https://example.test/ben.png' });
    expect(await asDanaSeesBen()).toEqual({ displayName: 'Benjamin', avatarUrl: 'https://example.test/ben.png' });
    await does(ben, UpdateProfileDocument, { avatarUrl: null, displayName: null });
    expect(await asDanaSeesBen()).toEqual({ displayName: 'Benjamin', avatarUrl: null });
  });

  test('gets everything translated from the first language that they choose, and not again after switching it off', async () => {
    const { ben } = stage.cast;
    const profileAfter = async (input: object) => (await does(ben, UpdateProfileDocument, input)).profile;
    expect(await profileAfter({})).toMatchObject({ preferredLanguage: null, autoTranslate: false });
    expect(await profileAfter({ preferredLanguage: 'en' })).toMatchObject({
      preferredLanguage: 'en',
      autoTranslate: true,
    });
    expect(await profileAfter({ autoTranslate: false })).toMatchObject({
      preferredLanguage: 'en',
      autoTranslate: false,
    });
    expect(await profileAfter({ preferredLanguage: null })).toMatchObject({ preferredLanguage: null });
    expect(await profileAfter({ preferredLanguage: 'pt-br' })).toMatchObject({
      preferredLanguage: 'pt-BR',
      autoTranslate: false,
    });
  });

  test('who has said before that they want no translations gets none with their first language', async () => {
    const { cleo } = stage.cast;
    await does(cleo, UpdateProfileDocument, { autoTranslate: false });
    const { profile } = await does(cleo, UpdateProfileDocument, { preferredLanguage: 'de' });
    expect(profile).toMatchObject({ preferredLanguage: 'de', autoTranslate: false });
  });

  test('finds their settings in their profile, and nobody else’s', async () => {
    const { ada, cleo } = stage.cast;
    await does(ada, UpdateProfileDocument, { preferredLanguage: 'fr' });
    const look = '{ viewer { profile { id preferredLanguage autoTranslate } } }';
    const { profile } = (await ada.ask(look)).viewer;
    expect(profile).toMatchObject({ preferredLanguage: 'fr', autoTranslate: true });
    const byId = 'query ($id: ID!) { node(id: $id) { ... on AgentProfile { preferredLanguage } } }';
    expect(await ada.ask(byId, { id: profile.id })).toEqual({ node: { preferredLanguage: 'fr' } });
    expect(await cleo.ask(byId, { id: profile.id })).toEqual({ node: null });
  });
});

describe('refused are', () => {
  test('names that say nothing and pictures that are not on the web', async () => {
    const { ben } = stage.cast;
    for (const [field, value] of [
      ['displayName', ' '],
      ['displayName', 'x'.repeat(101)],
      ['avatarUrl', 'javascript:alert(1)'],
      ['avatarUrl', 'data:image/svg+xml,x'],
      ['avatarUrl', `https://example.test/${'x'.repeat(2000)}`],
    ] as const) {
      const refusal = await stage.refusal(ben, UpdateProfileDocument, { [field]: value, preferredLanguage: 'es' });
      expect(refusal, value).toMatchObject({ code: 'INVALID_INPUT', path: [field] });
    }
  });

  test('all who are no agents', async () => {
    const { dana, bot, crm } = stage.cast;
    for (const person of [dana, bot, crm])
      await stage.isForbidden(person, UpdateProfileDocument, { displayName: 'Me' });
  });
});
