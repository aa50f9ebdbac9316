import { describe, expect, test } from 'vitest';
import {
  AttachmentDocument,
  DeactivateAgentDocument,
  SendMessageDocument,
  TimelineDocument,
  WhisperDocument,
} from '../operations/generated.js';
import { newPerson } from '../support/cast.js';
import { eventually } from '../support/eventually.js';
import { pdf, png, requestsUpload, text, uploads } from '../support/files.js';
import type { Person } from '../support/Person.js';
import { does, newStage } from '../support/stories.js';

const stage = newStage();

interface Seen {
  id: string;
  url: string;
  image: { thumbnailUrl: string } | null;
}

const seenBy = async (person: Person, id: string) => (await person.ask(AttachmentDocument, { id })).node as Seen;

/** A file in a message that Dana and the team see, and one in a whisper of Ben's. */
async function filesInConversation() {
  const { dana, ben } = stage.cast;
  const conversationId = await stage.takenOverBy(ben);
  const [sent, whispered] = [await uploads(dana, await png()), await uploads(ben, await png())];
  await does(dana, SendMessageDocument, { conversationId, attachmentIds: [sent] });
  await does(ben, WhisperDocument, { conversationId, attachmentIds: [whispered] });
  return { conversationId, sent, whispered };
}

/** All of an answer but what differs from one request to the next. */
async function answerOf(url: string, init: RequestInit = {}) {
  const response = await fetch(url, { redirect: 'manual', ...init });
  const headers = [...response.headers].filter(([name]) => name !== 'date' && name !== 'x-request-id');
  return { status: response.status, headers, body: await response.text() };
}

const requests: RequestInit[] = [{}, { method: 'HEAD' }, { headers: { range: 'bytes=0-9' } }];
const unknown = () => `${stage.app.url}/files/nothing`;

/** That nothing tells this URL from one that nobody ever made. */
async function isNothing(url: string) {
  for (const init of requests) {
    const answer = await answerOf(url, init);
    expect(answer.status).toBe(404);
    expect(answer).toEqual(await answerOf(unknown(), init));
  }
}

describe('a download', () => {
  test('is of a file as it was sent, and of its thumbnail (G5)', async () => {
    const { dana } = stage.cast;
    const { sent } = await filesInConversation();
    const { url, image } = await seenBy(dana, sent);
    const original = await fetch(url);
    expect(Buffer.from(await original.arrayBuffer())).toEqual((await png()).bytes);
    const thumbnail = await fetch(image!.thumbnailUrl);
    expect(
      Buffer.from(await thumbnail.arrayBuffer())
        .subarray(8, 12)
        .toString(),
    ).toBe('WEBP');
    expect(Object.fromEntries(original.headers)).toMatchObject({
      'content-type': 'image/png',
      'content-disposition': 'attachment; filename=parcel.png',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
      'cross-origin-resource-policy': 'cross-origin',
      'referrer-policy': 'no-referrer',
      'cache-control': 'private, max-age=300',
      'accept-ranges': 'bytes',
    });
    expect(Object.fromEntries(thumbnail.headers)).toMatchObject({
      'content-type': 'image/webp',
      'content-disposition': 'inline; filename=thumbnail.webp',
      'content-security-policy': "default-src 'none'; sandbox",
    });
  });

  test('can be had in parts, and asked about without its bytes', async () => {
    const { dana } = stage.cast;
    const { url } = await seenBy(dana, await uploads(dana, text('0123456789')));
    const part = async (range: string) => {
      const response = await fetch(url, { headers: { range } });
      return [response.status, await response.text(), response.headers.get('content-range')];
    };
    expect(await part('bytes=0-3')).toEqual([206, '0123', 'bytes 0-3/10']);
    expect(await part('bytes=7-')).toEqual([206, '789', 'bytes 7-9/10']);
    expect(await part('bytes=-2')).toEqual([206, '89', 'bytes 8-9/10']);
    expect((await part('bytes=10-')).slice(0, 1)).toEqual([416]);
    expect((await part('lines=1-2')).slice(0, 2)).toEqual([200, '0123456789']);
    const head = await fetch(url, { method: 'HEAD' });
    expect([head.status, await head.text(), head.headers.get('content-length')]).toEqual([200, '', '10']);
  });

  test('has a URL that stays the same for a while, is everybody’s own, and ends within half an hour', async () => {
    const { dana, ben } = stage.cast;
    const { conversationId, sent } = await filesInConversation();
    const page = () => dana.raw(TimelineDocument, { id: conversationId, first: 50 });
    expect(await page()).toEqual(await page());
    const [danas, bens] = [await seenBy(dana, sent), await seenBy(ben, sent)];
    expect(danas.url).not.toBe(bens.url);
    expect((await fetch(danas.url)).status).toBe(200);
    stage.app.clock.advance(14 * 60);
    expect((await fetch(danas.url)).status).toBe(200);
    stage.app.clock.advance(16 * 60);
    await isNothing(danas.url);
    await isNothing(danas.image!.thumbnailUrl);
    expect((await fetch((await seenBy(dana, sent)).url)).status).toBe(200);
  });

  test('by a URL that somebody has changed, or by any other, is of nothing', async () => {
    const { dana, ben } = stage.cast;
    const { sent, whispered } = await filesInConversation();
    const [danas, bens] = [await seenBy(dana, sent), await seenBy(ben, whispered)];
    for (const url of [
      danas.url.replace(sent, whispered),
      danas.image!.thumbnailUrl.replace(sent, whispered),
      bens.url.replace(ben.id, dana.id),
      bens.url.replace('.o.', '.t.'),
      bens.url.slice(0, -1),
      `${bens.url}A`,
      `${bens.url}.x`,
      bens.url.replace(/\.([0-9a-z]+)\.([\w-]+)$/, '.zzzzzzzz.$2'),
      `${stage.app.url}/files/${whispered}`,
      `${stage.app.url}/files/${whispered}.thumbnail`,
      `${stage.app.url}/files/${whispered.slice(-2)}%2f${whispered}`,
      `${stage.app.url}/files/..%2f..%2fetc%2fpasswd`,
      `${stage.app.url}/files/....`,
      `${stage.app.url}/files/%00`,
      `${stage.app.url}/files/${'x'.repeat(299)}`,
    ])
      await isNothing(url);
  });

  test('of a whisper’s file is nobody’s but the team’s, by any way (D15)', async () => {
    const { dana, eli, ada, bot, gus, reader, crm } = stage.cast;
    const { conversationId, whispered } = await filesInConversation();
    for (const person of [dana, eli, bot, gus, reader]) {
      expect(await seenBy(person, whispered)).toBeNull();
      // The server's own signature for one who may not see it: what they could have at most.
      const link = (variant: 'original' | 'thumbnail') =>
        stage.app.fileLinks.download({ id: person.id, apiKeyId: null } as never, whispered, variant);
      await isNothing(link('original'));
      await isNothing(link('thumbnail'));
    }
    const text = await dana.raw(TimelineDocument, { id: conversationId, first: 50 });
    expect(text.text).not.toContain(whispered);
    for (const person of [ada, crm]) {
      const { url, image } = await seenBy(person, whispered);
      for (const one of [url, image!.thumbnailUrl]) expect((await fetch(one)).status).toBe(200);
    }
  });

  test('ends for whoever is deactivated, and for a file that was not uploaded in the end', async () => {
    const { app, cast } = stage;
    const max = await newPerson(app, app.url, cast.acme, 'Max', { kind: 'AGENT' });
    const { sent } = await filesInConversation();
    const { url } = await seenBy(max, sent);
    expect((await fetch(url)).status).toBe(200);
    await does(cast.ada, DeactivateAgentDocument, { agentId: max.id });
    await eventually(
      async () => (await fetch(url)).status,
      (status) => status === 404,
    );
    await isNothing(url);
    const { attachmentId } = await requestsUpload(cast.dana, pdf());
    await isNothing((await seenBy(cast.dana, attachmentId)).url);
  });
});
