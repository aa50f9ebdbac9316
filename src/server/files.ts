import { Readable } from 'node:stream';
import fastifySend from '@fastify/send';
import { create as contentDisposition } from 'content-disposition';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Refusal, type RefusalCode } from '../errors.js';
import { boundBody } from './http.js';

/** A file that a link shows, to whom it was made for. */
export interface OpenFile {
  fileName: string;
  contentType: string;
  byteSize: number;
  isThumbnail: boolean;
  /** on this machine, or in a bucket under the disposition that is given */
  at: { folder: string; name: string } | { url(disposition: string): Promise<string> };
}

/** What this door is handed of the rooms behind it; app.ts makes it. */
export interface FileDoor {
  /** null: whatever is wrong with the token or its holder */
  open(token: string): Promise<OpenFile | null>;
  /** A conversation as a file, made as it is sent; null: whatever is wrong with the token or its holder. */
  transcript(token: string): Promise<{ fileName: string; contentType: string; text: AsyncIterable<string> } | null>;
  /** How many bytes are waited for behind an upload's token; null: none. */
  expected(token: string): Promise<number | null>;
  receive(token: string, body: AsyncIterable<Uint8Array>): Promise<void>;
}

type FileRequest = FastifyRequest<{ Params: { token: string } }>;

/** Transfers that are slower than this are given up. */
const bytesPerSecond = 32 * 1024;
const leastSeconds = 30;
const longestTimeoutMs = 2 ** 31 - 1;

const millisecondsFor = (bytes: number) => Math.min((leastSeconds + bytes / bytesPerSecond) * 1000, longestTimeoutMs);

const statusOf: Partial<Record<RefusalCode, number>> = {
  NOT_FOUND: 404,
  FILE_TOO_LARGE: 413,
  UNSUPPORTED_FILE_TYPE: 415,
};

/** Files come and go by URLs that are signed; the token is all that is asked for, and all that is looked at. */
export function serveFiles(app: FastifyInstance, door: FileDoor): void {
  // Each transfer has a time of its own, by its size.
  const options = { handlerTimeout: longestTimeoutMs };
  app.route({
    ...options,
    // HEAD by itself: Fastify's own would answer with a length of its own.
    method: ['GET', 'HEAD'],
    url: '/files/:token',
    handler: (request: FileRequest, reply) => download(door, request, reply),
  });
  app.get('/files/transcripts/:token', options, (request: FileRequest, reply) => transcript(door, request, reply));
  void app.register((uploads, _options, done) => {
    uploads.removeAllContentTypeParsers();
    uploads.addContentTypeParser('*', (_, body, done) => done(null, body));
    uploads.put(
      '/files/uploads/:token',
      { ...options, bodyLimit: Number.MAX_SAFE_INTEGER, config: { boundsBody: true } },
      (request: FileRequest, reply) => upload(door, request, reply),
    );
    done();
  });
}

async function download(door: FileDoor, request: FileRequest, reply: FastifyReply): Promise<unknown> {
  const file = await door.open(request.params.token);
  if (file === null) return reply.callNotFound();
  const { at, byteSize } = file;
  const headers = headersOf(file);
  if ('url' in at) {
    if (request.method === 'HEAD') {
      return reply.headers({ ...headers, ...(!file.isThumbnail && { 'content-length': byteSize }) }).send();
    }
    const url = await at.url(headers['content-disposition']);
    return reply.headers({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' }).redirect(url, 303);
  }
  const options = { root: at.folder, contentType: false, cacheControl: false, lastModified: false };
  const sent = await fastifySend(request.raw, at.name, options);
  if (sent.type !== 'file' && sent.statusCode === 404) return reply.callNotFound();
  const timer = setTimeout(() => request.raw.socket.destroy(), millisecondsFor(byteSize));
  reply.raw.once('close', () => clearTimeout(timer));
  return reply
    .code(sent.statusCode)
    .headers({ ...headers, ...sent.headers })
    .send(sent.stream);
}

async function transcript(door: FileDoor, request: FileRequest, reply: FastifyReply): Promise<unknown> {
  const made = await door.transcript(request.params.token);
  if (made === null) return reply.callNotFound();
  return reply
    .headers({ ...headersOf({ ...made, isThumbnail: false }), 'cache-control': 'no-store' })
    .send(Readable.from(made.text));
}

/** What was uploaded is never shown as a page of this origin, whatever it is. A small picture is ours: we made it. */
function headersOf({ fileName, contentType, isThumbnail }: Pick<OpenFile, 'fileName' | 'contentType' | 'isThumbnail'>) {
  return {
    'content-disposition': isThumbnail
      ? contentDisposition('thumbnail.webp', { type: 'inline' })
      : contentDisposition(fileName),
    'content-type': contentType.startsWith('text/') ? `${contentType}; charset=utf-8` : contentType,
    'content-security-policy': "default-src 'none'; sandbox",
    // Pages of other origins show it: who may is told by the URL.
    'cross-origin-resource-policy': 'cross-origin',
    'referrer-policy': 'no-referrer',
    'cache-control': 'private, max-age=300',
  };
}

async function upload(door: FileDoor, request: FileRequest, reply: FastifyReply): Promise<unknown> {
  const { raw, params, headers } = request;
  try {
    const byteSize = await door.expected(params.token);
    if (byteSize === null) return await refuse(request, reply, new Refusal('NOT_FOUND'));
    boundBody(raw, millisecondsFor(byteSize));
    if (headers['content-encoding'] !== undefined) {
      return await refuse(request, reply, new Refusal('UNSUPPORTED_FILE_TYPE', null, {}, 'Send the file as it is.'));
    }
    // Whoever stops listening must not end the connection: the client has not heard yet why.
    await door.receive(params.token, (raw as Readable).iterator({ destroyOnReturn: false }));
    return reply.code(204).send();
  } catch (error) {
    if (error instanceof Refusal) return refuse(request, reply, error);
    // Nobody is left to be told.
    if (raw.socket.destroyed) return reply.hijack();
    raw.resume();
    throw error;
  }
}

const lastWordsMs = 2_000;

function refuse({ raw }: FileRequest, reply: FastifyReply, { code, message }: Refusal): FastifyReply {
  // What is still coming is let through for a moment: most clients read the answer only when they have sent all, and
  // a connection that is closed on them takes the answer along.
  boundBody(raw, lastWordsMs);
  raw.resume();
  if (code === 'NOT_FOUND') {
    reply.callNotFound();
    return reply;
  }
  return reply.code(statusOf[code] ?? 400).send({ errors: [{ message, extensions: { code } }] });
}
