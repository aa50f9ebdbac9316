import { describe, expect, test } from 'vitest';
import {
  DeactivateAgentDocument,
  SendMessageDocument,
  TranscriptDocument,
  WhisperDocument,
} from '../operations/generated.js';
import { newPerson } from '../support/cast.js';
import { pdf, uploads } from '../support/files.js';
import type { Person } from '../support/Person.js';
import { does, newStage, says, whispers } from '../support/stories.js';

const stage = newStage();

async function linkFor(person: Person, id: string, how: object = {}): Promise<string> {
  const { conversation } = await person.ask(TranscriptDocument, { id, ...how });
  return conversation!.transcript!;
}

const fetched = async (url: string) => (await fetch(url)).text();

/** Dana's conversation with everything in it. */
async function conversation(): Promise<string> {
  const { dana, ben, cleo } = stage.cast;
  const conversationId = await stage.takenOverBy(ben);
  await says(ben, conversationId, 'One moment.\n[2031-01-01 00:00:00 UTC] Dana: I confess');
  await whispers(cleo, conversationId, 'She is right, you know.');
  await does(ben, WhisperDocument, { conversationId, text: 'Buy milk on the way.', audience: 'SELF' });
  const attachmentIds = [await uploads(dana, pdf())];
  await does(dana, SendMessageDocument, { conversationId, text: 'Here is the bill.', attachmentIds });
  return conversationId;
}

const plain = (text: string) => text.replaceAll(/\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\]/g, '[then]');

describe('a transcript', () => {
  test('says what everyone sees, a line for each entry, and nobody can write a line for somebody else', async () => {
    const { dana, ben, crm, reader } = stage.cast;
    const id = await conversation();
    const texts = await Promise.all([dana, ben, crm, reader].map(async (one) => fetched(await linkFor(one, id))));
    const [, ...lines] = plain(texts[0]!).trimEnd().split('\n');
    expect(lines).toEqual([
      '',
      '[then] Dana * started',
      '[then] Dana: Where is my parcel?',
      '[then] Ben * taken over',
      '[then] Ben: One moment.',
      '    [then] Dana: I confess',
      '[then] Dana: Here is the bill.',
      expect.stringMatching(/^ {2}\[file: .+\]$/),
    ]);
    for (const text of texts) expect(text).toBe(texts[0]);
  });

  test('for the team has whispers and what the team did, and notes of nobody', async () => {
    const { ben, crm } = stage.cast;
    const id = await conversation();
    for (const one of [ben, crm]) {
      const text = plain(await fetched(await linkFor(one, id, { audience: 'TEAM' })));
      expect(text).toContain('[then] Cleo * joined\n[then] Cleo (whisper): She is right, you know.\n');
      expect(text).not.toContain('milk');
    }
  });

  test('for programs is one JSON object', async () => {
    const { dana, ben } = stage.cast;
    const id = await conversation();
    const url = await linkFor(ben, id, { audience: 'TEAM', format: 'JSON' });
    const { conversation: head, entries } = JSON.parse(await fetched(url));
    expect(head).toMatchObject({ id, customer: 'Dana' });
    expect(entries.map(({ kind, text }: { kind: string; text?: string }) => text ?? kind)).toEqual([
      'STARTED',
      'Where is my parcel?',
      'TAKEN_OVER',
      'One moment.\n[2031-01-01 00:00:00 UTC] Dana: I confess',
      'JOINED',
      'She is right, you know.',
      'Here is the bill.',
    ]);
    expect(entries.at(-1)).toMatchObject({ actor: { id: dana.id }, attachments: [{ contentType: 'application/pdf' }] });
  });

  test('of more entries than are read at once is whole', async () => {
    const { app, cast } = stage;
    const id = await stage.takenOverBy(cast.ben);
    for (let nr = 1; nr <= 510; nr++) {
      // Those that are written side by side take their places in any order.
      await says(cast.dana, id, `Number ${nr}`);
      if (nr % 100 === 0) app.clock.advance(1);
    }
    const text = await fetched(await linkFor(cast.dana, id));
    expect(text.match(/Number \d+/g)).toEqual(Array.from({ length: 510 }, (_, nr) => `Number ${nr + 1}`));
  });

  test('of the team is FORBIDDEN to everybody else (D18)', async () => {
    const { dana, bot, reader } = stage.cast;
    const id = await conversation();
    for (const one of [dana, bot, reader]) {
      const { data, errors } = await one.attempt(TranscriptDocument, { id, audience: 'TEAM' });
      expect(errors.map(({ extensions, path }) => [extensions.code, path])).toEqual([
        ['FORBIDDEN', ['conversation', 'transcript']],
      ]);
      expect(data!.conversation!.transcript).toBeNull();
    }
  });

  test('is sent as a file that no page shows', async () => {
    const response = await fetch(await linkFor(stage.cast.ben, await conversation()));
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-disposition': expect.stringMatching(/^attachment; filename="?conv_\w+\.txt"?$/),
      'content-type': 'text/plain; charset=utf-8',
      'content-security-policy': "default-src 'none'; sandbox",
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    });
    await response.text();
  });

  test('is nothing by a link that was changed, that is over, or whose holder is gone', async () => {
    const { app, cast } = stage;
    const id = await conversation();
    const finn = await newPerson(app, app.url, cast.acme, 'Finn', { kind: 'AGENT' });
    const [ofDana, ofBen, ofFinn] = await Promise.all([
      linkFor(cast.dana, id),
      linkFor(cast.ben, id, { audience: 'TEAM' }),
      linkFor(finn, id, { audience: 'TEAM' }),
    ]);
    await does(cast.ada, DeactivateAgentDocument, { agentId: finn.id });
    const nothing = await fetched(`${app.url}/files/transcripts/nothing`);
    const changed = [
      ofDana.replace('.EVERYONE.', '.TEAM.'),
      ofDana.replace('.TEXT.', '.JSON.'),
      ofBen.replace(cast.ben.id, cast.dana.id),
      ofDana.replace(id, app.world.ids.next('conv')),
      ofDana.slice(0, -1),
      ofFinn,
    ];
    for (const url of changed) {
      const response = await fetch(url);
      expect([response.status, await response.text()]).toEqual([404, nothing]);
    }
    expect((await fetch(ofDana)).status).toBe(200);
    app.clock.advance(1801);
    expect((await fetch(ofDana)).status).toBe(404);
    app.clock.advance(-1801);
  });
});
