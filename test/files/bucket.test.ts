import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AttachmentDocument, SendMessageDocument, WhisperDocument } from '../operations/generated.js';
import { startTestApp } from '../support/app.js';
import { type Bucket, startBucket } from '../support/bucket.js';
import { castOf } from '../support/cast.js';
import { pdf, png, putTo, requestsUpload, svg, text, uploads } from '../support/files.js';
import type { Person } from '../support/Person.js';
import { does, Stage } from '../support/stories.js';

const stage = new Stage();
let bucket: Bucket;
beforeAll(async () => {
  bucket = await startBucket();
  stage.app = await startTestApp({ FILE_STORE: `s3://${bucket.name}?endpoint=${bucket.endpoint}` });
  stage.cast = await castOf(stage.app);
});
afterAll(async () => {
  await stage.cast.leave();
  await stage.app.close();
  await bucket.close();
});

const seenBy = async (person: Person, id: string) => (await person.ask(AttachmentDocument, { id })).node as any;

describe('with a bucket', () => {
  test('a file goes straight there, is looked at when it is used, and comes straight from there', async () => {
    const { dana, ben } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    const file = { ...(await png()), contentType: 'application/pdf', fileName: 'räksmörgås "1".png' };
    const upload = await requestsUpload(dana, file);
    expect(upload.url).toMatch(bucket.endpoint);
    expect((await putTo(upload, file.bytes)).ok).toBe(true);
    const input = { conversationId, attachmentIds: [upload.attachmentId] };
    const { message } = await does(dana, SendMessageDocument, input);
    expect(message!.attachments).toMatchObject([{ contentType: 'image/png', image: { width: 640, height: 400 } }]);
    // What is put there afterwards changes nothing.
    await putTo(upload, Buffer.alloc(file.bytes.length, '<'));
    const { url, image } = await seenBy(ben, upload.attachmentId);
    expect(url).toMatch(stage.app.url);
    const redirect = await fetch(url, { redirect: 'manual' });
    expect(redirect.status).toBe(303);
    expect(redirect.headers.get('location')).toMatch(bucket.endpoint);
    expect(redirect.headers.get('cache-control')).toBe('no-store');
    const original = await fetch(url);
    expect(Buffer.from(await original.arrayBuffer())).toEqual(file.bytes);
    expect(original.headers.get('content-disposition')).toMatch(/^attachment; filename=.*filename\*=UTF-8''r%C3%A4k/);
    expect(original.headers.get('content-type')).toBe('image/png');
    expect((await fetch(image.thumbnailUrl)).headers.get('content-type')).toBe('image/webp');
    const head = await fetch(url, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length')]).toEqual([200, String(file.bytes.length)]);
  });

  test('what has not come is ATTACHMENT_NOT_READY, what is nothing that may be sent UNSUPPORTED_FILE_TYPE', async () => {
    const { dana } = stage.cast;
    const conversationId = await stage.startedBy(dana);
    const refusal = async (attachmentId: string) => {
      const input = { conversationId, attachmentIds: [attachmentId] };
      const { sendMessage } = await dana.ask(SendMessageDocument, { input });
      return sendMessage.errors.map(({ code, path }) => [code, path]);
    };
    const path = ['attachmentIds', '0'];
    const waiting = await requestsUpload(dana, pdf());
    expect(await refusal(waiting.attachmentId)).toEqual([['ATTACHMENT_NOT_READY', path]]);
    const script = { ...svg(), contentType: 'image/png' };
    expect(await refusal(await uploads(dana, script))).toEqual([['UNSUPPORTED_FILE_TYPE', path]]);
    // A bucket that does not hold to the length that was signed.
    const short = await requestsUpload(dana, text('ten bytes.'));
    await putTo(short, Buffer.from('nine byte'));
    expect(await refusal(short.attachmentId)).toEqual([['UNSUPPORTED_FILE_TYPE', path]]);
    for (const nothing of ['x\0', 'att_', '']) expect(await refusal(nothing)).toEqual([['NOT_FOUND', path]]);
    await putTo(waiting, pdf().bytes);
    expect(await refusal(waiting.attachmentId)).toEqual([]);
  });

  test('a whisper’s file is nobody’s but the team’s', async () => {
    const { dana, ben } = stage.cast;
    const conversationId = await stage.takenOverBy(ben);
    const id = await uploads(ben, await png());
    await does(ben, WhisperDocument, { conversationId, attachmentIds: [id] });
    expect((await fetch((await seenBy(ben, id)).url)).status).toBe(200);
    expect(await seenBy(dana, id)).toBeNull();
    const link = stage.app.fileLinks.download({ id: dana.id, apiKeyId: null } as never, id, 'original');
    for (const method of ['GET', 'HEAD']) expect((await fetch(link, { method, redirect: 'manual' })).status).toBe(404);
  });
});
