import { beforeAll, describe, expect, test } from 'vitest';
import { newPerson } from '../support/cast.js';
import { conversationMutations, fieldOf, idOfNothing } from '../support/mutations.js';
import type { Person } from '../support/Person.js';
import { newStage } from '../support/stories.js';

const stage = newStage({ RATE_BURST: '1000000' });

/** For each role, those who may do as much, but not here. */
let strangers: Record<'dana' | 'ben' | 'cleo' | 'bot' | 'crm', Person[]>;
beforeAll(async () => {
  const { app, cast } = stage;
  const { acme, globex, eli, ivy, gus, globot } = cast;
  const otherBot = await newPerson(app, app.url, acme, 'Other Bot', { kind: 'AI_AGENT' });
  const otherCrm = await newPerson(app, app.url, globex, 'Globex CRM', {
    kind: 'INTEGRATION',
    scopes: ['CONVERSATIONS_READ', 'MESSAGES_WRITE', 'WHISPERS_READ'],
  });
  strangers = { dana: [eli, ivy], ben: [gus], cleo: [gus], bot: [otherBot, globot], crm: [otherCrm] };
});

const cases = Object.entries(conversationMutations);

describe('somebody who cannot see the conversation', () => {
  test.each(cases)('learns nothing from %s: the same bytes as for an id of nothing (A10, C1)', async (_, one) => {
    const { mutation, by, at, input } = one;
    const field = fieldOf(one);
    const id = await at(stage);
    const given = (await input?.(stage, id)) ?? {};
    const before = await stage.everythingWritten();
    for (const stranger of strangers[by]) {
      const real = await stranger.raw(mutation, { input: { [field]: id, ...given } });
      const nothing = idOfNothing(stage, one);
      const random = await stranger.raw(mutation, { input: { [field]: nothing, ...given } });
      expect(real.text.replaceAll(id, nothing)).toBe(random.text);
      expect(real.status).toBe(random.status);
      const [{ errors }] = Object.values(JSON.parse(real.text).data) as [{ errors: object[] }];
      expect(errors).toMatchObject([{ code: 'NOT_FOUND', path: [field] }]);
    }
    expect(await stage.everythingWritten()).toEqual(before);
  });
});

describe('an id of something else', () => {
  test.each(cases)('is not found by %s, whatever it is', async (_, one) => {
    const { app, cast } = stage;
    const { mutation, by, at, input } = one;
    const field = fieldOf(one);
    const real = await at(stage);
    const given = (await input?.(stage, real)) ?? {};
    const wrong = [
      '',
      'x',
      '7',
      real.slice(0, -1),
      real.toUpperCase(),
      `${real}\0`,
      ` ${real}`,
      real.replace(/^[a-z]+_/, 'msg_'),
      '\0',
      '\ud800',
      cast.dana.id,
      app.world.ids.next('whis'),
      `conv_${'0'.repeat(200_000)}`,
      "conv_' or true --",
    ];
    const before = await stage.everythingWritten();
    for (const id of wrong) {
      const answer = await cast[by].attempt(mutation, { input: { ...given, [field]: id } as never });
      expect(answer.errors, id.slice(0, 40)).toEqual([]);
      const [{ errors }] = Object.values(answer.data!) as [{ errors: object[] }];
      expect(errors, id.slice(0, 40)).toMatchObject([{ code: 'NOT_FOUND', path: [field] }]);
    }
    expect(await stage.everythingWritten()).toEqual(before);
  });

  test.each(cases)('is refused by %s when it is no id at all', async (_, one) => {
    const { mutation, by } = one;
    for (const id of [null, undefined, {}, ['x'], true, 1.5]) {
      const input = { [fieldOf(one)]: id } as never;
      const { status, data, errors } = await stage.cast[by].attempt(mutation, { input });
      expect({ status, data }).toEqual({ status: 400, data: null });
      expect(errors.map(({ extensions }) => extensions.code)).toEqual(['BAD_USER_INPUT']);
    }
  });

  test('is refused as a request when it is a megabyte long', async () => {
    const { mutation } = conversationMutations.joinConversation!;
    const conversationId = `conv_${'0'.repeat(1_000_000)}`;
    const { status, errors } = await stage.cast.ben.attempt(mutation, { input: { conversationId } as never });
    expect(status).toBe(413);
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['BAD_REQUEST']);
  });
});

test('nobody without a token does anything (A1)', async () => {
  const conversationId = await stage.startedBy(stage.cast.dana);
  const before = await stage.everythingWritten();
  for (const one of Object.values(conversationMutations)) {
    const input = { [fieldOf(one)]: conversationId } as never;
    const { status, errors } = await stage.cast.nobody.attempt(one.mutation, { input });
    expect(status).not.toBe(200);
    expect(errors).toHaveLength(1);
  }
  expect(await stage.everythingWritten()).toEqual(before);
});
