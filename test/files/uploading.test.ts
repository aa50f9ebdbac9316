import { once } from 'node:events';
import { readdir, rename, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { AttachmentDocument, RequestUploadDocument, SendMessageDocument } from '../operations/generated.js';
import { eventually } from '../support/eventually.js';
import {
  bombDocx,
  bombPng,
  docx,
  gifAndPage,
  pdf,
  pdfAndArchive,
  png,
  putTo,
  requestsUpload,
  svg,
  type TestFile,
  text,
  type Upload,
  uploads,
} from '../support/files.js';
import { does, newStage } from '../support/stories.js';

const stage = newStage();

const MiB = 1024 * 1024;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
/** What buffers hold that is still in use. */
const memory = () => {
  collectGarbage();
  return process.memoryUsage().arrayBuffers;
};
const kept = async () =>
  (await readdir(stage.app.filesFolder, { recursive: true })).filter((path) => path.includes('att_'));

/** Sends what it is told, as it is told, by hand. */
function rawPut(url: string, headers: Record<string, string | number>) {
  const outgoing = request(url, { method: 'PUT', headers });
  const answer = new Promise<{ status: number; code: string | null }>((resolve, reject) => {
    outgoing.on('error', reject);
    outgoing.on('response', async (response) => {
      let body = '';
      for await (const chunk of response) body += chunk;
      resolve({ status: response.statusCode!, code: body ? JSON.parse(body).errors[0].extensions.code : null });
    });
  });
  answer.catch(() => {});
  return { outgoing, answer };
}

const codeOf = async (response: Response) => ((await response.json()) as any).errors[0].extensions.code;

const readies = async ({ attachmentId, url }: Upload, { bytes }: TestFile) => {
  const again = await fetch(url, { method: 'PUT', body: new Uint8Array(bytes) });
  const conversationId = await stage.startedBy(stage.cast.dana);
  await does(stage.cast.dana, SendMessageDocument, { conversationId, attachmentIds: [attachmentId] });
  return again.status;
};

describe('an upload', () => {
  test('works once', async () => {
    const { dana } = stage.cast;
    const upload = await requestsUpload(dana, pdf());
    const answers = await Promise.all(Array.from({ length: 5 }, () => putTo(upload, pdf().bytes)));
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 404, 404, 404, 404]);
    expect((await putTo(upload, pdf().bytes)).status).toBe(404);
  });

  test('with any other token, later than its time, or of another method is not found', async () => {
    const { dana } = stage.cast;
    const { url } = await requestsUpload(dana, pdf());
    const { node } = await dana.ask(AttachmentDocument, { id: (await uploads(dana, pdf())) as string });
    const forged = [`${url}A`, url.slice(0, -1), url.replace('att_', 'att_0'), `${url}.`, url.replace(/\.[^.]+$/, '')];
    const downloads = (node as any).url.replace('/files/', '/files/uploads/');
    const put = (to: string) => fetch(to, { method: 'PUT', body: 'x' });
    const unknown = await (await put(`${stage.app.url}/files/uploads/x`)).text();
    for (const wrong of [...forged, downloads]) {
      const response = await put(wrong);
      expect([wrong, response.status, await response.text()]).toEqual([wrong, 404, unknown]);
    }
    for (const method of ['GET', 'HEAD', 'DELETE', 'POST']) expect((await fetch(url, { method })).status).toBe(404);
  });

  test.each<[string, () => TestFile | Promise<TestFile>, string, number]>([
    ['an SVG with a script, called a PNG', svg, 'image/png', 415],
    ['an SVG with a script, called a text', svg, 'text/plain', 415],
    ['a page, called a CSV', () => text(' <!DOCTYPE html><script>alert(1)</script>'), 'text/csv', 415],
    ['a PNG that opens to 900 million pixels', bombPng, 'image/png', 415],
    ['a DOCX that opens to 60 MB', () => bombDocx(60_000_000), docx().contentType, 415],
    [
      'a picture cut short',
      async () => ({ ...(await png()), bytes: (await png()).bytes.subarray(0, 90) }),
      'image/png',
      415,
    ],
    ['bytes, called a text', () => ({ ...text(), bytes: Buffer.from([104, 0, 105]) }), 'text/plain', 415],
    ['half a character, called a text', () => ({ ...text(), bytes: Buffer.from([104, 0xc3]) }), 'text/plain', 415],
    ['a program', () => ({ ...pdf(), bytes: Buffer.from('\x7fELF\x02\x01\x01') }), 'application/pdf', 415],
    ['a shell script, called a PDF', () => text('#!/bin/sh\nrm -rf /\n'), 'application/pdf', 415],
  ])('%s is refused and leaves nothing', async (_, made, contentType, status) => {
    const { dana } = stage.cast;
    const before = await kept();
    const file = { ...(await made()), contentType };
    const response = await putTo(await requestsUpload(dana, file), file.bytes);
    expect([response.status, await codeOf(response)]).toEqual([status, 'UNSUPPORTED_FILE_TYPE']);
    expect(await kept()).toEqual(before);
  });

  test.each<[string, () => TestFile | Promise<TestFile>, string]>([
    ['a PNG, called a PDF', async () => ({ ...(await png()), contentType: 'application/pdf' }), 'image/png'],
    ['a GIF that is a page as well', gifAndPage, 'image/gif'],
    ['a PDF that is an archive as well', pdfAndArchive, 'application/pdf'],
    ['a PDF, called a text', () => ({ ...pdf(), contentType: 'text/plain' }), 'application/pdf'],
  ])('%s is what it begins as, whatever it was called', async (_, made, contentType) => {
    const { dana } = stage.cast;
    const { node } = await dana.ask(AttachmentDocument, { id: await uploads(dana, await made()) });
    expect(node).toMatchObject({ contentType });
    const { headers } = await fetch((node as any).url);
    expect(headers.get('content-type')).toBe(contentType);
    expect(headers.get('content-disposition')).toMatch(/^attachment;/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toBe("default-src 'none'; sandbox");
  });

  test('of more bytes than were declared is cut off with 413, and may be tried again', async () => {
    const { dana } = stage.cast;
    const before = await kept();
    const file = text('x'.repeat(5000));
    const upload = await requestsUpload(dana, file);
    const tooMany = await putTo(upload, Buffer.alloc(5001, 'x'));
    expect([tooMany.status, await codeOf(tooMany)]).toEqual([413, 'FILE_TOO_LARGE']);
    const { outgoing, answer } = rawPut(upload.url, { 'transfer-encoding': 'chunked' });
    const endless = (async () => {
      const started = Date.now();
      while (!outgoing.destroyed && Date.now() - started < 30_000) {
        outgoing.write(Buffer.alloc(64 * 1024, 'x'));
        await sleep(1);
      }
    })();
    expect(await answer).toEqual({ status: 413, code: 'FILE_TOO_LARGE' });
    await eventually(() => outgoing.destroyed, Boolean);
    await endless;
    expect(await kept()).toEqual(before);
    expect((await putTo(upload, file.bytes)).status).toBe(204);
    expect(await readies(upload, file)).toBe(404);
  });

  test('of fewer bytes than were declared is refused, whatever length it claims, and may be tried again', async () => {
    const { dana } = stage.cast;
    const before = await kept();
    const file = text('x'.repeat(5000));
    const upload = await requestsUpload(dana, file);
    expect((await putTo(upload, file.bytes.subarray(1))).status).toBe(400);
    expect((await fetch(upload.url, { method: 'PUT' })).status).toBe(400);
    // It claims what was declared, and breaks off.
    const { hostname, port, pathname } = new URL(upload.url);
    for (const length of [5000, 50_000]) {
      const socket = connect(Number(port), hostname);
      socket.write(`PUT ${pathname} HTTP/1.1\r\nhost: x\r\ncontent-length: ${length}\r\n\r\nxxxxx`);
      await sleep(50);
      socket.destroy();
      await once(socket, 'close');
    }
    await eventually(
      async () => (await putTo(upload, file.bytes)).status,
      (status) => status === 204,
    );
    expect((await kept()).length).toBe(before.length + 1);
    expect(await readies(upload, file)).toBe(404);
  });

  test('that the store cannot keep is a failure of ours, and may be tried again', async () => {
    const { dana } = stage.cast;
    const upload = await requestsUpload(dana, pdf());
    const folder = join(stage.app.filesFolder, 'arriving');
    await rename(folder, `${folder} before`);
    await writeFile(folder, 'in the way');
    expect((await putTo(upload, pdf().bytes)).status).toBe(500);
    await rm(folder);
    await rename(`${folder} before`, folder);
    expect((await putTo(upload, pdf().bytes)).status).toBe(204);
  });

  test('that is packed is refused: nothing is unpacked here', async () => {
    const { dana } = stage.cast;
    const { url } = await requestsUpload(dana, pdf());
    const response = await fetch(url, { method: 'PUT', body: 'x', headers: { 'content-encoding': 'gzip' } });
    expect(response.status).toBe(415);
  });

  test('of a file of another owner or content type header is judged by neither', async () => {
    const { dana } = stage.cast;
    for (const type of ['text/html', 'multipart/form-data; boundary=x', 'application/json', 'x', '']) {
      const { url } = await requestsUpload(dana, pdf());
      const { outgoing, answer } = rawPut(url, {
        ...(type && { 'content-type': type }),
        'content-length': pdf().bytes.length,
      });
      outgoing.end(pdf().bytes);
      const { status } = await answer;
      expect([type, status]).toEqual([type, type === 'x' ? 415 : 204]);
    }
  });

  test('of 25 MiB goes through without being held in memory; a byte more is refused', async () => {
    const { dana } = stage.cast;
    const tooLarge = { fileName: 'a.txt', contentType: 'text/plain', byteSize: 25 * MiB + 1 };
    expect(await stage.refusal(dana, RequestUploadDocument, tooLarge)).toMatchObject({ code: 'FILE_TOO_LARGE' });
    const chunk = Buffer.alloc(MiB, 'x');
    const begins = async () => {
      const upload = await requestsUpload(dana, text(), 25 * MiB);
      const { outgoing, answer } = rawPut(upload.url, { 'transfer-encoding': 'chunked' });
      const writes = async (count: number) => {
        for (let nr = 0; nr < count; nr++) if (!outgoing.write(chunk)) await once(outgoing, 'drain');
      };
      return { upload, outgoing, answer, writes };
    };
    const before = memory();
    const all = await Promise.all([begins(), begins(), begins(), begins()]);
    await Promise.all(all.map(({ writes }) => writes(24)));
    // A few chunks may still be on their way; all of it would be 96 MiB.
    await eventually(memory, (now) => now - before < 12 * MiB);
    await Promise.all(all.map(({ writes }) => writes(1)));
    all[0]!.outgoing.write('x');
    for (const { outgoing } of all) outgoing.end();
    const answers = await Promise.all(all.map(({ answer }) => answer));
    expect(answers.map(({ status }) => status)).toEqual([413, 204, 204, 204]);
    const { node } = await dana.ask(AttachmentDocument, { id: all[1]!.upload.attachmentId });
    const { body } = await fetch((node as any).url);
    let count = 0;
    for await (const part of body!) count += (part as Uint8Array).length;
    expect(count).toBe(25 * MiB);
  });
});

describe('a body that does not come', () => {
  const impatient = newStage({ REQUEST_TIMEOUT_MS: '500' });

  test('ends the connection, where it is a question; an upload has longer', async () => {
    const { hostname, port } = new URL(impatient.app.url);
    const ask = connect(Number(port), hostname);
    ask.on('error', () => {});
    ask.write('POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{');
    ask.resume();
    await once(ask, 'close');
    const file = text('slowly');
    const upload = await requestsUpload(impatient.cast.dana, file);
    const { outgoing, answer } = rawPut(upload.url, { 'content-length': file.bytes.length });
    outgoing.write(file.bytes.subarray(0, 3));
    await sleep(1500);
    outgoing.end(file.bytes.subarray(3));
    expect((await answer).status).toBe(204);
  });
});
